
// Shows the OpenAPI document of this page. All text of the document is set as text, never as markup.

const api = JSON.parse(document.getElementById("document").textContent);
const server = new URL(api.servers[0].url.replace(/\/?$/, "/"), location.origin);
const keyField = document.getElementById("key");
const METHODS = ["get", "post", "put", "patch", "delete"];
const KEY_NAME = "tidewatch-api-key";

// ---- building elements

/** An element with properties, and with children: nodes, texts, or nothing. */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

/** The little Markdown that descriptions use: paragraphs, lists, `code`, *stress*, and links to http and https. */
function prose(text = "") {
  return text.trim().split(/\n\s*\n/).filter(Boolean).map((block) => {
    const items = block.split("\n").filter((line) => /^\s*[-*] /.test(line));
    if (items.length === block.split("\n").length) {
      return make("ul", {}, items.map((item) => make("li", {}, inline(item.replace(/^\s*[-*] /, "")))));
    }
    return make("p", {}, inline(block));
  });
}

function inline(text) {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*|\[[^\]]+\]\(https?:[^)\s]+\))/).map((part) => {
    if (part.startsWith("`") && part.length > 1) return make("code", {}, part.slice(1, -1));
    if (part.startsWith("**") && part.length > 3) return make("strong", {}, part.slice(2, -2));
    const link = /^\[([^\]]+)\]\((https?:[^)\s]+)\)$/.exec(part);
    return link ? make("a", { href: link[2], rel: "noreferrer" }, link[1]) : part;
  });
}

/** A details element whose content is built when it is first opened. */
function fold(properties, summary, build) {
  const details = make("details", properties, summary);
  details.addEventListener("toggle", () => details.open && details.fill());
  details.fill = () => {
    details.fill = () => {};
    details.append(...[build()].flat());
  };
  return details;
}

const pretty = (value) => JSON.stringify(value, null, 2);

// ---- schemas

function resolved(schema) {
  const path = schema?.$ref?.split("/").slice(1);
  return path ? { ...path.reduce((part, name) => part[name], api), ...schema, $ref: undefined } : (schema ?? {});
}

const alternatives = (schema) => (schema.anyOf ?? schema.oneOf ?? []).map(resolved);

function typeOf(given) {
  const schema = resolved(given);
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const parts = alternatives(schema);
  if (parts.length) return [...new Set(parts.map(typeOf))].join(" | ");
  if (schema.type === "array") return `array of ${typeOf(schema.items)}`;
  return [schema.type ?? "any", schema.format && `(${schema.format})`].filter(Boolean).join(" ");
}

const LIMITS = {
  minimum: "at least", exclusiveMinimum: "above", maximum: "at most", exclusiveMaximum: "below",
  minLength: "length at least", maxLength: "length at most", minItems: "items at least", maxItems: "items at most",
  pattern: "pattern", default: "default",
};

function limitsOf(given) {
  const schema = resolved(given);
  const own = Object.keys(LIMITS).filter((name) => schema[name] !== undefined && schema[name] !== null)
    .map((name) => `${LIMITS[name]} ${typeof schema[name] === "string" ? schema[name] : JSON.stringify(schema[name])}`);
  const others = schema.default === undefined && own.length === 0 ? alternatives(schema).map(limitsOf).filter(Boolean) : [];
  return [...own, ...others].join(", ");
}

/** What has fields of its own: the schema itself, or those of its alternatives and items that have. */
function objectsIn(given) {
  const schema = resolved(given);
  if (schema.properties) return [schema];
  if (schema.type === "array") return objectsIn(schema.items);
  if (typeof schema.additionalProperties === "object") return objectsIn(schema.additionalProperties);
  return alternatives(schema).flatMap(objectsIn);
}

function row(name, given, required, description) {
  const schema = resolved(given);
  const limits = limitsOf(schema);
  return make("div", { className: "row" },
    make("span", { className: "name" }, name),
    make("span", { className: "type" }, typeOf(schema)),
    required ? make("span", { className: "required" }, "required") : null,
    prose(description ?? schema.description),
    limits ? make("p", { className: "muted" }, limits) : null,
    objectsIn(schema).map((inner) => nested(inner)));
}

const nested = (schema) => fold({ className: "nested" },
  make("summary", {}, `Fields of ${schema.title ?? "it"}`), () => fieldsOf(schema));

function fieldsOf(schema) {
  const rows = Object.entries(schema.properties ?? {})
    .map(([name, field]) => row(name, field, schema.required?.includes(name)));
  return make("div", { className: "schema rows" }, rows);
}

function schemaOf(given) {
  const schema = resolved(given);
  if (schema.properties) return fieldsOf(schema);
  const objects = objectsIn(schema);
  return [make("p", { className: "muted" }, typeOf(schema)), ...objects.map((inner) => nested(inner))];
}

// ---- requests

/** The request that a form asks for: address, headers and body. */
function requestOf(operation, form) {
  let path = operation.path.slice(1);
  const query = new URLSearchParams();
  const headers = {};
  for (const { name, in: place } of operation.parameters) {
    const value = form.elements[`${place} ${name}`].value;
    if (place === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value && place === "query") query.set(name, value);
    else if (value && place === "header") headers[name] = value;
  }
  const body = form.elements.body?.value;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const url = new URL(path, server);
  url.search = query.toString();
  return { url: url.href, method: operation.method.toUpperCase(), headers, body };
}

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

function curlOf(operation, form) {
  const { url, method, headers, body } = requestOf(operation, form);
  const lines = [`curl ${method === "GET" ? "" : `-X ${method} `}${quoted(url)}`];
  if (operation.needsKey) lines.push(`-H "x-api-key: $KEY"`);
  for (const [name, value] of Object.entries(headers)) lines.push(`-H ${quoted(`${name}: ${value}`)}`);
  if (body !== undefined) lines.push(`-d ${quoted(body)}`);
  if (operation.responses[200]?.content?.["image/png"]) lines.push("-o answer");
  return lines.join(" \\\n  ");
}

async function send(operation, form, place) {
  const { url, method, headers, body } = requestOf(operation, form);
  if (operation.needsKey && keyField.value) headers["x-api-key"] = keyField.value;
  const start = performance.now();
  try {
    const answer = await fetch(url, { method, headers, body });
    const blob = await answer.blob();
    const status = make("p", { className: `status ${answer.ok ? "good" : "bad"}` },
      `${answer.status} ${answer.statusText} · ${Math.round(performance.now() - start)} ms · ${blob.size.toLocaleString("en")} bytes`);
    place.replaceChildren(status, await shown(blob));
  } catch (error) {
    place.replaceChildren(make("p", { className: "status bad" }, `No answer: ${error.message}`));
  }
}

async function shown(blob) {
  if (blob.type.startsWith("image/")) return make("img", { src: URL.createObjectURL(blob), alt: "The picture in the answer" });
  const text = await blob.text();
  try {
    return make("pre", {}, pretty(JSON.parse(text)));
  } catch {
    return make("pre", {}, text);
  }
}

// ---- operations

function field({ name, in: place, required, schema, example }) {
  const choices = [schema, ...alternatives(resolved(schema))].map(resolved).find((part) => part.enum)?.enum;
  const properties = { name: `${place} ${name}`, required: Boolean(required) };
  const input = choices
    ? make("select", properties, [...(required ? [] : [""]), ...choices].map((value) => make("option", { value }, String(value))))
    : make("input", { ...properties, value: example ?? (place === "path" ? "web-requests" : ""), spellcheck: false });
  return make("label", {}, `${name}${required ? " *" : ""}`, input);
}

function examplesOf(media) {
  const named = Object.entries(media?.examples ?? {}).map(([name, example]) => [example.summary ?? name, resolved(example).value]);
  return media?.example === undefined ? named : [["Example", media.example], ...named];
}

function bodyFields(media) {
  const examples = examplesOf(media);
  const text = make("textarea", { name: "body", spellcheck: false, value: examples.length ? pretty(examples[0][1]) : "{}" });
  const choice = make("select", {}, examples.map(([name], index) => make("option", { value: index }, name)));
  choice.addEventListener("change", () => {
    text.value = pretty(examples[choice.value][1]);
    text.dispatchEvent(new Event("input", { bubbles: true }));
  });
  return make("div", { className: "body" },
    examples.length > 1 ? make("label", {}, "Example", choice) : null, make("label", {}, "Body", text));
}

function tryIt(operation) {
  const curl = make("pre", {});
  const answer = make("div", { className: "answer", ariaLive: "polite" });
  const button = make("button", { className: "send" }, "Send");
  const copy = make("button", { type: "button" }, "Copy curl");
  const media = operation.requestBody?.content?.["application/json"];
  const form = make("form", {},
    make("div", { className: "fields" }, operation.parameters.map(field)),
    media ? bodyFields(media) : null,
    make("div", { className: "actions" }, button, copy));
  const refresh = () => { curl.textContent = curlOf(operation, form); };
  form.addEventListener("input", refresh);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    await send(operation, form, answer);
    button.disabled = false;
  });
  copy.addEventListener("click", async () => {
    await navigator.clipboard?.writeText(curl.textContent);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy curl"; }, 1500);
  });
  refresh();
  return [make("h3", {}, "Try it"), form, answer, make("h3", {}, "curl"), curl];
}

function response([code, given]) {
  const answer = resolved(given);
  const media = Object.entries(answer.content ?? {});
  return fold({ className: "nested" }, make("summary", {}, inline(`${code} · ${answer.description ?? ""}`)), () => media.map(([type, content]) => [
    make("p", { className: "muted" }, type),
    content.schema ? schemaOf(content.schema) : null,
    examplesOf(content).map(([name, value]) => [make("p", { className: "muted" }, name), make("pre", {}, pretty(value))]),
  ]).flat(3).filter(Boolean));
}

function operationContent(operation) {
  const media = operation.requestBody?.content?.["application/json"];
  return make("div", { className: "content" },
    prose(operation.description),
    operation.parameters.length
      ? [make("h3", {}, "Parameters"), make("div", { className: "rows" }, operation.parameters.map((parameter) =>
        row(parameter.name, { ...parameter.schema, description: undefined }, parameter.required, `${parameter.description ?? ""} (${parameter.in})`)))]
      : null,
    media ? [make("h3", {}, "Body"), schemaOf(media.schema)].flat() : null,
    make("h3", {}, "Responses"), Object.entries(operation.responses).map(response),
    tryIt(operation));
}

function operations() {
  return Object.entries(api.paths).flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => {
    const operation = item[method];
    return {
      ...operation, path, method,
      id: operation.operationId ?? `${method}${path}`,
      tag: operation.tags?.[0] ?? "Other",
      parameters: [...(item.parameters ?? []), ...(operation.parameters ?? [])].map(resolved),
      needsKey: (operation.security ?? api.security ?? []).length > 0,
    };
  }));
}

const badge = (method) => make("span", { className: `method ${method}` }, method);

function section(tag, members) {
  const described = (api.tags ?? []).find(({ name }) => name === tag);
  return [
    make("h2", {}, tag), ...prose(described?.description),
    ...members.map((operation) => fold({ className: "operation", id: operation.id },
      make("summary", {}, badge(operation.method), make("span", { className: "path" }, operation.path),
        make("span", { className: "title" }, operation.summary)),
      () => operationContent(operation))),
  ];
}

function openFromAddress() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target?.matches("details")) {
    target.open = true;
    target.fill();
    target.scrollIntoView();
  }
}

const byTag = operations().reduce(
  (groups, operation) => groups.set(operation.tag, [...(groups.get(operation.tag) ?? []), operation]), new Map());
const link = make("a", { href: new URL("openapi.json", server).href }, "openapi.json");
document.getElementById("main").append(...prose(api.info.description), make("p", { className: "muted" }, "Document: ", link),
  ...[...byTag].flatMap(([tag, members]) => section(tag, members)));
document.querySelector("nav").append(...[...byTag].flatMap(([tag, members]) => [
  make("strong", {}, tag),
  ...members.map(({ id, method, summary, path }) => make("a", { href: `#${encodeURIComponent(id)}` }, badge(method), summary ?? path))]));

keyField.value = sessionStorage.getItem(KEY_NAME) ?? "";
keyField.addEventListener("input", () => sessionStorage.setItem(KEY_NAME, keyField.value));
addEventListener("hashchange", openFromAddress);
openFromAddress();

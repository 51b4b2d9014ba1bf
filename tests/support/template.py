"""template.yaml as the tests look at it: functions, permissions, and every metric that somebody reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from local.sam.template import Template, load_template
from tests.support.environment import REGION, ROOT

_SEARCH: Final = re.compile(r"SEARCH\('\{(?P<schema>[^}]*)\} (?P<terms>[^']*)'")
_TERM: Final = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class MetricUse:
    """A metric that an alarm or the dashboard reads. A search may leave dimensions open: their value is None."""

    where: str
    namespace: str
    name: str
    dimensions: Mapping[str, str | None]


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """The template as it is written, intrinsic functions in their long form."""
    return load_template(ROOT / "template.yaml")


@lru_cache(maxsize=1)
def template() -> Template:
    """The template with intrinsic functions worked out: parameters have their defaults."""
    return Template(document(), REGION)


def template_with(**parameters: Any) -> Template:
    """The template with other values of parameters than their defaults."""
    given = {name: {**document()["Parameters"][name], "Default": value} for name, value in parameters.items()}
    return Template({**document(), "Parameters": document()["Parameters"] | given}, REGION)


def resources(kind: str) -> dict[str, dict[str, Any]]:
    """The resources of a type, as they are written, by logical id."""
    return {name: resource for name, resource in document()["Resources"].items() if resource["Type"] == kind}


AUTHORIZERS = frozenset({"AuthorizerFunction"})
"""Functions that no route leads to: API Gateway asks them about the requests to others."""

SCHEDULED = frozenset({"CollectFunction", "WorkerFunction"})
"""Functions that no route leads to: a schedule or a queue calls them."""


def functions() -> dict[str, dict[str, Any]]:
    """The properties of every function, those of Globals merged in, worked out."""
    shared = template().global_properties("Function")
    own = template().resources("AWS::Serverless::Function")
    return {
        name: shared | properties | {"LoggingConfig": shared["LoggingConfig"] | properties["LoggingConfig"]}
        for name, properties in own.items()
    }


def layers_of(function: str) -> list[str]:
    """The logical ids of a function's layers."""
    return [layer["Ref"] for layer in document()["Resources"][function]["Properties"]["Layers"]]


def statements() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every policy statement of the template, as written, with the resource that carries it."""
    for name, resource in document()["Resources"].items():
        properties = resource.get("Properties", {})
        documents = [properties.get("KeyPolicy"), properties.get("PolicyDocument")]
        documents += [policy for policy in properties.get("Policies", []) if isinstance(policy, dict)]
        for policy in filter(None, documents):
            for statement in policy["Statement"]:
                yield name, statement


def as_list(value: Any) -> list[Any]:
    """IAM takes one value or a list of them nearly everywhere."""
    return value if isinstance(value, list) else [value]


def text_of(reference: Any) -> str:
    """A resource reference as a short text: ``ModelsTable.Arn``, ``DataBucket.Arn/training/*`` or ``*``."""
    match reference:
        case str():
            return reference
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [*parts]}:
            return ".".join(parts)
        case {"Fn::Sub": str(pattern)}:
            return re.sub(r"\$\{([^}]+)\}", r"\1", pattern)
    raise AssertionError(f"no reference to a resource: {reference}")


def metrics_of_alarms() -> Iterator[MetricUse]:
    """Every metric that an alarm watches."""
    for name, alarm in template().resources("AWS::CloudWatch::Alarm").items():
        watched = [alarm] if "MetricName" in alarm else []
        watched += [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", []) if "MetricStat" in query]
        for metric in watched:
            dimensions = {each["Name"]: each["Value"] for each in metric["Dimensions"]}
            yield MetricUse(name, metric["Namespace"], metric["MetricName"], dimensions)


def widgets() -> list[dict[str, Any]]:
    """The dashboard's widgets, as CloudWatch gets them."""
    (dashboard,) = template().resources("AWS::CloudWatch::Dashboard").values()
    found: list[dict[str, Any]] = json.loads(dashboard["DashboardBody"])["widgets"]
    return found


def metrics_of_dashboard() -> Iterator[MetricUse]:
    """Every metric that the dashboard draws."""
    for widget in widgets():
        previous: list[str] = []
        for row in widget["properties"].get("metrics", []):
            names = [part for part in row if isinstance(part, str)]
            title = widget["properties"]["title"]
            if names:
                previous = _without_shorthand(names, previous)
                namespace, name, *pairs = previous
                yield MetricUse(title, namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True)))
            elif search := _SEARCH.search(row[0]["expression"]):
                namespace, *dimensions = search["schema"].split(",")
                terms = dict(_TERM.findall(search["terms"]))
                name = terms.pop("MetricName")
                assert terms.keys() <= set(dimensions), f"{title} searches for dimensions outside its schema"
                yield MetricUse(title, namespace, name, dict.fromkeys(dimensions) | terms)


def _without_shorthand(names: list[str], previous: list[str]) -> list[str]:
    """A dashboard's ``"..."`` stands for all that the row above has there, ``"."`` for one part of it."""
    if names[0] == "...":
        rest = names[1:]
        return previous[: len(previous) - len(rest)] + rest
    return [above if name == "." else name for name, above in zip(names, previous or names, strict=False)] + names[
        len(previous or names) :
    ]

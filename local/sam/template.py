"""Reads a SAM template, as far as the stack on one machine needs it.

Routes, tables, buckets and settings are written down in the template alone: what is served here is what gets deployed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

_NO_VALUE: Final = object()
_PLACEHOLDER: Final = re.compile(r"\$\{(!?)([^}]+)\}")
_NAME_PROPERTIES: Final = ("TableName", "BucketName", "FunctionName", "QueueName", "StageName")
QUEUE: Final = "AWS::SQS::Queue"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short tags, each turned into its long form: ``!Ref A`` becomes ``{"Ref": "A"}``."""


def _construct_tag(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    elif isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


yaml.add_multi_constructor("!", _construct_tag, Loader=_Loader)


def load_template(path: Path) -> dict[str, Any]:
    """The template as plain dictionaries, intrinsic functions in their long form.

    Raises:
        OSError: if the file cannot be read.
        yaml.YAMLError: if it is not YAML.
    """
    # The loader derives from SafeLoader: it builds no Python objects.
    document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506
    return document


class Template:
    """A template with its intrinsic functions worked out for this machine.

    Parameters take their defaults. A reference to a resource becomes the name it is created under here; what only
    exists in an account (ARNs, attributes) becomes a text that says so.
    """

    def __init__(self, document: Mapping[str, Any], region: str, stack_name: str = "local") -> None:
        self._document = document
        self._stack_name = stack_name
        self._parameters: dict[str, Any] = {
            name: parameter.get("Default", "") for name, parameter in (document.get("Parameters") or {}).items()
        }
        self._pseudo = {
            "AWS::AccountId": "123456789012",
            "AWS::Partition": "aws",
            "AWS::Region": region,
            "AWS::StackName": stack_name,
            "AWS::StackId": stack_name,
            "AWS::URLSuffix": "amazonaws.com",
        }

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The properties of every resource of a type that its condition lets exist, by logical id."""
        found = {}
        for logical_id, resource in self._document.get("Resources", {}).items():
            if resource["Type"] == kind and self._condition(resource.get("Condition")):
                found[logical_id] = self.resolve(resource.get("Properties", {}))
        return found

    def global_properties(self, kind: str) -> dict[str, Any]:
        """What SAM's ``Globals`` section gives to ``Function`` or ``Api``."""
        properties: dict[str, Any] = self.resolve((self._document.get("Globals") or {}).get(kind) or {})
        return properties

    def physical_name(self, logical_id: str) -> str:
        """What a resource is called here: as the template names it, or else after its logical id."""
        properties = self._document["Resources"][logical_id].get("Properties", {})
        for key in _NAME_PROPERTIES:
            if key in properties and (name := self.resolve(properties[key])):
                return str(name)
        # Names of buckets must be lower case, and those of queues that are first in, first out have an ending.
        ending = ".fifo" if properties.get("FifoQueue") else ""
        return f"{self._stack_name}-{logical_id}{ending}".lower()

    def queue_url(self, logical_id: str) -> str:
        """What a reference to a queue gives: its URL."""
        where, account = self._pseudo["AWS::Region"], self._pseudo["AWS::AccountId"]
        return f"https://sqs.{where}.amazonaws.com/{account}/{self.physical_name(logical_id)}"

    def queue_arn(self, logical_id: str) -> str:
        """The ARN of a queue, by which event sources and dead-letter queues are named."""
        where, account = self._pseudo["AWS::Region"], self._pseudo["AWS::AccountId"]
        return f"arn:aws:sqs:{where}:{account}:{self.physical_name(logical_id)}"

    def resolve(self, value: Any) -> Any:
        """A value with every intrinsic function in it worked out."""
        resolved = self._resolve(value)
        return None if resolved is _NO_VALUE else resolved

    def _resolve(self, value: Any) -> Any:
        if isinstance(value, list):
            return [item for item in map(self._resolve, value) if item is not _NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, argument),) = value.items()
            if key in self._INTRINSICS:
                return self._INTRINSICS[key](self, argument)
        resolved = {key: self._resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not _NO_VALUE}

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _NO_VALUE
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self._parameters:
            return self._parameters[name]
        # SAM makes further resources of its own, such as ApiDeployment or FunctionRole.
        resource = self._document["Resources"].get(name)
        if resource is None:
            return name
        return self.queue_url(name) if resource["Type"] == QUEUE else self.physical_name(name)

    def _sub(self, argument: Any) -> str:
        text, given = argument if isinstance(argument, list) else (argument, {})

        def value_of(match: re.Match[str]) -> str:
            literal, name = match.groups()
            if literal:
                return f"${{{name}}}"
            if name in given:
                return str(self._resolve(given[name]))
            return str(self._get_att(name.split(".", 1)) if "." in name else self._ref(name))

        return _PLACEHOLDER.sub(value_of, text)

    def _get_att(self, argument: list[str]) -> str:
        name, attribute = str(argument[0]), ".".join(map(str, argument[1:]))
        if self._document["Resources"].get(name, {}).get("Type") == QUEUE and attribute in ("Arn", "QueueName"):
            return self.queue_arn(name) if attribute == "Arn" else self.physical_name(name)
        return f"local:{'.'.join(map(str, argument))}"

    def _join(self, argument: list[Any]) -> str:
        return str(argument[0]).join(map(str, self._resolve(argument[1])))

    def _select(self, argument: list[Any]) -> Any:
        return self._resolve(argument[1])[int(argument[0])]

    def _split(self, argument: list[Any]) -> list[str]:
        return str(self._resolve(argument[1])).split(argument[0])

    def _find_in_map(self, argument: list[Any]) -> Any:
        name, first, second = map(self._resolve, argument[:3])
        return self._resolve(self._document["Mappings"][name][first][second])

    def _if(self, argument: list[Any]) -> Any:
        return self._resolve(argument[1] if self._condition(argument[0]) else argument[2])

    def _equals(self, argument: list[Any]) -> bool:
        return str(self._resolve(argument[0])) == str(self._resolve(argument[1]))

    def _condition(self, name: str | None) -> bool:
        return True if name is None else bool(self._resolve(self._document["Conditions"][name]))

    def _nowhere(self, argument: Any) -> str:
        return f"local:{argument}"

    _INTRINSICS: Final[Mapping[str, Callable[[Template, Any], Any]]] = {
        "Ref": _ref,
        "Condition": _condition,
        "Fn::And": lambda self, argument: all(map(self._resolve, argument)),
        "Fn::Base64": _nowhere,
        "Fn::Equals": _equals,
        "Fn::FindInMap": _find_in_map,
        "Fn::GetAtt": _get_att,
        "Fn::GetAZs": _nowhere,
        "Fn::If": _if,
        "Fn::ImportValue": _nowhere,
        "Fn::Join": _join,
        "Fn::Not": lambda self, argument: not self._resolve(argument[0]),
        "Fn::Or": lambda self, argument: any(map(self._resolve, argument)),
        "Fn::Select": _select,
        "Fn::Split": _split,
        "Fn::Sub": _sub,
        "Fn::Transform": _nowhere,
    }

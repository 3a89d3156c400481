"""The JSON Schemas (draft 2020-12) of the messages that the app receives and sends."""

import json
from typing import Any

from contracts.cleanup import CleanupResult
from contracts.message import Message
from contracts.request import ImageRequest
from contracts.results import Rejection, RunResult, VmResult

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
REQUEST_SCHEMA = "request.v1.json"
_READ: dict[str, type[Message]] = {REQUEST_SCHEMA: ImageRequest}
_WRITTEN: dict[str, type[Message]] = {
    "vm-result.v1.json": VmResult,
    "run-result.v1.json": RunResult,
    "rejection.v1.json": Rejection,
    "cleanup-result.v1.json": CleanupResult,
}


def schemas() -> dict[str, str]:
    """Return the text of each schema by file name: of a request as it is read, of a result as it is written."""
    read = {name: _text(name, model.model_json_schema(by_alias=True)) for name, model in _READ.items()}
    written = {
        name: _text(name, _without_null(model.model_json_schema(by_alias=True, mode="serialization")))
        for name, model in _WRITTEN.items()
    }
    return read | written


def _text(name: str, schema: dict[str, Any]) -> str:
    head = {"$schema": _DIALECT, "$id": f"urn:golden-images:{name.removesuffix('.json')}", "title": schema["title"]}
    document = head | _without_titles(schema)
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _without_titles(schema: Any) -> Any:
    """Remove the titles below the top level: they are generated from Python names and say nothing more."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(schema, dict):
        return schema
    return {name: _without_titles(value) for name, value in schema.items() if name != "title"}  # pyright: ignore[reportUnknownVariableType]


def _without_null(schema: Any) -> Any:
    """Remove null from the types: a result omits a member that is None, and only that, so no member is ever null."""
    if isinstance(schema, list):
        return [_without_null(item) for item in schema]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(schema, dict):
        return schema
    node: dict[str, Any] = {name: _without_null(value) for name, value in schema.items()}  # pyright: ignore[reportUnknownVariableType]
    properties: dict[str, Any] = node.get("properties", {})
    optional = {name for name, value in properties.items() if "default" in value and value["default"] is None}
    for name in optional:
        properties[name] = _one_kind(properties[name])
    if properties:
        node["required"] = [name for name in properties if name not in optional]
    return node


def _one_kind(member: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in member["anyOf"] if kind != {"type": "null"}]
    rest = {name: value for name, value in member.items() if name not in {"anyOf", "default"}}
    return {**kinds[0], **rest}

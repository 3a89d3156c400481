"""The JSON Schemas (draft 2020-12) of the messages that cross the app's border."""

import json
from typing import Any

from contracts.message import Message
from contracts.request import ImageRequest
from contracts.results import MachineResult, Rejection, RunResult
from contracts.sweep import SweepResult

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_READ: dict[str, type[Message]] = {"request.v1.json": ImageRequest}
_WRITTEN: dict[str, type[Message]] = {
    "machine-result.v1.json": MachineResult,
    "run-result.v1.json": RunResult,
    "rejection.v1.json": Rejection,
    "sweep-result.v1.json": SweepResult,
}


def schemas() -> dict[str, str]:
    """Give file name to text. A request is described as it is read, a result as it is written."""
    read = {name: _text(name, model.model_json_schema(by_alias=True)) for name, model in _READ.items()}
    written = {
        name: _text(name, _without_null(model.model_json_schema(by_alias=True, mode="serialization")))
        for name, model in _WRITTEN.items()
    }
    return read | written


def _text(name: str, schema: dict[str, Any]) -> str:
    head = {"$schema": _DIALECT, "$id": f"urn:golden-images:{name.removesuffix('.json')}", "title": schema["title"]}
    whole = head | _without_titles(schema)
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


def _without_titles(schema: Any) -> Any:
    """Titles below the top are made from Python's names and tell nothing."""
    if isinstance(schema, list):
        return [_without_titles(item) for item in schema]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(schema, dict):
        return schema
    return {name: _without_titles(value) for name, value in schema.items() if name != "title"}  # pyright: ignore[reportUnknownVariableType]


def _without_null(schema: Any) -> Any:
    """Results leave out what is None and nothing else: such a member may be missing, and is never null."""
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

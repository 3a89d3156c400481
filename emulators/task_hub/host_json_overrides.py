"""Settings that override host.json: `AzureFunctionsJobHost__section__name`, as the Functions host reads them."""

from collections.abc import Mapping
from typing import cast

_PREFIX = "azurefunctionsjobhost"


def with_overrides(document: Mapping[str, object], settings: Mapping[str, str]) -> dict[str, object]:
    """Returns host.json's object with every override applied; names match without regard to case.

    Values are text in settings: integers, true and false become what host.json would hold.

    Source: https://learn.microsoft.com/azure/azure-functions/functions-host-json#override-hostjson-values
    """
    root = _copy(document)
    for name, text in settings.items():
        prefix, *path = name.replace(":", "__").split("__")
        if prefix.lower() == _PREFIX and path:
            _lay(root, path, _value(text))
    return root


def _lay(section: dict[str, object], path: list[str], value: object) -> None:
    wanted = path[0].lower()
    name = next((known for known in section if known.lower() == wanted), path[0])
    if len(path) == 1:
        section[name] = value
        return
    inner = section.get(name)
    if not isinstance(inner, dict):
        inner = section[name] = {}
    _lay(cast("dict[str, object]", inner), path[1:], value)


def _copy(section: Mapping[str, object]) -> dict[str, object]:
    return {
        name: _copy(cast("Mapping[str, object]", value)) if isinstance(value, dict) else value
        for name, value in section.items()
    }


def _value(text: str) -> object:
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    return int(text) if text.isascii() and text.isdigit() and str(int(text[:20])) == text else text

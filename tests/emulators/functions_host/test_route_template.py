"""Route templates match as ASP.NET Core's do."""

import pytest

from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.route_template import compile_route
from tests.support.rows import rows


@rows(
    ("template", "path", "values"),
    [
        ("api/items", "/api/items", {}),
        ("api/items", "/API/Items/", {}),
        ("api/items", "/api/items/1", None),
        ("items/{id}", "/items/a%20b", {"id": "a b"}),
        ("items/{id}", "/items/a%2Fb", {"id": "a/b"}),
        ("items/{id}", "/items/", None),
        ("items/{id}/close", "/items/7/close", {"id": "7"}),
        ("items/{id}/close", "/items/7/open", None),
        ("a+b/{id}", "/a+b/1", {"id": "1"}),
    ],
)
def test_matches(template: str, path: str, values: dict[str, str] | None) -> None:
    assert compile_route(template).match(path) == values


def test_literals_are_tried_before_parameters() -> None:
    ordered = sorted((compile_route(text) for text in ("a/{id}", "a/b")), key=lambda route: route.precedence)
    assert [route.text for route in ordered] == ["a/b", "a/{id}"]


@rows("segment", ["{id:int}", "{id?}", "{id=7}", "{*rest}", "{name}.{ext}", "{id", "id}", "{{id}}"])
def test_what_no_app_here_has_is_refused_by_name(segment: str) -> None:
    with pytest.raises(ConfigurationError, match="this host knows literal segments"):
        compile_route(f"items/{segment}")

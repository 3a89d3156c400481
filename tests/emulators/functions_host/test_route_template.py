"""Route templates match as ASP.NET Core's do."""

import pytest

from emulators.functions_host.errors import ConfigurationError
from emulators.functions_host.route_template import compile_route


@pytest.mark.parametrize(
    ("template", "path", "values"),
    [
        ("api/items", "/api/items", {}),
        ("api/items", "/API/Items/", {}),
        ("api/items", "/api/items/1", None),
        ("items/{id}", "/items/a%20b", {"id": "a b"}),
        ("items/{id}", "/items/a%2Fb", {"id": "a/b"}),
        ("items/{id}", "/items/", None),
        ("items/{id?}", "/items", {}),
        ("items/{id=7}", "/items", {"id": "7"}),
        ("items/{id=7}", "/items/8", {"id": "8"}),
        ("items/{id:int}", "/items/-12", {"id": "-12"}),
        ("items/{id:int}", "/items/12a", None),
        ("items/{id:int?}", "/items", {}),
        (
            "items/{id:guid}",
            "/items/0b8e8ac5-9c3b-4f4f-9c3a-0123456789ab",
            {"id": "0b8e8ac5-9c3b-4f4f-9c3a-0123456789ab"},
        ),
        ("items/{id:guid}", "/items/0b8e8ac5", None),
        ("items/{word:alpha:maxlength(3)}", "/items/abc", {"word": "abc"}),
        ("items/{word:alpha:maxlength(3)}", "/items/abcd", None),
        ("items/{word:length(2,3)}", "/items/a", None),
        ("{name}.{ext:alpha}", "/report.pdf", {"name": "report", "ext": "pdf"}),
        ("files/{*rest}", "/files/a/b/c.txt", {"rest": "a/b/c.txt"}),
        ("files/{*rest}", "/files", {}),
        ("a+b/{id}", "/a+b/1", {"id": "1"}),
        ("{name}.{ext?}", "/report", {"name": "report"}),
        ("{name}.{ext?}", "/re.port.pdf", {"name": "re.port", "ext": "pdf"}),
        ("v{major}-{minor}", "/v1-2", {"major": "1", "minor": "2"}),
        ("odd{{name}}/{id}", "/odd{name}/1", {"id": "1"}),
        ("items/{id:regex(^\\d{{2}}[a:b/]$)}", "/items/12:", {"id": "12:"}),
        ("items/{id:regex(^\\d{{2}}[a:b/]$)}", "/items/12%2F", {"id": "12/"}),
        ("items/{id:regex(^\\d{{2}}[a:b/]$)}", "/items/1a", None),
        ("items/{id:int=7}", "/items", {"id": "7"}),
        ("items/{id:int=7}", "/items/x", None),
        ("items/{day:datetime}/{rest?}", "/items/2026-03-04", {"day": "2026-03-04"}),
        ("items/{**rest}", "/items/a%20b/c", {"rest": "a b/c"}),
        ("files/{*rest:regex(\\.txt$)}", "/files/a/b.txt", {"rest": "a/b.txt"}),
        ("files/{*rest:regex(\\.txt$)}", "/files/a/b.md", None),
        ("{culture=en}/{page=home}", "/", {"culture": "en", "page": "home"}),
        ("{culture=en}/{page=home}", "/de", {"culture": "de", "page": "home"}),
    ],
)
def test_matches(template: str, path: str, values: dict[str, str] | None) -> None:
    assert compile_route(template).match(path) == values


def test_literals_are_tried_before_constrained_parameters_before_parameters_before_catch_alls() -> None:
    texts = ["a/{*rest}", "a/{id}", "a/{id:int}", "a/b"]
    ordered = sorted((compile_route(text) for text in texts), key=lambda route: route.precedence)
    assert [route.text for route in ordered] == ["a/b", "a/{id:int}", "a/{id}", "a/{*rest}"]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("items/{id:power}", "power"),
        ("items/{id:power(2)}", "power"),
        ("items/{id:range(5,1)}", "5 is more than 1"),
        ("items/{id:length(x)}", "length"),
        ("items/{id:regex([)}", "regex"),
        ("items/{id", "without its }"),
        ("items/id}", "without its {"),
    ],
)
def test_a_template_that_cannot_be_read_is_refused_by_name(template: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        compile_route(template)

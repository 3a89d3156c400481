"""Lists in pages: complete or not at all, and never from another address."""

from typing import Any

import pytest

from azure_clients import rest
from azure_clients.errors import ArmRefused
from azure_clients.permissions_and_locks import read_locks, read_permissions
from azure_clients.rest import list_pages
from tests.support.requests import GROUP

HOME = "https://management.example"


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """Return the pages by their address; requesting another one is an error."""
    known: dict[str, dict[str, Any]] = {}

    async def send(method: str, url: str, path: str, body: Any) -> tuple[dict[str, Any], str | None]:
        return known[url], None

    monkeypatch.setattr(rest, "_send", send)
    monkeypatch.setattr(rest, "_endpoint", lambda: HOME)
    return known


async def test_a_list_is_read_to_its_end(pages: dict[str, dict[str, Any]]) -> None:
    pages[f"{HOME}/resources?q=1"] = {"value": [{"name": "a"}], "nextLink": f"{HOME}/resources?q=1&page=2"}
    pages[f"{HOME}/resources?q=1&page=2"] = {"value": [{"name": "b"}]}
    assert [entry["name"] for entry in await list_pages("/resources", "q=1")] == ["a", "b"]


@pytest.mark.parametrize(
    "link", ["https://elsewhere.example/resources", f"{HOME}.elsewhere.example/resources", "/resources"]
)
async def test_a_link_to_another_address_is_not_followed(pages: dict[str, dict[str, Any]], link: str) -> None:
    pages[f"{HOME}/resources?q=1"] = {"value": [{"name": "a"}], "nextLink": link}
    with pytest.raises(ArmRefused) as refused:
        await list_pages("/resources", "q=1")
    assert refused.value.code == "ForeignLink"


async def test_an_incomplete_list_raises(pages: dict[str, dict[str, Any]]) -> None:
    pages[f"{HOME}/resources?q=1"] = {"value": [{"name": "a"}], "nextLink": f"{HOME}/resources?q=1"}
    with pytest.raises(ArmRefused) as refused:
        await list_pages("/resources", "q=1")
    assert refused.value.code == "ListTooLong"


async def test_incomplete_lists_of_permissions_and_locks_are_unknown(pages: dict[str, dict[str, Any]]) -> None:
    for what, query in (("permissions", "2022-04-01"), ("locks", "2020-05-01")):
        address = f"{HOME}{GROUP}/providers/Microsoft.Authorization/{what}?api-version={query}"
        pages[address] = {"value": [], "nextLink": "https://elsewhere.example/more"}
    assert await read_permissions(GROUP) is None
    assert await read_locks(GROUP) is None

"""Entities in the durable HTTP API."""

from tests.emulators.functions_host.conftest import until_async
from tests.emulators.functions_host.durable_runner import Runner


async def _state(runner: Runner, path: str, wanted: object) -> None:
    async def has_it() -> bool:
        return (await runner.api("GET", path)).body == wanted

    await until_async(has_it)


async def test_a_signal_is_202_and_changes_the_state(runner: Runner) -> None:
    assert (await runner.api("GET", "entities/Counter/one")).status == 404
    signal = await runner.api("POST", "entities/Counter/one?op=add", json=5)
    assert (signal.status, signal.body) == (202, "")
    await _state(runner, "entities/Counter/one", 5)
    await runner.api("POST", "entities/counter/one?op=add", json=2)
    await _state(runner, "entities/counter/one", 7)


async def test_a_body_that_does_not_call_itself_json_is_a_string(runner: Runner) -> None:
    await runner.api("POST", "entities/note/n?op=keep", data="{no json", headers={"Content-Type": "text/plain"})
    await _state(runner, "entities/note/n", "{no json")
    assert (await runner.api("POST", "entities/note?op=keep", data="no key")).status == 400
    bad = await runner.api("POST", "entities/note/n?op=keep", data="{", headers={"Content-Type": "application/json"})
    assert bad.status == 400


async def test_delete_signals_delete_and_the_state_is_gone(runner: Runner) -> None:
    await runner.api("POST", "entities/note/n?op=keep", json={"a": 1})
    await _state(runner, "entities/note/n", {"a": 1})
    assert (await runner.api("DELETE", "entities/note/n")).status == 202
    await _state(runner, "entities/note/n", "")
    assert (await runner.api("GET", "entities/note/n")).status == 404


async def test_the_list_has_pages_and_filters(runner: Runner) -> None:
    for key in ("a", "b", "c"):
        await runner.api("POST", f"entities/note/{key}?op=keep", json=key)
        await _state(runner, f"entities/note/{key}", key)
    await runner.api("POST", "entities/counter/z?op=add", json=1)
    await _state(runner, "entities/counter/z", 1)
    first = await runner.api("GET", "entities/note?top=2")
    token = first.headers["x-ms-continuation-token"]
    rest = await runner.api("GET", "entities/note?top=2&fetchState=true", headers={"x-ms-continuation-token": token})
    assert [item["entityId"] for item in first.body + rest.body] == [{"name": "note", "key": key} for key in "abc"]
    assert "state" not in first.body[0]
    assert rest.body[0]["state"] == "c"
    assert first.body[0]["lastOperationTime"].endswith("Z")
    everything = (await runner.api("GET", "entities")).body
    assert [item["entityId"]["key"] for item in everything] == ["z", "a", "b", "c"]
    for query, count in (
        ("lastOperationTimeFrom=2030-01-01T00:00:00Z", 0),
        ("lastOperationTimeTo=2020-01-01T00:00:00Z", 0),
        ("lastOperationTimeFrom=2020-01-01T00:00:00Z", 4),
    ):
        assert len((await runner.api("GET", f"entities?{query}")).body) == count, query

"""Lists of runs: newest first, each run on one page, however many there are and whenever they were created."""

import base64
import math
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import azure.durable_functions as df
import pytest
from durabletask.client import OrchestrationQuery, OrchestrationState, OrchestrationStatus
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from contracts.ids import VmId
from contracts.request import MAX_TARGETS_BY_HTTP
from contracts.results import Outcome, RunResult, VmSummary
from contracts.run import Trigger
from tests.support.rows import rows
from triggers.run_list import EVER, INSTANCES_A_MESSAGE, BadContinuation, Continuation, Wanted, list_page

NOW = datetime.now(UTC)
_MESSAGE = 4 * 1024 * 1024


def state(run_id: str, age: timedelta, name: str = "image_batch") -> OrchestrationState:
    # As Durable Functions returns them: without a zone.
    created = (NOW - age).replace(tzinfo=None)
    return OrchestrationState(run_id, name, OrchestrationStatus.COMPLETED, created, created, None, None, None, None)


def crafted(document: str) -> str:
    return base64.urlsafe_b64encode(document.encode()).decode()


CRAFTED = [
    crafted('["0001-01-01T00:00:00+23:59","x"]'), crafted('["9999-12-31T23:59:59-23:00","x"]'), crafted("[" * 20_000),
    crafted("[" * 200),
]  # fmt: skip


class Client:
    """A client that knows these instances; it counts its queries and checks their filters."""

    def __init__(self, *states: OrchestrationState) -> None:
        self.states, self.queries, self.read = states, 0, 0

    async def get_all_orchestration_states(self, query: OrchestrationQuery) -> list[OrchestrationState]:
        self.queries += 1
        assert query.max_instance_count == INSTANCES_A_MESSAGE
        assert query.created_time_from is not None
        assert query.created_time_to is not None
        begin, end = (moment.replace(tzinfo=None) for moment in (query.created_time_from, query.created_time_to))
        found = [each for each in self.states if begin <= each.created_at <= end]
        self.read += len(found)
        return sorted(found, key=lambda each: each.instance_id)


async def pages(client: Client, count: int, wanted: Wanted | None = None) -> list[list[str]]:
    wanted = wanted or Wanted(EVER, {"image_batch"})
    found: list[list[str]] = []
    after: Continuation | None = None
    while True:
        asked = cast("df.DurableFunctionsClient", client)
        page, rest = await list_page(asked, wanted, count=count, after=after)
        found.append([each.instance_id for each in page])
        if rest is None:
            return found
        after = Continuation.read(rest.text)


async def test_pages_follow_each_other_from_the_newest_to_the_oldest() -> None:
    runs = [state(f"batch-{day:03}", timedelta(days=day, minutes=1)) for day in range(40)]
    found = await pages(Client(*reversed(runs)), 15)
    assert [len(page) for page in found] == [15, 15, 10]
    assert [run_id for page in found for run_id in page] == [run.instance_id for run in runs]


async def test_a_full_last_page_is_followed_by_none() -> None:
    runs = [state(f"batch-{hour}", timedelta(hours=hour)) for hour in range(4)]
    assert [len(page) for page in await pages(Client(*runs), 2)] == [2, 2]
    assert await pages(Client(), 2) == [[]]


@hypothesis_settings(deadline=None, max_examples=60)
@given(
    ages=st.lists(st.integers(0, 60 * 24 * 90) | st.sampled_from([0, 360, 1_800, 7_560]), max_size=30),
    count=st.integers(1, 7),
)
def test_every_run_is_on_one_page_and_in_order(ages: list[int], count: int) -> None:
    import asyncio

    runs = [state(f"batch-{number}", timedelta(minutes=age)) for number, age in enumerate(ages)]
    found = asyncio.run(pages(Client(*runs), count))
    in_order = sorted(runs, key=lambda run: (run.created_at, run.instance_id), reverse=True)
    assert [run_id for page in found for run_id in page] == [run.instance_id for run in in_order]
    assert all(len(page) <= count for page in found)


async def test_only_matching_runs_are_listed_and_a_first_page_needs_few_queries() -> None:
    runs = [state(f"batch-{hour}", timedelta(hours=hour)) for hour in range(200)]
    client = Client(*runs, state("@x@y", timedelta(0), "@x"))
    page, rest = await list_page(
        cast("df.DurableFunctionsClient", client),
        Wanted(NOW - timedelta(hours=3.5), {"image_batch"}),
        count=9,
        after=None,
    )
    assert [each.instance_id for each in page] == ["batch-0", "batch-1", "batch-2", "batch-3"]
    assert rest is None
    assert client.queries <= math.ceil(math.log2(200))
    assert client.read <= 2 * 4, "not much more is read than is shown"


@rows("text", ["", "x", "e30", "WyJhIl0", "é", "WyIyMDI2LTAxLTAxIl0", "A" * 5_000, *CRAFTED])
def test_an_invalid_continuation_is_refused(text: str) -> None:
    with pytest.raises(BadContinuation, match="continuation is not"):
        Continuation.read(text)


def test_one_answer_stays_below_the_engines_limit() -> None:
    """The largest possible results: 1,000 VMs with the longest names."""
    longest = f"/subscriptions/{'0' * 8}-{'0' * 4}-{'0' * 4}-{'0' * 4}-{'0' * 12}/resourceGroups/{'g' * 90}"
    vm_id = VmId.parse(f"{longest}/providers/Microsoft.Compute/virtualMachines/{'v' * 64}")
    summary = VmSummary(vm_id=vm_id, run_id="vm-" + "r" * 59, outcome=Outcome.WOULD_GENERALIZE, code="c" * 40)
    result: dict[str, Any] = {"counts": dict.fromkeys(Outcome, 1000), "vms": (summary,) * MAX_TARGETS_BY_HTTP}
    output = RunResult(run_id="batch-" + "r" * 48, request_id="r" * 48, trigger=Trigger.HTTP, dry_run=True, **result)
    custom_status = 16 * 1024
    assert INSTANCES_A_MESSAGE * (len(output.model_dump_json().encode()) + custom_status) < _MESSAGE

"""Query parameters of the durable HTTP API: what Azure reads is read, the rest counts as absent."""

import pytest
from aiohttp.test_utils import make_mocked_request

from emulators.functions_host.durable_query import flag, instances_query, moment, seconds


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-03-04T05:06:07Z", "2026-03-04T05:06:07Z"),
        ("2026-03-04T05:06:07", "2026-03-04T05:06:07Z"),
        ("2026-03-04%2005:06", "2026-03-04T05:06:00Z"),
        ("2026-03-04T05:06:07+02:00", "2026-03-04T03:06:07Z"),
        ("2026-03-04T05:06:07%2B02:00", "2026-03-04T03:06:07Z"),
        ("2026-03-04", "2026-03-04T00:00:00Z"),
    ],
)
def test_a_time_in_utc(text: str, utc: str) -> None:
    found = moment(make_mocked_request("GET", f"/x?at={text}"), "at")
    assert found is not None
    assert found.ToJsonString() == utc


def test_what_cannot_be_read_counts_as_absent() -> None:
    request = make_mocked_request("GET", "/x?at=soon&flag=perhaps&wait=long&never=inf&back=-1&top=many")
    assert moment(request, "at") is None
    assert moment(request, "nowhere") is None
    assert flag(request, "flag", default=True) is True
    assert [seconds(request, name) for name in ("wait", "never", "back", "nowhere")] == [None] * 4
    assert instances_query(request).maxInstanceCount == 100


def test_flags_and_seconds() -> None:
    request = make_mocked_request("GET", "/x?yes=TRUE&no=False&wait=1.5")
    assert flag(request, "yes", default=False) is True
    assert flag(request, "no", default=True) is False
    assert seconds(request, "wait") == 1.5

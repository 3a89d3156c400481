"""Failures of durable tasks, as the Azure extension splits them."""

import pytest

from emulators.functions_host.failure_details import failure_details, not_found_details
from emulators.functions_host.worker_protocol import RpcException


@pytest.mark.parametrize(
    ("message", "kind", "text"),
    [
        ("ArmFault: Throttled: slow down", "ArmFault", "Throttled: slow down"),
        ("no type here", "(unknown)", "no type here"),
        ("Silent: ", "Silent", "Silent without a message"),
    ],
)
def test_splits_at_the_first_colon_and_is_never_empty(message: str, kind: str, text: str) -> None:
    details = failure_details(RpcException(message, "trace"))
    assert (details.errorType, details.errorMessage, details.stackTrace.value) == (kind, text, "trace")
    assert not details.HasField("innerFailure")


def test_an_unknown_task_names_the_known_ones() -> None:
    details = not_found_details("activity", "nope", ["b", "a"])
    assert "'nope'" in details.errorMessage
    assert "The following are the known activity functions: 'b', 'a'." in details.errorMessage
    assert "No entity functions are currently registered!" in not_found_details("entity", "nope", []).errorMessage
    assert details.isNonRetriable

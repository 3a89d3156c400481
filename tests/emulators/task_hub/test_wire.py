"""Messages built from serialized parts equal those that protobuf builds."""

from durabletask.internal import orchestrator_service_pb2 as pb
from hypothesis import given
from hypothesis import strategies as st

from emulators.task_hub import wire
from emulators.task_hub.history_events import raised

_texts = st.text(max_size=300)


@given(st.lists(_texts, max_size=5), st.lists(_texts, max_size=5), _texts)
def test_a_work_item_is_read_back_as_it_was_meant(past: list[str], new: list[str], token: str) -> None:
    head = pb.OrchestratorRequest(instanceId="a").SerializeToString()
    body = b"".join(
        wire.framed(tag, raised(7, name, name)) for tag, names in ((wire.PAST, past), (wire.NEW, new)) for name in names
    )
    item = pb.WorkItem.FromString(wire.work_item(wire.ORCHESTRATION, head + body, token))
    assert (item.completionToken, item.orchestratorRequest.instanceId) == (token, "a")
    assert [event.eventRaised.name for event in item.orchestratorRequest.pastEvents] == past
    assert [event.eventRaised.input.value for event in item.orchestratorRequest.newEvents] == new


@given(st.integers(0, 2**40))
def test_a_number_is_encoded_as_protobuf_does(value: int) -> None:
    expected = pb.HistoryEvent(eventId=value % 2**31).SerializeToString()[1:] or b"\0"
    assert wire.varint(value % 2**31) == expected

"""Builds messages from serialized events, so that a long history is copied and never parsed."""

from durabletask.internal import orchestrator_service_pb2 as pb
from google.protobuf.message import Message

_LENGTH_DELIMITED = 2


def varint(value: int) -> bytes:
    """Encode a number of the protobuf wire format."""
    if value < 0x80:
        return bytes((value,))
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _tag(message: type[Message], field: str) -> bytes:
    number = message.DESCRIPTOR.fields_by_name[field].number
    return varint(number << 3 | _LENGTH_DELIMITED)


PAST = _tag(pb.OrchestratorRequest, "pastEvents")
NEW = _tag(pb.OrchestratorRequest, "newEvents")
ACTIVITY = _tag(pb.WorkItem, "activityRequest")
ORCHESTRATION = _tag(pb.WorkItem, "orchestratorRequest")
CHUNK = _tag(pb.HistoryChunk, "events")


def framed(tag: bytes, payload: bytes | bytearray) -> bytes:
    """Return a field of a message: its tag, the length and the payload."""
    return b"".join((tag, varint(len(payload)), payload))


def work_item(tag: bytes, request: bytes, token: str) -> bytes:
    """Return a work item around a request."""
    return framed(tag, request) + pb.WorkItem(completionToken=token).SerializeToString()

"""Queue messages as the worker takes and gives them: encoding, trigger metadata, lists of output messages."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any, cast

from azure.storage.queue import QueueMessage

from workbench.functions_host.worker_protocol import TypedData


class UndecodableMessageError(Exception):
    """A message's text is not base64 although host.json says that messages are."""


def decode_body(text: str, *, is_base64: bool) -> TypedData:
    """The body as the trigger's value: text where it is UTF-8, otherwise bytes.

    Raises:
        UndecodableMessageError: not base64.
    """
    if not is_base64:
        return TypedData(string=text)
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise UndecodableMessageError(
            'the message is not base64: send base64, or set extensions.queues.messageEncoding to "none"'
        ) from error
    try:
        return TypedData(string=raw.decode("utf-8"))
    except UnicodeDecodeError:
        return TypedData(bytes=raw)


def encode_body(body: str | bytes, *, is_base64: bool) -> str:
    """The text to store for one message; without base64 a body must be UTF-8."""
    raw = body.encode("utf-8") if isinstance(body, str) else body
    return base64.b64encode(raw).decode("ascii") if is_base64 else raw.decode("utf-8")


def trigger_metadata(message: QueueMessage) -> dict[str, TypedData]:
    """What `func.QueueMessage` reads besides its body."""
    known = cast(Any, message)
    texts = {"Id": known.id, "PopReceipt": known.pop_receipt, "QueueTrigger": str(known.content)}
    times = {
        "InsertionTime": known.inserted_on,
        "ExpirationTime": known.expires_on,
        "NextVisibleTime": known.next_visible_on,
    }
    found = {name: TypedData(string=text) for name, text in texts.items() if text is not None}
    found["DequeueCount"] = TypedData(json=json.dumps(known.dequeue_count or 0))
    found.update({name: TypedData(string=_iso(moment)) for name, moment in times.items() if moment is not None})
    return found


def output_messages(data: TypedData) -> list[str | bytes]:
    """The messages in an output's value: text, bytes, or a JSON list with one message an element."""
    if data.bytes is not None:
        return [data.bytes]
    if data.string is not None:
        return [data.string]
    if data.json is None:
        return []
    value: object = json.loads(data.json)
    items = cast(list[object], value) if isinstance(value, list) else [value]
    return [_message_text(item) for item in items]


def _message_text(item: object) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, dict):
        fields = cast(dict[str, object], item)
        # What the worker makes of a `func.QueueMessage`.
        if fields.keys() == {"id", "body"}:
            return str(fields["body"])
    return json.dumps(item)


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")

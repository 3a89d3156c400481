"""Queue messages in the worker's form: encoding, trigger metadata, the message of an output."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any, cast

from azure.storage.queue import QueueMessage

from emulators.functions_host.worker_protocol import TypedData

# What Convert.FromBase64String skips.
_WHITE_SPACE = str.maketrans("", "", " \t\r\n")


class NotBase64Error(Exception):
    """A message's text is not base64 although host.json requires it."""


class NotUtf8Error(Exception):
    """A message's bytes are not UTF-8, and its function requires text."""


class RewrittenTextError(Exception):
    """An output that Azure's host would not send as it is."""


def decode_body(text: str, *, is_base64: bool) -> bytes:
    """The bytes of a message. As .NET does, white space within base64 is skipped.

    Raises:
        NotBase64Error: not base64.
    """
    if not is_base64:
        return text.encode("utf-8")
    try:
        return base64.b64decode(text.translate(_WHITE_SPACE), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotBase64Error(
            'the message is not base64: send base64, or set extensions.queues.messageEncoding to "none"'
        ) from error


def trigger_value(body: bytes, *, as_bytes: bool) -> TypedData:
    """The body in the worker's form: bytes where the trigger's dataType is BINARY, else text.

    Raises:
        NotUtf8Error: text is required, and the bytes are not UTF-8.
    """
    if as_bytes:
        return TypedData(bytes=body)
    text = _text(body)
    if text is None:
        raise NotUtf8Error(
            "Exception binding parameter: the message is not UTF-8 (DecoderFallbackException); "
            "for bytes, set data_type BINARY on the function's trigger"
        )
    return TypedData(string=text)


def encode_body(body: str | bytes, *, is_base64: bool) -> str:
    """The text to store for one message; without base64 a body must be UTF-8."""
    raw = body.encode("utf-8", errors="replace") if isinstance(body, str) else body
    return base64.b64encode(raw).decode("ascii") if is_base64 else raw.decode("utf-8")


def trigger_metadata(message: QueueMessage, body: bytes) -> dict[str, TypedData]:
    """What `func.QueueMessage` reads besides its body; `QueueTrigger` is included only for a text body."""
    known = cast(Any, message)
    texts = {"Id": known.id, "PopReceipt": known.pop_receipt, "QueueTrigger": _text(body)}
    times = {
        "InsertionTime": known.inserted_on,
        "ExpirationTime": known.expires_on,
        "NextVisibleTime": known.next_visible_on,
    }
    found = {name: TypedData(string=text) for name, text in texts.items() if text is not None}
    found["DequeueCount"] = TypedData(json=json.dumps(known.dequeue_count or 0))
    found.update({name: TypedData(string=_iso(moment)) for name, moment in times.items() if moment is not None})
    return found


def output_message(data: TypedData) -> str | bytes | None:
    """The message in an output's value: bytes, or plain text; None if the function set nothing.

    Azure's host parses text that begins and ends like JSON and writes it again: longer, with other times, an array as
    several messages. This host refuses such text, and lists, instead.

    Source: `ReadAsEnumerable` and `Utility.IsJson` of the Functions host.

    Raises:
        RewrittenTextError: Azure's host would not send the text as it is.
    """
    if data.bytes is not None:
        return data.bytes
    text = data.string if data.json is None else data.json
    trimmed = (text or "").strip()
    if data.json is not None or (trimmed[:1] + trimmed[-1:]) in ("{}", "[]"):
        raise RewrittenTextError(
            "Azure's host would parse this output as JSON and write it again, indented: use func.Out[bytes]"
        )
    return text


def _text(body: bytes) -> str | None:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")

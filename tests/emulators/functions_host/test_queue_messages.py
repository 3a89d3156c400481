"""Bodies of queue messages, in and out."""

import pytest

from emulators.functions_host.queue_messages import (
    NotBase64Error,
    NotUtf8Error,
    decode_body,
    encode_body,
    output_messages,
    trigger_value,
)
from emulators.functions_host.worker_protocol import TypedData

_INDENTED = '{\n  "x": 1,\n  "at": "2026-11-27T10:00:00.5Z"\n}'


def test_text_arrives_as_text_and_for_binary_as_bytes() -> None:
    assert trigger_value("ümlaut".encode(), as_bytes=False) == TypedData(string="ümlaut")
    assert trigger_value("ümlaut".encode(), as_bytes=True) == TypedData(bytes="ümlaut".encode())
    assert trigger_value(b"\xff\xfe\x00", as_bytes=True) == TypedData(bytes=b"\xff\xfe\x00")


def test_bytes_that_are_no_utf8_are_refused_as_text() -> None:
    with pytest.raises(NotUtf8Error, match="BINARY"):
        trigger_value(b"\xff\xfe\x00", as_bytes=False)


def test_base64_may_hold_white_space_and_may_be_empty() -> None:
    assert decode_body(" aGVs\r\nbG8= ", is_base64=True) == b"hello"
    assert decode_body("", is_base64=True) == b""


def test_plain_text_is_left_alone() -> None:
    assert decode_body("not base64!", is_base64=False) == b"not base64!"


@pytest.mark.parametrize("text", ["not base64!", "aGVsbG8", "=aGVsbG8="])
def test_bad_base_64_says_remediation(text: str) -> None:
    with pytest.raises(NotBase64Error, match="messageEncoding"):
        decode_body(text, is_base64=True)


@pytest.mark.parametrize("body", ["text ü", b"\x00\xff"])
def test_encoding_and_decoding_agree(body: str | bytes) -> None:
    raw = body.encode() if isinstance(body, str) else body
    assert decode_body(encode_body(body, is_base64=True), is_base64=True) == raw


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        (TypedData(string="a"), ["a"]),
        (TypedData(bytes=b"a"), [b"a"]),
        (TypedData(bytes=b'{"x":1}'), [b'{"x":1}']),
        (TypedData(string='{"x":1,"at":"2026-11-27T10:00:00.50Z"}'), [_INDENTED]),
        (TypedData(string='[{"x":1},"a",null,[]]'), ['{\n  "x": 1\n}', "a", "", "[]"]),
        (TypedData(string="[]"), []),
        (TypedData(json='["a", {"id": null, "body": "b"}, {"x": 1}]'), ["a", "b", '{\n  "x": 1\n}']),
        (TypedData(json='["{\\"x\\":1}", "2026-11-27T10:00:00.50Z"]'), ['{"x":1}', "2026-11-27T10:00:00.50Z"]),
        (TypedData(json='{"at": "2026-11-27T10:00:00.50Z"}'), ['{\n  "at": "2026-11-27T10:00:00.50Z"\n}']),
        (TypedData(json="null"), []),
        (TypedData(), []),
    ],
)
def test_output_values_become_messages(value: TypedData, messages: list[str | bytes]) -> None:
    assert output_messages(value) == messages

"""Bodies of queue messages, in and out."""

import pytest

from emulators.functions_host.queue_messages import (
    NotBase64Error,
    NotUtf8Error,
    RewrittenTextError,
    decode_body,
    encode_body,
    output_message,
    trigger_value,
)
from emulators.functions_host.worker_protocol import TypedData


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
    ("value", "message"),
    [
        (TypedData(string="a"), "a"),
        (TypedData(string="{x]"), "{x]"),
        (TypedData(bytes=b'{"x":1}'), b'{"x":1}'),
        (TypedData(), None),
    ],
)
def test_output_values_become_a_message(value: TypedData, message: str | bytes | None) -> None:
    assert output_message(value) == message


@pytest.mark.parametrize(
    "value", [TypedData(string=' {"x":1} '), TypedData(string="[]\n"), TypedData(string="{x}"), TypedData(json='["a"]')]
)
def test_what_azure_would_send_otherwise_is_refused(value: TypedData) -> None:
    with pytest.raises(RewrittenTextError, match="write it again"):
        output_message(value)

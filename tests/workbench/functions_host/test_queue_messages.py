"""Bodies of queue messages, in and out."""

import base64

import pytest

from workbench.functions_host.queue_messages import (
    UndecodableMessageError,
    decode_body,
    encode_body,
    output_messages,
)
from workbench.functions_host.worker_protocol import TypedData


def _b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def test_base64_text_arrives_as_text_and_other_bytes_as_bytes() -> None:
    assert decode_body(_b64("ümlaut".encode()), is_base64=True) == TypedData(string="ümlaut")
    assert decode_body(_b64(b"\xff\xfe"), is_base64=True) == TypedData(bytes=b"\xff\xfe")
    assert decode_body(_b64(b""), is_base64=True) == TypedData(string="")


def test_plain_text_is_left_alone() -> None:
    assert decode_body("not base64!", is_base64=False) == TypedData(string="not base64!")


def test_bad_base64_says_what_to_change() -> None:
    with pytest.raises(UndecodableMessageError, match="messageEncoding"):
        decode_body("not base64!", is_base64=True)


@pytest.mark.parametrize("body", ["text ü", b"\x00\xff"])
def test_encoding_and_decoding_agree(body: str | bytes) -> None:
    value = decode_body(encode_body(body, is_base64=True), is_base64=True)
    assert (value.bytes if isinstance(body, bytes) else value.string) == body


@pytest.mark.parametrize(
    ("value", "messages"),
    [
        (TypedData(string="a"), ["a"]),
        (TypedData(bytes=b"a"), [b"a"]),
        (TypedData(json='["a", {"id": null, "body": "b"}, {"x": 1}]'), ["a", "b", '{"x": 1}']),
        (TypedData(json='{"x": 1}'), ['{"x": 1}']),
        (TypedData(), []),
    ],
)
def test_output_values_become_messages(value: TypedData, messages: list[str | bytes]) -> None:
    assert output_messages(value) == messages

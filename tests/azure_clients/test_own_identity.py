"""The app's own object id, as its token says it."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from azure_clients.own_identity import object_id

unhurried = hypothesis_settings(deadline=None)  # a busy VM is no fault


def token(claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{payload}.c2ln"


def test_the_claim_is_read_in_lower_case() -> None:
    assert object_id(token({"aud": "x", "oid": "AB-1"})) == "ab-1"


BAD = {
    "no JWT": "opaque",
    "two parts": "a.b",
    "no base64": "a.é.c",
    "no JSON": "a.YQ.c",
    "a list": token([1]),
    "no oid": token({"aud": "x"}),
    "an oid that is no text": token({"oid": 1}),
    "an empty oid": token({"oid": ""}),
    "nested deep": f"a.{base64.urlsafe_b64encode(b'[' * 14_000).decode()}.c",
    "too long": token({"oid": "a", "x": "y" * 20_000}),
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_a_token_that_cannot_be_read_names_nobody(text: str) -> None:
    assert object_id(text) is None


@unhurried
@given(st.text(max_size=60))
def test_no_text_is_an_error(text: str) -> None:
    for token in (f"a.{text}.c", text):
        assert object_id(token) is None

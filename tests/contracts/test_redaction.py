"""What is removed from a text: each kind of secret alone, and nothing else."""

import pytest

from contracts.redaction import redact

SECRET = "c2VjcmV0LXNpZ25hdHVyZQ"
TEXTS = {
    "the query of a URL": f"see https://account.blob.core.windows.net/c?sv=2024&x={SECRET}",
    "a signature without its URL": f"sv=2024&sig={SECRET}&se=2026",
    "a signature by its long name": f"Signature={SECRET}",
    "an account key": f"AccountName=a;AccountKey={SECRET};EndpointSuffix=core.windows.net",
    "a shared access key": f"Endpoint=sb://a;SharedAccessKey={SECRET}",
    "a shared access signature": f"SharedAccessSignature={SECRET}",
    "a token": f"the token is eyJ{SECRET}.{SECRET}.{SECRET}",
    "what follows bearer": f"Authorization: Bearer {SECRET}",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_each_kind_of_secret_is_removed(text: str) -> None:
    assert SECRET not in redact(text)
    assert "(removed)" in redact(text)


@pytest.mark.parametrize("text", ["see https://aka.ms/x", "design=new, signed by hand", "eyJ is how a token begins"])
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text

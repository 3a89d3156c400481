"""Removes secrets from a text: signatures, keys, tokens and the queries of URLs."""

import re

_QUERY = re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']+", re.I)
_SIGNATURE = re.compile(r"\b(sig|signature)=[^\s&\"']+", re.I)
_TOKEN = re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]+)*|(?<=bearer )\S+", re.I)
_KEY = re.compile(r"\b(AccountKey|SharedAccessSignature|SharedAccessKey)=[^\s;\"']+", re.I)


def redact(text: str) -> str:
    """Return the text without queries of URLs (they hold SAS signatures), signatures, account keys and tokens."""
    text = _KEY.sub(r"\1=(removed)", _QUERY.sub(r"\1?(removed)", text))
    return _TOKEN.sub("(removed)", _SIGNATURE.sub(r"\1=(removed)", text))

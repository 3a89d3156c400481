"""Makes text of others fit to be logged and shown: without secrets, without control characters, in linear time."""

import re

# Each expression reads every character at most a few times, whatever the text: a guest writes what it likes.
_ESCAPE = re.compile(r"\x1b(?:\[[0-9;:<=>?]*[ -/]*[@-~]?|[@-Z\\-_]?)")
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_URL = re.compile(r"https?://[^\s\"']+", re.I)
_SIGNATURE = re.compile(r"\b(sig|signature)=[^\s&\"']+", re.I)
_TOKEN = re.compile(r"\beyJ[\w-]{8,}(?:\.[\w-]+)*|(?<=bearer )\S+", re.I)
_KEY = re.compile(r"\b(AccountKey|SharedAccessSignature|SharedAccessKey)=[^\s;\"']+", re.I)


def redact(text: str) -> str:
    """Return the visible text without queries of URLs (they hold SAS signatures), signatures, keys and tokens."""
    text = _KEY.sub(r"\1=(removed)", _URL.sub(_without_query, visible(text)))
    return _TOKEN.sub("(removed)", _SIGNATURE.sub(r"\1=(removed)", text))


def visible(text: str) -> str:
    """Return the text without what a terminal or a page would obey.

    That is escape sequences, control characters except newline and tab, characters that change the direction of text,
    and halves of surrogate pairs.
    """
    return _CONTROL.sub("", _ESCAPE.sub("", text))


def _without_query(url: re.Match[str]) -> str:
    address, query, rest = url[0].partition("?")
    return f"{address}?(removed)" if query and rest else url[0]

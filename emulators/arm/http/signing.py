"""Signed URLs: operation URLs in the compute provider's format, and SAS URLs of blobs."""

import base64
import hashlib
import hmac
import random
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlencode

_SIGNED_PARTS = ("t", "c", "s", "h")


class UrlSigner:
    """Creates and checks the URLs that a client must use unchanged."""

    def __init__(self, rng: random.Random) -> None:
        self._key = rng.randbytes(32)
        # The compute provider puts its certificate into every operation URL; with 1,760 bytes the URL has about 3.2 KB.
        self._certificate = base64.urlsafe_b64encode(rng.randbytes(1760)).decode().rstrip("=")

    def operation_query(self, operation_id: str, api_version: str, monitor: bool, now: datetime) -> str:
        """The query of an operation URL: `p`, `monitor`, `api-version`, and the signature `t c s h`."""
        values = {"p": operation_id}
        if monitor:
            values["monitor"] = "true"
        values |= {"api-version": api_version, "t": str(int(now.timestamp() * 1e7)), "c": self._certificate}
        stamp = hashlib.sha512(self._key + operation_id.encode()).digest() * 3
        values["s"] = base64.urlsafe_b64encode(stamp).decode().rstrip("=")
        return urlencode({**values, "h": self._hash(values)}, quote_via=quote)

    def is_signed(self, query: Mapping[str, str]) -> bool:
        """Whether the query has any part of a signature."""
        return any(part in query for part in _SIGNED_PARTS)

    def is_genuine(self, query: Mapping[str, str]) -> bool:
        """Whether the query was created by `operation_query` and is unchanged."""
        given = query.get("h", "")
        values = {name: value for name, value in query.items() if name != "h"}
        return hmac.compare_digest(given, self._hash(values))

    def blob_query(self, path: str, expires: datetime) -> str:
        """A shared access signature for reading `path` until `expires`."""
        expiry = expires.strftime("%Y-%m-%dT%H:%M:%SZ")
        values = {"sv": "2018-03-28", "sr": "b", "sp": "r", "se": expiry, "path": path}
        signature = self._hash(values)
        del values["path"]
        return urlencode({**values, "sig": signature}, quote_via=quote)

    def blob_is_genuine(self, path: str, query: Mapping[str, str], now: datetime) -> bool:
        """Whether the signature is valid for the path and has not expired."""
        values = {name: query.get(name, "") for name in ("sv", "sr", "sp", "se")} | {"path": path}
        if not hmac.compare_digest(query.get("sig", ""), self._hash(values)):
            return False
        return now.strftime("%Y-%m-%dT%H:%M:%SZ") <= values["se"]

    def _hash(self, values: Mapping[str, str]) -> str:
        text = "\n".join(f"{name.lower()}={values[name]}" for name in sorted(values))
        return base64.urlsafe_b64encode(hmac.digest(self._key, text.encode(), "sha256")).decode().rstrip("=")

"""Who calls, as App Service authentication tells it."""

from collections.abc import Mapping

from contracts.run import Caller


def caller_of(headers: Mapping[str, str]) -> Caller:
    """Read the caller's principal (x-ms-client-principal-*); the platform strips these headers from outside.

    Only names are kept: the claims and the token never enter a run.
    """
    name = headers.get("x-ms-client-principal-name") or headers.get("x-ms-client-principal-id")
    return Caller(principal=_short(name), identity_provider=_short(headers.get("x-ms-client-principal-idp")))


def _short(text: str | None) -> str | None:
    return text[:200] if text else None

"""Who calls, as App Service authentication tells it."""

from collections.abc import Mapping

from contracts.run import Caller


def caller_of(headers: Mapping[str, str]) -> Caller:
    """Read the caller's principal (x-ms-client-principal-*).

    The platform sets these headers, and strips them from outside, only where its authentication is on; elsewhere
    anybody can write them, and nobody is believed. Only names are kept: claims and tokens never enter a run.
    """
    import settings

    if not settings.platform_authenticates():
        return Caller()
    name = headers.get("x-ms-client-principal-name") or headers.get("x-ms-client-principal-id")
    return Caller(principal=_short(name), identity_provider=_short(headers.get("x-ms-client-principal-idp")))


def _short(text: str | None) -> str | None:
    return text[:200] if text else None

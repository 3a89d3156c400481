"""The caller's principal, from App Service authentication."""

from collections.abc import Mapping

from contracts.run import Caller


def caller_of(headers: Mapping[str, str]) -> Caller:
    """Read the caller's principal (x-ms-client-principal-*).

    App Service sets these headers, and removes them from incoming requests, only if its authentication is on. Otherwise
    any caller could set them, so they are ignored. Only names are kept: claims and tokens are not.
    """
    import settings

    if not settings.platform_authenticates():
        return Caller()
    object_id = _short(headers.get("x-ms-client-principal-id"))
    return Caller(
        principal=_short(headers.get("x-ms-client-principal-name")) or object_id,
        principal_id=object_id,
        identity_provider=_short(headers.get("x-ms-client-principal-idp")),
    )


def _short(text: str | None) -> str | None:
    return text[:200] if text else None

"""The object id of the app's own identity, from the claims of its token for ARM."""

import base64
import binascii
import json
from typing import Any

from azure_clients.clients import arm_session
from azure_clients.errors import arm_errors

_LONGEST_TOKEN = 20_000


async def own_object_id() -> str | None:
    """Return the claim `oid` of the app's token; None if the token cannot be read (the credential keeps the token).

    Raises ArmUnavailable if there is no token.
    """
    import settings

    session = await arm_session()
    async with arm_errors():
        token = await session.credential.get_token(f"{settings.current().arm_audience}/.default")
    return object_id(token.token)


def object_id(token: str) -> str | None:
    """Return the claim `oid` of a JWT, without checking its signature: it is the app's own. No claim is logged."""
    parts = token.split(".") if len(token) <= _LONGEST_TOKEN else []
    if len(parts) != 3:
        return None
    try:
        claims: Any = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return None
    found = claims.get("oid") if isinstance(claims, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return found.lower() if isinstance(found, str) and found else None

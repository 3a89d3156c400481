"""Says whether a run may still change its VM: nothing is read but the app's settings."""

from contracts.activities.vm import AuthorityChecked, CheckAuthority


async def check_authority(request: CheckAuthority) -> AuthorityChecked:
    """Return an answer that is not denied: `activities/gate.py` has asked before (no request)."""
    return AuthorityChecked()

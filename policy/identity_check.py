"""Checks that a VM created from an image has an identity of its own, and nothing left of the source VM."""

from collections.abc import Iterator

from contracts.facts import GuestIdentity, OsType

_WINDOWS_NAME = 15


def identity_faults(
    before: GuestIdentity | None,
    after: GuestIdentity,
    *,
    expected_host: str,
    os_type: str,
    allowed_users: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """Return the faults of the image, one sentence each; empty if there are none.

    `before` is the identity of the source VM before it was deprovisioned; without it only `after` is checked.
    `expected_host` is the computer name in the request to Azure. `allowed_users` are accounts that the image should
    keep: they and their keys are no faults.
    """
    remains = _remains(after, {user.lower() for user in allowed_users})
    return (*_host(before, after, expected_host, os_type), *_fresh(before, after, os_type), *remains)


def _host(before: GuestIdentity | None, after: GuestIdentity, expected: str, os_type: str) -> Iterator[str]:
    length = _WINDOWS_NAME if os_type == OsType.WINDOWS else None
    own, wanted = _short(after.host_name), _short(expected)[:length]
    if own != wanted:
        yield f"Its host name is {after.host_name or 'empty'}, but it was created with the computer name {expected}."
    if before is not None and own and own == _short(before.host_name):
        yield f"It still has the host name of the source VM, {before.host_name}."


def _fresh(before: GuestIdentity | None, after: GuestIdentity, os_type: str) -> Iterator[str]:
    noun = "SID" if os_type == OsType.WINDOWS else "machine-id"
    if not after.identity:
        yield f"It reports no {noun}."
    elif before is not None and after.identity == before.identity:
        yield f"It has the {noun} of the source VM."
    if os_type == OsType.LINUX and not after.ssh_host_keys:
        yield "It has no SSH host keys."
    kept = set(after.ssh_host_keys) & set(before.ssh_host_keys if before else ())
    if kept:
        yield f"It has {len(kept)} of the SSH host keys of the source VM."


def _remains(after: GuestIdentity, allowed: set[str]) -> Iterator[str]:
    users = [user for user in after.users if user.lower() not in allowed]
    if users:
        yield f"It contains users: {', '.join(users)}."
    # The folder of a key file shows whose it is.
    keys = [path for path in after.authorized_keys if not allowed & set(path.lower().replace("\\", "/").split("/"))]
    if keys:
        yield f"It contains authorized SSH keys: {', '.join(keys)}."
    if after.logs:
        yield f"It contains logs of the source VM: {', '.join(after.logs)}."


def _short(name: str) -> str:
    """Return the host name without its domain, lower-cased: host names are case-insensitive."""
    return name.partition(".")[0].lower()

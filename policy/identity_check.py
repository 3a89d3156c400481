"""Whether a machine made from an image is itself, and carries nothing of the machine that the image was made from."""

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
    """Give everything that speaks against the image, one sentence each; empty if nothing does.

    `before` is what the machine said before it was sealed; without it only `after` can be judged by itself.
    `expected_host` is the name that Azure was told to give. `allowed_users` are accounts that the image is meant to
    keep: they and their keys are no fault.
    """
    left = _leftovers(after, {user.lower() for user in allowed_users})
    return (*_host(before, after, expected_host, os_type), *_fresh(before, after, os_type), *left)


def _host(before: GuestIdentity | None, after: GuestIdentity, expected: str, os_type: str) -> Iterator[str]:
    length = _WINDOWS_NAME if os_type == OsType.WINDOWS else None
    own, wanted = _short(after.host_name), _short(expected)[:length]
    if own != wanted:
        yield f"Its host name is {after.host_name or 'empty'}, and Azure was told to name it {expected}."
    if before is not None and own and own == _short(before.host_name):
        yield f"It still has the host name of its source, {before.host_name}."


def _fresh(before: GuestIdentity | None, after: GuestIdentity, os_type: str) -> Iterator[str]:
    noun = "SID" if os_type == OsType.WINDOWS else "machine-id"
    if not after.identity:
        yield f"It tells no {noun}."
    elif before is not None and after.identity == before.identity:
        yield f"It has the {noun} of its source."
    if os_type == OsType.LINUX and not after.ssh_host_keys:
        yield "It has no SSH host keys."
    kept = set(after.ssh_host_keys) & set(before.ssh_host_keys if before else ())
    if kept:
        yield f"It has {len(kept)} of the SSH host keys of its source."


def _leftovers(after: GuestIdentity, allowed: set[str]) -> Iterator[str]:
    users = [user for user in after.users if user.lower() not in allowed]
    if users:
        yield f"Users were left in it: {', '.join(users)}."
    # Whose keys they are is told by the folder that they lie in.
    keys = [path for path in after.authorized_keys if not allowed & set(path.lower().replace("\\", "/").split("/"))]
    if keys:
        yield f"Keys that let somebody log on were left in it: {', '.join(keys)}."
    if after.logs:
        yield f"Logs of its source were left in it: {', '.join(after.logs)}."


def _short(name: str) -> str:
    """The host's own name, without a domain; names have no case."""
    return name.partition(".")[0].lower()

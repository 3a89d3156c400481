"""Everything that reads text of others, and text that is bad for careless expressions."""

from collections.abc import Callable

from azure_clients.errors import clean
from contracts.facts import Permission
from contracts.guest_report import FAILED_MARK, SENTINEL, read_report, read_serial_log
from contracts.ids import Scope, VmId
from contracts.parsing import BadRequest, read_request
from contracts.redaction import redact
from contracts.resource_ids import ImageDefinitionId, SubnetId
from policy.image_versions import number
from policy.rights import missing_actions

RUN, NONCE = "vm-r1-0123456789", "5f" * 16
MARK = f"{FAILED_MARK} {RUN} {NONCE}"
UNITS = (
    "http://", "https://h?sig=a ", "eyJaaaaaaaa.", "-eyJ-", "sig=", "bearer ", "AccountKey=", "\x1b[1;31m", "\x1b[0;",
    "\u202e", "a", " ", "\n", "\r", SENTINEL, f"{SENTINEL}{{", "[", '{"a":', f"{MARK} ", f"\n{MARK}", "1.", "9", "/",
    "/subscriptions/", "../", "*a",
)  # fmt: skip


def _request(text: str) -> None:
    try:
        read_request(text, max_targets=1)
    except BadRequest:
        return


def _parse(parse: Callable[[str], object]) -> Callable[[str], None]:
    def parsed(text: str) -> None:
        try:
            parse(text)
        except ValueError:
            return

    return parsed


READERS: dict[str, Callable[[str], object]] = {
    "redact": redact,
    "clean": clean,
    "read_report": lambda text: read_report(text, run_id=RUN, nonce=NONCE),
    "read_serial_log": lambda text: read_serial_log(text, run_id=RUN, nonce=NONCE),
    "read_request": _request,
    "version number": number,
    "role": lambda text: missing_actions((Permission(actions=(text,)),), ("Microsoft.Compute/virtualMachines/read",)),
    "VmId": _parse(VmId.parse),
    "Scope": _parse(Scope.parse),
    "SubnetId": _parse(SubnetId.parse),
    "ImageDefinitionId": _parse(ImageDefinitionId.parse),
}


def repeated(unit: str, length: int) -> str:
    """Return a text of a length that repeats the unit."""
    return (unit * (length // len(unit) + 1))[:length]

"""The names of the managed Run Commands that a run puts on a VM.

Each name is deterministic, so that a repeated PUT addresses the Run Command of the first one.
"""

import hashlib

from contracts.ids import NAME_PREFIX

DEPROVISION = "deprovision"
EVIDENCE = "evidence"
IDENTITY = "identity"
VALIDATE = "validate"


def run_command_name(run_id: str, part: str) -> str:
    """Return the name of one Run Command of one run; `part` says what it does."""
    return f"{NAME_PREFIX}{part}-{hashlib.sha256(f'{run_id}/{part}'.encode()).hexdigest()[:16]}"


def customizer(place: int) -> str:
    """Return the part for the customizer at a place, the first is 0."""
    return f"customize-{place}"


def boot_ids(place: int) -> tuple[str, str]:
    """Return the parts that read the boot id before and after the restart that a customizer asks for."""
    return f"boot-{place}-before", f"boot-{place}-after"

"""Every tag that the app writes or reads on a resource in Azure."""

from collections.abc import Mapping

OWN_PREFIX = "golden-image-"
"""Every tag of the app begins with it; requests and settings may set none that does."""
OPT_IN_TAG, OPT_IN_VALUE = "golden-image-in-place", "allowed"
"""By default the owner of a VM allows with this tag that it is generalized in place (GOLDEN_OPT_IN_TAG)."""
APP_TAG = "golden-image-app"
RUN_TAG = "golden-image-run"
NONCE_TAG = "golden-image-nonce"
"""On the Run Command that deprovisions a VM: with it a later run recognizes the mark in the VM's serial log."""
PURPOSE_TAG = "golden-image-purpose"
KEEP_TAG = "golden-image-keep-until"
"""Until when (ISO 8601, UTC) a resource is kept after its run; set on rollback snapshots."""

SOURCE_TAG = "golden-image-source"
SOURCE_OS_TAG = "golden-image-source-os"
REQUEST_TAG = "golden-image-request"
TRIGGER_TAG = "golden-image-trigger"
ACCEPTED_TAG = "golden-image-accepted"
DEPROVISIONED_TAG = "golden-image-deprovisioned"
EVIDENCE_TAG = "golden-image-evidence"
_SCRIPT_TAG = "golden-image-script-"
SCRIPT_DEPROVISION_TAG = f"{_SCRIPT_TAG}deprovision"
VALIDATED_TAG = "golden-image-validated"
"""`passed`, `passedWithoutSource`, `failed` or `notTested`."""

LONGEST_VALUE = 256
MOST_SCRIPT_TAGS = 20
"""Azure allows 50 tags of 256 characters: the first 20 customizers are recorded."""


def customizer_tag(place: int) -> str:
    """Return the tag that names the customizer at a place, the first is 0."""
    return f"{_SCRIPT_TAG}{place + 1:02}"


def tag_of(tags: Mapping[str, str], name: str) -> str | None:
    """Return a tag's value; tag names are case-insensitive."""
    return {key.lower(): value for key, value in tags.items()}.get(name.lower())

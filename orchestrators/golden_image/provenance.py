"""Records in an image's tags where it comes from."""

from contracts.facts import VmState
from contracts.request import EvidenceLevel, Mode
from contracts.tags import (
    ACCEPTED_TAG,
    DEPROVISIONED_TAG,
    EVIDENCE_TAG,
    LONGEST_VALUE,
    MOST_SCRIPT_TAGS,
    REQUEST_TAG,
    SCRIPT_DEPROVISION_TAG,
    SOURCE_OS_TAG,
    SOURCE_TAG,
    TRIGGER_TAG,
    customizer_tag,
)
from orchestrators.golden_image.plan import Plan
from orchestrators.golden_image.vm_run import VmRun


def provenance(run: VmRun, plan: Plan, running: VmState, evidence: EvidenceLevel | None) -> dict[str, str]:
    """Return the tags that record the source VM, the request, the evidence and every script."""
    job, target = run.job, run.job.target
    names = (running.os_name, running.os_version)
    system = " ".join(name for name in names if name) or str(plan.source.os_type)
    tags = {
        SOURCE_TAG: str(plan.source.vm_id),
        SOURCE_OS_TAG: system,
        REQUEST_TAG: job.request_id,
        TRIGGER_TAG: job.trigger,
        ACCEPTED_TAG: job.accepted_at.isoformat(timespec="seconds"),
        DEPROVISIONED_TAG: run.now.isoformat(timespec="seconds"),
        EVIDENCE_TAG: evidence or ("none" if target.mode is Mode.CLONE else "generalizedBefore"),
    }
    if plan.deprovision_script and not plan.specialized:
        name = target.deprovision.script or "deprovision"
        tags[SCRIPT_DEPROVISION_TAG] = f"{name} sha256:{plan.deprovision_script}"
    for place, (use, sha256) in enumerate(zip(target.customize, plan.scripts, strict=False)):
        if place < MOST_SCRIPT_TAGS:
            tags[customizer_tag(place)] = f"{use.script} sha256:{sha256}"
    return {name: value[:LONGEST_VALUE] for name, value in tags.items()}

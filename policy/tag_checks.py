"""Whether the tags of the settings and of the request may be put on resources together."""

from collections.abc import Iterator

from contracts.error_codes import Refusal, RefusalCode
from contracts.own_tags import tag_faults
from contracts.run import VmJob
from contracts.tags import tag_of


def check_tags(job: VmJob) -> Iterator[Refusal]:
    """Return what is wrong with the tags of both together; each alone was checked when it was read.

    A resource of the app must never get the opt-in tag from a request: it says that a VM may be generalized in place.
    """
    faults = [f"the tags {fault}" for fault in tag_faults(job.tags)]
    if tag_of(job.tags, job.settings.opt_in_tag) is not None:
        faults.append(f"{job.settings.opt_in_tag!r} is the opt-in tag")
    for fault in faults:
        yield Refusal.of(RefusalCode.TAGS_NOT_ALLOWED, fault[:500])

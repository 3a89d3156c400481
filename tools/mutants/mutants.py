"""The guards of the product, and how each is removed."""

from typing import NamedTuple

LIFE = ("tests/orchestrators",)
FACTS = ("tests/policy",)
AZURE = ("tests/activities", "tests/azure_clients")


class Mutant(NamedTuple):
    """One guard: the text that it is, what it is replaced with, and the tests that must notice.

    The text is found wherever it lies in the product, and must be there once: code may move.
    """

    name: str
    guard: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTANTS = (
    Mutant(
        "lease-dropped",
        "a run without the VM's lease is refused",
        '    if not answer["granted"]:\n        raise Refused(',
        '    if not answer["granted"] and not run:\n        raise Refused(',
        LIFE,
    ),
    Mutant(
        "returned-ticket-granted-again",
        "a ticket that was released is never granted again",
        'ticket in state["returned"] or not free',
        "not free",
        LIFE,
    ),
    Mutant(
        "old-boot-id-accepted",
        "a restart counts only if the boot id changed",
        "before is None or after is None or before.boot_id == after.boot_id",
        "before is None or after is None",
        LIFE,
    ),
    Mutant(
        "retry-after-ignored",
        "a throttled request is sent again only after Azure's Retry-After",
        "        yield ctx.create_timer(timedelta(seconds=seconds))\n    raise Throttled",
        "        pass\n    raise Throttled",
        LIFE,
    ),
    Mutant(
        "cancel-unheard",
        "a cancel before the point of no return ends the run",
        "if self.cancel.is_complete and self.stage.allows.cancel:",
        "if self.cancel.is_complete and not self.stage:",
        LIFE,
    ),
    Mutant(
        "cancel-obeyed-too-late",
        "a cancel after the point of no return is not obeyed",
        'DEPROVISIONING = "deprovisioning", Allows(stop=True)',
        'DEPROVISIONING = "deprovisioning", Allows(cancel=True, stop=True)',
        (*LIFE, "tests/contracts"),
    ),
    Mutant(
        "snapshot-not-remembered",
        "a resource is remembered before it is requested",
        "    run.created.remember(wanted.resource)\n",
        "",
        LIFE,
    ),
    Mutant(
        "unanswered-request-given-up",
        "a deprovision request without an answer may have been accepted",
        "    if submission.unanswered:\n",
        "    if submission.unanswered and not run:\n",
        LIFE,
    ),
    Mutant(
        "one-404-ends-the-run",
        "a single 404 or 403 is confirmed by a second read",
        "not in _CONFIRMED_BY_SECOND_READ or unconfirmed",
        "not in _CONFIRMED_BY_SECOND_READ or not unconfirmed",
        LIFE,
    ),
    Mutant(
        "rollback-snapshot-deleted",
        "the rollback snapshot is kept from the point of no return on",
        "            run.created.keep(*keep)\n            return Generalized",
        "            return Generalized",
        LIFE,
    ),
    Mutant(
        "failed-validation-promoted",
        "a version that fails its validation stays out of latest",
        "        if not result.passed:\n",
        "        if not result.passed and not run:\n",
        LIFE,
    ),
    Mutant(
        "denied-approval-ignored",
        "a denied run is refused",
        "    elif not decision.approved:\n",
        "    elif not decision.approved and not run:\n",
        LIFE,
    ),
    Mutant(
        "stopped-vm-left-billed",
        "a stopped VM of a failed run is deallocated",
        "        yield from deallocate(run, now, LONG_DEALLOCATION)\n",
        "        pass\n",
        LIFE,
    ),
    Mutant(
        "temporary-vm-lives-for-ever",
        "a temporary VM has a maximum lifetime",
        "if self.vm_lifetime_ends is not None and self.ctx.current_utc_datetime > self.vm_lifetime_ends:",
        "if self.vm_lifetime_ends is not None and not self.stage:",
        LIFE,
    ),
    Mutant(
        "scope-unchecked",
        "a VM outside the allowed scopes is refused",
        "if not any(scope.contains(target.vm_id) for scope in settings.allowed_scopes):",
        "if not target:",
        FACTS,
    ),
    Mutant(
        "trigger-unchecked",
        "only the listed triggers may ask for mode inPlace",
        "if target.mode is Mode.IN_PLACE and job.trigger not in settings.in_place_triggers:",
        "if not target:",
        FACTS,
    ),
    Mutant(
        "opt-in-tag-not-needed",
        "a VM in place needs the opt-in tag",
        "    if tag_of(vm.tags, tag) == value:\n        return None\n",
        "    if tag_of(vm.tags, tag) == value or vm:\n        return None\n",
        FACTS,
    ),
    Mutant(
        "replaced-vm-accepted",
        "a VM that was created again under the same name is another VM",
        "    if vm.unique_id != unique_id:\n",
        "    if vm.unique_id != unique_id and not vm:\n",
        FACTS,
    ),
    Mutant(
        "restarted-vm-deallocated",
        "a VM that was started again is left alone",
        "    if vm.power_state not in {PowerState.RUNNING, PowerState.STARTING}:\n        return None\n",
        "    if vm.power_state:\n        return None\n",
        (*FACTS, *AZURE),
    ),
    Mutant(
        "stop-without-proof-accepted",
        "that a VM stopped is no proof that it was deprovisioned",
        "    if wanted is EvidenceLevel.POWER_STATE_ONLY:\n",
        "    if wanted:\n",
        FACTS,
    ),
    Mutant(
        "lock-in-the-way-ignored",
        "a lock that a run would meet later is a refusal before it",
        "if lock.level.lower() != _HARMLESS_LOCK",
        "if not lock.level",
        FACTS,
    ),
    Mutant(
        "live-runs-resource-deleted",
        "a cleanup deletes nothing of a run that has not ended",
        '    if run.alive:\n        return f"run {found.run_id} has not ended"\n',
        "",
        FACTS,
    ),
    Mutant(
        "used-version-retired",
        "a version that a VM was created from is not retired",
        "    if version.name in uses.versions:\n",
        "    if not version.name:\n",
        FACTS,
    ),
    Mutant(
        "delete-without-tag",
        "only what has this run's tag is deleted",
        "    if owner is not None or not resource.implied:\n",
        "    if owner is not None and not resource:\n",
        (*FACTS, *AZURE),
    ),
    Mutant(
        "foreign-version-overwritten",
        "a version of another run is taken, never overwritten",
        "        return ImageVersionSubmitted(already=ours, taken=not ours)\n",
        "        if ours:\n            return ImageVersionSubmitted(already=True)\n",
        AZURE,
    ),
    Mutant(
        "changed-script-run",
        "a script that was changed since it was checked does not run",
        "    if script.sha256 != request.sha256:\n",
        "    if not script.sha256:\n",
        AZURE,
    ),
    Mutant(
        "isolation-left-out",
        "a temporary VM may open no connection but to the requested services",
        '    rules.append(_rule("deny-all-out", _LAST_PRIORITY, "Outbound", "Deny"))\n',
        "",
        AZURE,
    ),
    Mutant(
        "foreign-nonce-accepted",
        "a guest's report counts only with this run's nonce",
        "if report.run_id == run_id and report.nonce == nonce:",
        "if report.run_id == run_id:",
        ("tests/contracts",),
    ),
    Mutant(
        "request-id-reused",
        "another content under a known requestId is refused",
        '    if held["digest"] != digest:\n',
        '    if not held["digest"]:\n',
        ("tests/triggers",),
    ),
    Mutant(
        "late-command-obeyed",
        "the guest ignores a command that arrives too late",
        '    [ "$now" -le "$GOLDEN_NOT_AFTER" ] || refuse expired',
        "    true || refuse expired",
        ("tests/guest/test_linux_refusals.py",),
    ),
    Mutant(
        "event-taken-for-an-approval",
        "an event that holds no decision decides nothing",
        '        batch.log("approval event ignored: it holds no decision")\n',
        "        batch.decide(RequestDecision(approved=True))\n",
        LIFE,
    ),
    Mutant(
        "cancel-heard-late",
        "a cancel ends a wait at once",
        "*((self.cancel,) if self.stage.allows.cancel else ())",
        "*((self.cancel,) if not self.stage else ())",
        LIFE,
    ),
    Mutant(
        "clone-without-serial-log",
        "a clone whose serial log cannot be read is not deprovisioned",
        "        return mark if mark.readable else None\n",
        "        return mark\n",
        LIFE,
    ),
    Mutant(
        "secret-in-report",
        "what a guest reports is kept without secrets",
        '"message": redact(report.message)',
        '"message": report.message',
        AZURE,
    ),
    Mutant(
        "secret-in-evidence",
        "the evidence is kept without secrets",
        'redact("\\n".join(lines)).strip()',
        '"\\n".join(lines).strip()',
        AZURE,
    ),
    Mutant(
        "secret-in-identity",
        "a guest's identity is kept without secrets",
        "facts = {name: redact(value) for name, value in report.facts.items()}",
        "facts = dict(report.facts)",
        AZURE,
    ),
    Mutant(
        "secret-in-serial-mark",
        "the reason in the serial log is kept without secrets",
        "failure=redact(reason).strip()",
        "failure=reason.strip()",
        (*AZURE, "tests/contracts"),
    ),
)

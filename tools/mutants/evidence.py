"""The guards that keep evidence fresh, end every wait, and leave nothing running after a failure."""

from tools.mutants.mutant import AZURE, FACTS, LIFE, Mutant

EVIDENCE = (
    Mutant(
        "other-boot-obeyed",
        "the guest ignores a request that was made for another boot",
        "    check_boot\n    check_system\n",
        "    check_system\n",
        ("tests/guest/test_linux_refusals.py",),
    ),
    Mutant(
        "mark-before-a-boot-accepted",
        "a mark that a boot follows proves nothing",
        "        booted = _KERNEL_STARTS.search(later) is not None\n",
        "        booted = _KERNEL_STARTS.search(later) is None and not later\n",
        ("tests/contracts",),
    ),
    Mutant(
        "proof-not-read-again",
        "the proof is read again right before the VM is marked generalized",
        "        yield from check_again(run, seen, begun, evidence)\n",
        "",
        (*LIFE, "tests/journeys/test_evidence.py"),
    ),
    Mutant(
        "begins-too-late",
        "a guest begins only while its run still waits",
        "timeout_seconds - needed - LATE_BEGIN_MARGIN_SECONDS",
        "timeout_seconds",
        LIFE,
    ),
    Mutant(
        "sent-to-a-started-vm",
        "nothing is sent to a VM that somebody else started",
        "    if _started_by_others(why) and now.power_state not in STOPPED:\n",
        "    if _started_by_others(why) and not vm:\n",
        ("tests/journeys/test_evidence.py",),
    ),
    Mutant(
        "foreign-deprovisioning-finished",
        "only a deprovisioning of this app is finished by a later run",
        " and found.app_name == job.settings.app_name\n",
        "\n",
        FACTS,
    ),
    Mutant(
        "malformed-event-ends-the-run",
        "an approval event of any other content is ignored",
        "        except ValueError:\n            # It did not come from the trigger",
        "        except KeyError:\n            # It did not come from the trigger",
        ("tests/triggers/test_operators.py",),
    ),
    Mutant(
        "vm-of-a-terminated-request-goes-on",
        "a VM whose request was terminated changes nothing",
        "        if batch.known and not batch.alive:\n",
        "        if batch.known and not batch:\n",
        ("tests/triggers/test_operators.py",),
    ),
    Mutant(
        "lifetime-ends-a-promotion",
        "the lifetime of a temporary VM ends no promotion",
        "    run = run.on_no_temporary_vm()\n    if options.validation",
        "    if options.validation",
        LIFE,
    ),
    Mutant(
        "other-vm-deallocated",
        "a cleanup deallocates only the VM that the run worked on",
        "vm=vm if vm.unique_id == request.unique_id else None",
        "vm=vm",
        (*AZURE, "tests/journeys/test_after_failures.py"),
    ),
)

"""Extensions on a VM: what protects it, and what must not get into an image of its clone."""

from contracts.error_codes import RefusalCode
from contracts.facts import PowerState, VmExtension
from policy.vm_checks import check_vm
from policy.vm_extensions import protected, sort_extensions, why_not_removed
from tests.support.requests import facts, job, vm_state
from tests.support.rows import rows

AGENT = "Microsoft.Azure.Monitor/AzureMonitorLinuxAgent"
LIST = (AGENT, "Microsoft.GuestConfiguration/ConfigurationforLinux")


def extension(kind: str = AGENT, state: str = "Succeeded", name: str = "one") -> VmExtension:
    publisher, _, kind_of = kind.partition("/")
    return VmExtension(name=name, publisher=publisher, type=kind_of, provisioning_state=state)


PROTECTION = [
    ("Microsoft.Azure.RecoveryServices/VMSnapshot", True),
    ("Microsoft.Azure.RecoveryServices/VMSnapshotLinux", True),
    ("Microsoft.Azure.RecoveryServices.WorkloadBackup/AzureBackupLinuxWorkload", True),
    ("Microsoft.Azure.RecoveryServices.SiteRecovery/Linux", True),
    ("microsoft.azure.recoveryservices.siterecovery2/LinuxRHEL7", True),
    (AGENT, False),
    ("Contoso/VMSnapshot", False),
]


@rows(("kind", "wanted"), PROTECTION)
def test_backup_and_site_recovery_are_known_by_their_publisher(kind: str, wanted: bool) -> None:
    vm = vm_state(extensions=(extension(kind),))
    assert [kind in refusal.message for refusal in protected(vm)] == [True] * wanted
    found = [refusal.code for refusal in check_vm(job(), facts(vm)).refusals]
    assert found == [RefusalCode.PROTECTED] * wanted


def test_a_vm_that_is_generalized_already_is_not_refused_for_its_protection() -> None:
    done = vm_state(
        generalized=True,
        power_state=PowerState.DEALLOCATED,
        extensions=(extension("Microsoft.Azure.RecoveryServices/VMSnapshot"),),
    )
    assert check_vm(job(), facts(done)).refusals == ()


SORTED = [
    (extension(), "removable"),
    (extension(AGENT.upper()), "removable"),
    (extension(state="succeeded"), "removable"),
    *[(extension(state=state), "busy") for state in ("Creating", "Updating", "Deleting", "Transitioning", "", "?")],
    (extension("Contoso/Agent", "Creating"), "busy"),
    (extension("Contoso/Agent"), "unwanted"),
    (extension(state="Failed"), "unwanted"),
    (extension(state="canceled"), "unwanted"),
    (extension("Microsoft.CPlat.Core/RunCommandHandlerLinux", "Creating"), "ignored"),
    (extension("Microsoft.CPlat.Core/RunCommandLinux"), "ignored"),
    (extension("Microsoft.CPlat.Core/LinuxHibernateExtension"), "unwanted"),
]


@rows(("found", "wanted"), SORTED)
def test_each_extension_is_waited_for_removed_or_refused(found: VmExtension, wanted: str) -> None:
    result = sort_extensions((found,), LIST)
    kinds = {"busy": result.busy, "removable": result.removable, "unwanted": result.unwanted}
    assert [kind for kind, listed in kinds.items() if listed] == [kind for kind in kinds if kind == wanted]
    assert all(found.name in text and found.kind in text for text in (*result.busy, *result.unwanted))


def test_nothing_is_removable_without_a_list() -> None:
    assert sort_extensions((extension(),), ()).unwanted == (f"one ({AGENT}) is not in GOLDEN_REMOVABLE_EXTENSIONS",)


def test_only_the_extension_that_was_seen_is_removed() -> None:
    assert why_not_removed(extension(AGENT.lower()), extension(), LIST) is None
    assert "has taken the place" in (why_not_removed(extension("Contoso/Agent"), extension(), LIST) or "")
    assert "any more" in (why_not_removed(extension(), extension(), LIST[1:]) or "")

"""Settings that must fit each other, and what else they are compared with."""

import pytest

from contracts.resource_ids import SecretId
from settings import BadSettings, read_settings


def faults(environment: dict[str, str]) -> str:
    with pytest.raises(BadSettings) as caught:
        read_settings(environment)
    return str(caught.value)


@pytest.mark.parametrize(
    ("history", "claims", "good"),
    [("30", "31", True), ("30", "30", False), ("31", "30", False), ("60", None, False), (None, "30", False)],
)
def test_claims_outlive_the_history(history: str | None, claims: str | None, good: bool) -> None:
    given = {"GOLDEN_HISTORY_DAYS": history, "GOLDEN_CLAIM_DAYS": claims}
    environment = {name: text for name, text in given.items() if text}
    if good:
        assert read_settings(environment).claim_days == int(claims or 0)
    else:
        told = faults(environment)
        assert told == "GOLDEN_CLAIM_DAYS must be more than GOLDEN_HISTORY_DAYS: claims outlive the history"


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"GOLDEN_SYSPREP_TIMEOUT_SECONDS": "1801"}, "windowsReport"),
        ({"GOLDEN_SHUTDOWN_DELAY_SECONDS": "301"}, "linuxStop"),
        ({"GOLDEN_SHUTDOWN_DELAY_SECONDS": "600"}, "windowsStop"),
    ],
)
def test_a_wait_that_ends_before_the_guest_may_end_is_a_fault(environment: dict[str, str], name: str) -> None:
    """With the default waits: the guest would seal itself after its run had failed."""
    short = '{"windowsStop": {"first": 60, "every": 20, "deadline": 899}}'
    more = {"GOLDEN_WAITS": short} if name == "windowsStop" else {}
    assert name in faults({**environment, **more})


@pytest.mark.parametrize(("hours", "good"), [("8", True), ("7", False), (None, True)])
def test_a_clone_may_live_until_its_image_is_whole(hours: str | None, good: bool) -> None:
    """The default publish deadline is 8 h."""
    if good:
        assert read_settings({"GOLDEN_TEMPORARY_HOURS": hours} if hours else {})
    else:
        assert "GOLDEN_WAITS.publish.deadline must be at most 25200 s" in faults(
            {"GOLDEN_TEMPORARY_HOURS": hours or ""}
        )


@pytest.mark.parametrize(
    "listed", ["https://Builds.Vault.azure.net/Secrets/s", "https://builds.vault.azure.net/secrets/S*/"]
)
def test_a_secret_is_the_same_in_any_spelling(listed: str) -> None:
    secret = SecretId.parse("https://BUILDS.vault.azure.net/secrets/S")
    assert secret.listed_in(read_settings({"GOLDEN_KEY_VAULTS": listed}).for_run().key_vaults)


@pytest.mark.parametrize("listed", ["https://builds.vault.azure.net", "https://builds.vault.azure.net/secrets/"])
def test_a_whole_vault_is_a_fault_that_says_to_name_the_secrets(listed: str) -> None:
    told = faults({"GOLDEN_KEY_VAULTS": listed})
    assert "is a whole vault: name the secrets" in told
    assert "https://builds.vault.azure.net/secrets/sysprep-*" in told

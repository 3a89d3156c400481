"""Settings that depend on each other, and values that are compared with settings."""

import pytest

from contracts.resource_ids import SecretId
from settings import BadSettings, read_settings


def faults(environment: dict[str, str]) -> str:
    with pytest.raises(BadSettings) as caught:
        read_settings(environment)
    return str(caught.value)


@pytest.mark.parametrize(
    ("history", "idempotency", "good"),
    [("30", "31", True), ("30", "30", False), ("31", "30", False), ("60", None, False), (None, "30", False)],
)
def test_idempotency_retention_is_longer_than_history(history: str | None, idempotency: str | None, good: bool) -> None:
    given = {"GOLDEN_HISTORY_RETENTION_DAYS": history, "GOLDEN_IDEMPOTENCY_RETENTION_DAYS": idempotency}
    environment = {name: text for name, text in given.items() if text}
    if good:
        assert read_settings(environment).idempotency_retention_days == int(idempotency or 0)
    else:
        assert faults(environment) == (
            "GOLDEN_IDEMPOTENCY_RETENTION_DAYS must be more than GOLDEN_HISTORY_RETENTION_DAYS: otherwise a request "
            "that is sent again could start a second run"
        )


@pytest.mark.parametrize(
    ("environment", "name"),
    [
        ({"GOLDEN_SYSPREP_TIMEOUT_SECONDS": "1801"}, "windowsReport"),
        ({"GOLDEN_SHUTDOWN_DELAY_SECONDS": "301"}, "linuxStop"),
        ({"GOLDEN_SHUTDOWN_DELAY_SECONDS": "600"}, "windowsStop"),
    ],
)
def test_a_timeout_before_the_guest_can_finish_is_a_fault(environment: dict[str, str], name: str) -> None:
    """Otherwise the guest would deprovision itself after its run has failed."""
    short = '{"windowsStop": {"initialDelaySeconds": 60, "intervalSeconds": 20, "timeoutSeconds": 899}}'
    more = {"GOLDEN_POLLING": short} if name == "windowsStop" else {}
    assert name in faults({**environment, **more})


@pytest.mark.parametrize(("hours", "good"), [("8", True), ("7", False), (None, True)])
def test_a_clone_may_exist_until_its_image_version_has_succeeded(hours: str | None, good: bool) -> None:
    """The default timeout of publishing is 8 h."""
    if good:
        assert read_settings({"GOLDEN_TEMPORARY_VM_MAX_HOURS": hours} if hours else {})
    else:
        assert "GOLDEN_POLLING.publish.timeoutSeconds must be at most 25200 s" in faults(
            {"GOLDEN_TEMPORARY_VM_MAX_HOURS": hours or ""}
        )


@pytest.mark.parametrize(
    "listed", ["https://Builds.Vault.azure.net/Secrets/s", "https://builds.vault.azure.net/secrets/S*/"]
)
def test_a_secret_is_the_same_in_any_spelling(listed: str) -> None:
    secret = SecretId.parse("https://BUILDS.vault.azure.net/secrets/S")
    assert secret.listed_in(read_settings({"GOLDEN_ALLOWED_SECRETS": listed}).for_run().allowed_secrets)


@pytest.mark.parametrize("listed", ["https://builds.vault.azure.net", "https://builds.vault.azure.net/secrets/"])
def test_an_entire_vault_is_a_fault_that_says_to_name_the_secrets(listed: str) -> None:
    reported = faults({"GOLDEN_ALLOWED_SECRETS": listed})
    assert "is an entire vault: name the secrets" in reported
    assert "https://builds.vault.azure.net/secrets/sysprep-*" in reported


@pytest.mark.parametrize(
    ("text", "tag", "value"), [("a=b", "a", "b"), ("a=b=c", "a", "b=c"), (" a=b ", "a", "b"), ("a= b", "a", " b")]
)
def test_the_opt_in_tag_is_split_at_the_first_equals_sign(text: str, tag: str, value: str) -> None:
    found = read_settings({"GOLDEN_OPT_IN_TAG": text}).for_run()
    assert (found.opt_in_tag, found.opt_in_value) == (tag, value)


def test_extensions_are_named_by_publisher_and_type_and_none_may_be_removable() -> None:
    assert "Microsoft.Azure.Monitor/AzureMonitorLinuxAgent" in read_settings({}).removable_extensions
    assert read_settings({"GOLDEN_REMOVABLE_EXTENSIONS": "none"}).removable_extensions == ()
    for wrong in ("AzureMonitorLinuxAgent", "a/b/c", "a/*", "*/*", "a/b none", "/b"):
        assert "GOLDEN_REMOVABLE_EXTENSIONS" in faults({"GOLDEN_REMOVABLE_EXTENSIONS": wrong})

"""The table of settings as Markdown."""

from contracts.polling import Polling, PollingSettings
from settings import PREFIX, Settings

_HEAD = """# Settings

`make docs` generates this page from `contracts/settings.py` and `contracts/polling.py`. Change it there.

Names are upper case. A setting with the prefix `GOLDEN_` that is not listed here is refused, so that a misspelled guard
is never ignored.

A run keeps a copy of the settings that it was accepted under, and never gains anything from a later change. It can
lose: each step that creates, changes or deletes something asks the settings of now too (scopes, triggers, opt-in tag,
secrets, demanded approvals, cleanup mode, pause), and the stricter answer wins. Before the point of no return such a
run ends as refused, with nothing changed. After it, it fails with `NoLongerAllowed`: its VM is deallocated, what is
temporary is deleted, nothing else is done.
"""
_PLACES = """
## Build places

`GOLDEN_BUILD_PLACES` is a JSON list with one place for each region of a subscription, at most 32:

```json
[
  {
    "region": "westeurope",
    "resourceGroupId": "/subscriptions/<guid>/resourceGroups/golden-builds",
    "subnetId": "/subscriptions/<guid>/…/providers/Microsoft.Network/virtualNetworks/<name>/subnets/<name>",
    "rollbackResourceGroupId": "/subscriptions/<guid>/resourceGroups/golden-rollback"
  }
]
```

| Member | Meaning |
|---|---|
| `region` | Region of the VMs that the place is for. |
| `resourceGroupId` | Group of temporary VMs, their disks and networks, in the subscription of the VMs. |
| `subnetId` | Subnet of temporary VMs, in the same subscription and in `region`. |
| `rollbackResourceGroupId` | Group of rollback snapshots, in the same subscription; by default `resourceGroupId`. |

A VM has the place of its own subscription and region: Azure creates an incremental snapshot only in the subscription of
its disk. What a request names (`resourceGroupId`, `subnetId`) wins, each. Without a place and without both names a
clone, and the validation of an image, are refused (`BuildPlaceMissing`). A temporary VM is created in the VM's own
group only if the request names it. Without a place, a rollback snapshot stays in the VM's own group, and is lost when
somebody deletes that group; the result says so.

Each group must be in `GOLDEN_ALLOWED_SCOPES`: cleanups search there. [rights.md](rights.md) lists what the groups of a
place must grant, and what a production group still needs.
"""
_POLLING = """
## Polling

`GOLDEN_POLLING` is a JSON object with the stages that differ from the defaults, for example
`{"linuxStop": {"initialDelaySeconds": 75, "intervalSeconds": 30, "timeoutSeconds": 1200}}`. All values are in seconds.
`intervalSeconds` is at least 15, because Azure allows 12 reads and 4 writes a minute for one VM.
"""


def settings_page() -> str:
    """Return the page: every setting with its default, then the polling of each stage with its defaults."""
    rows = [
        f"| `{PREFIX}{name.upper()}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    polling = PollingSettings()
    polling_rows = [
        f"| `{field.alias}` | {each.initial_delay_seconds} | {each.interval_seconds} | {each.timeout_seconds} |"
        for name, field in PollingSettings.model_fields.items()
        if isinstance(each := getattr(polling, name), Polling)
    ]
    return "\n".join(
        [
            _HEAD,
            "| Setting | Default | Meaning |",
            "|---|---|---|",
            *rows,
            _PLACES + _POLLING,
            "| Stage | `initialDelaySeconds` | `intervalSeconds` | `timeoutSeconds` |",
            "|---|---|---|---|",
            *polling_rows,
            "",
        ]
    )


def _default(value: object) -> str:
    if value is None or value == () or value == {}:
        return ""
    return "see below" if isinstance(value, PollingSettings) else f"`{value}`"

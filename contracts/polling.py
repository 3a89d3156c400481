"""Every interval, limit of attempts and deadline of the app: those that a setting changes, and those that none does."""

from datetime import timedelta
from typing import Self

from pydantic import Field, model_validator

from contracts.message import StrictMessage

LONGEST_SILENCE_SECONDS = 90
"""A run may pause for this long after a crash of the host, and after every ordinary stop of it (deployment, restart,
scale-in). This is not an error.

The messages that the stopped host had dequeued become visible to other hosts after the visibility timeout in
host.json (60 s) and one polling interval (2 s). A new host needs 5 to 20 s to start. Measured: 80 to 85 s after a kill.
"""
POLICIES_HOLD = timedelta(minutes=30)
"""For how long an answer about policies is good: Azure takes up to 30 minutes to apply a new assignment."""
LEAST_TIMEOUT_SECONDS = 120
"""The shortest timeout of a wait: what it waits for may happen during such a pause, and must still be read once after
it."""


class Polling(StrictMessage):
    """How a stage polls Azure: initial delay, interval and timeout, in seconds.

    One poll costs up to two reads, or one write. An interval below 15 s would exceed the rate at which Azure refills
    its throttling buckets for one VM (12 reads and 4 writes a minute).
    """

    initial_delay_seconds: int = Field(ge=0, le=3_600)
    interval_seconds: int = Field(ge=15, le=300)
    timeout_seconds: int = Field(ge=LEAST_TIMEOUT_SECONDS, le=86_400)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.timeout_seconds < self.initial_delay_seconds + LONGEST_SILENCE_SECONDS:
            raise ValueError(
                f"timeoutSeconds must be at least {LONGEST_SILENCE_SECONDS} s more than initialDelaySeconds: after a "
                "deployment or a crash a run may pause for that long"
            )
        return self


class PollingSettings(StrictMessage):
    """The polling of every stage; the defaults follow durations measured on Azure."""

    linux_report: Polling = Polling(initial_delay_seconds=20, interval_seconds=15, timeout_seconds=600)
    windows_report: Polling = Polling(initial_delay_seconds=180, interval_seconds=30, timeout_seconds=2_700)
    linux_stop: Polling = Polling(initial_delay_seconds=75, interval_seconds=20, timeout_seconds=900)
    windows_stop: Polling = Polling(initial_delay_seconds=60, interval_seconds=20, timeout_seconds=900)
    serial_mark: Polling = Polling(initial_delay_seconds=20, interval_seconds=20, timeout_seconds=1_200)
    deallocate: Polling = Polling(initial_delay_seconds=38, interval_seconds=15, timeout_seconds=900)
    generalize: Polling = Polling(initial_delay_seconds=0, interval_seconds=15, timeout_seconds=600)
    evidence: Polling = Polling(initial_delay_seconds=20, interval_seconds=15, timeout_seconds=240)
    snapshot: Polling = Polling(initial_delay_seconds=5, interval_seconds=20, timeout_seconds=3_600)
    disk: Polling = Polling(initial_delay_seconds=3, interval_seconds=15, timeout_seconds=1_800)
    network: Polling = Polling(initial_delay_seconds=0, interval_seconds=15, timeout_seconds=600)
    vm: Polling = Polling(initial_delay_seconds=60, interval_seconds=20, timeout_seconds=1_800)
    restart: Polling = Polling(initial_delay_seconds=60, interval_seconds=20, timeout_seconds=1_800)
    script: Polling = Polling(initial_delay_seconds=20, interval_seconds=30, timeout_seconds=3_600)
    identity: Polling = Polling(initial_delay_seconds=20, interval_seconds=15, timeout_seconds=600)
    managed_image: Polling = Polling(initial_delay_seconds=15, interval_seconds=20, timeout_seconds=3_600)
    publish: Polling = Polling(initial_delay_seconds=240, interval_seconds=120, timeout_seconds=28_800)
    delete: Polling = Polling(initial_delay_seconds=10, interval_seconds=20, timeout_seconds=1_800)


# No setting changes the polling below: each is about Azure or the engine, not about the operator's VMs.

INSPECT_LIMIT = timedelta(minutes=15)
"""How long reading the VM may be throttled before the run is refused."""
SCRIPT_REPORT_MARGIN_SECONDS = 300
"""Run Command ends a script at its deadline; Azure may show that some minutes later."""
WINDOWS_REPORT_MARGIN_SECONDS, LINUX_STOP_MARGIN_SECONDS, WINDOWS_STOP_MARGIN_SECONDS = 900, 600, 300
"""How much longer these timeouts must be than Sysprep may take, or than the guest waits before it stops."""
LATE_BEGIN_MARGIN_SECONDS, LEAST_BEGIN_SECONDS = 120, 60
"""How much earlier than its run stops waiting the work in the guest must have begun, on top of what it takes."""
RECOVERY_READ_LIMIT = timedelta(minutes=3)
"""How long reading a VM that is to be recovered may be throttled; then it counts as it was seen last."""
LONG_DEALLOCATION = Polling(initial_delay_seconds=35, interval_seconds=300, timeout_seconds=14_400)
"""After a failure: a stopped VM is billed, so deallocation is tried for hours, even while Azure is not available."""
RUN_COMMAND_REMOVAL = Polling(initial_delay_seconds=0, interval_seconds=15, timeout_seconds=180)
PROMOTION = Polling(initial_delay_seconds=15, interval_seconds=60, timeout_seconds=1_800)
"""An update that changes no region takes Azure a minute or two, now and then longer."""
RETIREMENT = Polling(initial_delay_seconds=0, interval_seconds=60, timeout_seconds=900)
DELETION_LEAST_SECONDS = 180
"""However late it is, the deletion of each kind of resource is polled for this long."""
LONGEST_PAUSE_SECONDS = 300
"""Pauses that grow end here: between polls of a deletion, of a cleanup and of a version's replication."""

PAUSED_SECONDS, LONGEST_PAUSED_SECONDS = 300, 3_600
"""A run asks whether the app is still paused after 5 minutes, then ever more rarely, once an hour in the end."""
LONGEST_APP_PAUSE = timedelta(days=7)

RETRY_FIRST = timedelta(seconds=5)
RETRY_LONGEST = timedelta(seconds=60)
RETRY_ATTEMPTS = 4
"""Attempts of one activity that raises: after 5 s, then twice as long each time, 60 s at most."""
THROTTLED_ATTEMPTS = 20
"""Attempts of one request that Azure throttles, each after Azure's own Retry-After."""

LONGEST_RUN = timedelta(days=30)
"""How long a request waits for the run of one VM. That waits for an approval and a pause for a week each at most, then
for hours: only one that an operator suspended, or that hangs, takes longer."""
PUBLISH_END_MARGIN = timedelta(hours=2)
"""How long after its own deadline a publication may take to end."""
LEASE_UNKNOWN_SECONDS = 60
"""A holder that the engine does not know is asked for again after this, before its lease is taken over."""
LEASE_ATTEMPTS = 5
LEASE_ANSWER = timedelta(seconds=2 * LONGEST_SILENCE_SECONDS)
"""How long a lease may take to answer: a call under way when its host stops is answered by another host."""
LEASE_PAUSE_SECONDS = 5
FORWARD_AGAIN_SECONDS = 5
"""When an event is forwarded again: a VM that was started in the same turn may not have received it."""

VERSION_ATTEMPTS = 3
"""Image versions that one run creates, one after the other, while they fail."""
VERSION_NAMES = 20
"""Names that one run tries while each is taken."""
VERSION_UPDATES = 10
"""Updates of the regions of one version."""
TURNS_PER_EXECUTION = 20
"""Turns of publish_image before it continues as new, so that hours of replication leave a short history."""
REPLICATION_PAUSE_GROWTH_SECONDS = 20
"""How much longer each pause between two polls of a version's replication is than the last."""
PUBLISH_THROTTLE_LIMIT = timedelta(minutes=30)
DEFINITION_BUSY_PAUSE_SECONDS = 20
VERSION_AGAIN_PAUSE_SECONDS = 60

CLEANUP_REFUSALS = 3
"""Times that Azure may refuse the deletion of one resource before a cleanup leaves it to the next one."""

ENTITY_FIRST_PAUSE_SECONDS = 0.05
ENTITY_LONGEST_PAUSE_SECONDS = 2.0
ENTITY_PAUSE_GROWTH = 1.5
"""A trigger that waits for an entity reads it after 50 ms, then after ever longer pauses up to 2 s."""
LONGEST_RETRY_AFTER_SECONDS = 1_800
"""The longest Retry-After that is obeyed as it is."""
DEFAULT_RETRY_AFTER_SECONDS = 60
"""Used when Azure throttles and names no time."""

CONNECT_SECONDS = 15
READ_SECONDS = 60
"""How long one request to Azure may take to connect, and to answer."""
SERIAL_LOG_URL_MINUTES = 5
"""How long the signed URL of a serial log is valid."""
LINUX_SCRIPT_SECONDS = 300
SYSPREP_SCRIPT_MARGIN_SECONDS = 600
"""How long Run Command lets the deprovisioning script run; on Windows on top of GOLDEN_SYSPREP_TIMEOUT_SECONDS."""
EVIDENCE_SCRIPT_SECONDS = 120
IDENTITY_SCRIPT_SECONDS = 180
RETRY_AFTER = "15"
"""The Retry-After, in seconds, of the HTTP endpoints."""
CLEANUP_SCHEDULE = "0 30 * * * *"
HOUSEKEEPING_SCHEDULE = "0 17 3 * * *"

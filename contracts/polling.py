"""Every interval, limit of attempts and deadline of the app: those that a setting changes, and those that none does.

Not here, because they must travel alone: what the guest scripts wait for (`guest/`), and `host.json`.
"""

from datetime import timedelta
from typing import NamedTuple, Self

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
LONGEST_PAUSE_SECONDS = 300
"""Pauses end here, also those that grow: between polls of a deletion, of a cleanup, of a script and of a version's
replication. A person who waits for the end does not notice five minutes more."""
LEAST_PAUSE_SECONDS = 1
"""A pause that ends at a deadline, however near: a timer of no length would end before the deadline has passed."""


class Polling(StrictMessage):
    """How a stage polls Azure: initial delay, interval and timeout, in seconds.

    One poll costs up to two reads, or one write. An interval below 15 s would exceed the rate at which Azure refills
    its throttling buckets for one VM (12 reads and 4 writes a minute).
    """

    initial_delay_seconds: int = Field(ge=0, le=3_600)
    interval_seconds: int = Field(ge=15, le=LONGEST_PAUSE_SECONDS)
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
    """The polling of every stage, which GOLDEN_POLLING changes; the defaults follow durations measured on Azure."""

    # Run Command delivers a script after 4 to 7 s and shows its end 10 to 13 s later; Sysprep needs minutes.
    linux_report: Polling = Polling(initial_delay_seconds=20, interval_seconds=15, timeout_seconds=600)
    windows_report: Polling = Polling(initial_delay_seconds=180, interval_seconds=30, timeout_seconds=2_700)
    # The guest waits a minute (GOLDEN_SHUTDOWN_DELAY_SECONDS) before it begins (Linux) or stops (Windows).
    linux_stop: Polling = Polling(initial_delay_seconds=75, interval_seconds=20, timeout_seconds=900)
    windows_stop: Polling = Polling(initial_delay_seconds=60, interval_seconds=20, timeout_seconds=900)
    # The serial log lags behind the VM, by ten minutes at times.
    serial_mark: Polling = Polling(initial_delay_seconds=20, interval_seconds=20, timeout_seconds=1_200)
    # Takes 31 to 37 s.
    deallocate: Polling = Polling(initial_delay_seconds=38, interval_seconds=15, timeout_seconds=900)
    # Takes effect at once.
    generalize: Polling = Polling(initial_delay_seconds=0, interval_seconds=15, timeout_seconds=600)
    # Two minutes of script, and what Run Command needs around it.
    evidence: Polling = Polling(initial_delay_seconds=20, interval_seconds=15, timeout_seconds=240)
    # A second or two each; a large disk may take far longer.
    snapshot: Polling = Polling(initial_delay_seconds=5, interval_seconds=20, timeout_seconds=3_600)
    disk: Polling = Polling(initial_delay_seconds=3, interval_seconds=15, timeout_seconds=1_800)
    network: Polling = Polling(initial_delay_seconds=0, interval_seconds=15, timeout_seconds=600)
    # 25 to 45 s until the VM exists, and 20 to 30 s more until its agent reports.
    vm: Polling = Polling(initial_delay_seconds=60, interval_seconds=20, timeout_seconds=1_800)
    capacity: Polling = Polling(initial_delay_seconds=0, interval_seconds=120, timeout_seconds=3_600)
    restart: Polling = Polling(initial_delay_seconds=60, interval_seconds=20, timeout_seconds=1_800)
    # Its timeout is for starting the script; each script has a deadline of its own.
    script: Polling = Polling(initial_delay_seconds=20, interval_seconds=30, timeout_seconds=3_600)
    # Three minutes of script, and an agent that may still be starting.
    identity: Polling = Polling(initial_delay_seconds=20, interval_seconds=15, timeout_seconds=600)
    managed_image: Polling = Polling(initial_delay_seconds=15, interval_seconds=20, timeout_seconds=3_600)
    # 8 to 9 min in the home region, up to 25 min in another, and hours for many regions or large disks.
    publish: Polling = Polling(initial_delay_seconds=240, interval_seconds=120, timeout_seconds=28_800)
    # A VM takes 15 to 30 s, and holds what hangs on it.
    delete: Polling = Polling(initial_delay_seconds=10, interval_seconds=20, timeout_seconds=1_800)


class Range(NamedTuple):
    """The default of a setting or of a request's option, and the least and the most that it may be."""

    default: int
    least: int
    most: int


# Other durations that settings or requests change.

TEMPORARY_VM_HOURS = Range(default=24, least=2, most=168)
"""A clone must exist until its image version is replicated (8 h by default); an orphan of a week costs enough."""
ROLLBACK_SNAPSHOT_DAYS = Range(default=14, least=1, most=3_650)
"""Two weeks to notice that the wrong VM was generalized."""
CLEANUP_MIN_AGE_MINUTES = Range(default=120, least=15, most=10_080)
"""Far longer than a run's own deletions take, which a cleanup must not disturb."""
SHUTDOWN_DELAY_SECONDS = Range(default=60, least=10, most=600)
"""Run Command needs 10 to 13 s to report, and the guest agent must still be alive then."""
SYSPREP_TIMEOUT_SECONDS = Range(default=1_800, least=300, most=4_500)
"""Usually minutes. The most, with the margin of the script, is less than the 90 min after which Azure ends it."""
HISTORY_RETENTION_DAYS = Range(default=30, least=1, most=3_650)
"""A month for reading results."""
IDEMPOTENCY_RETENTION_DAYS = Range(default=60, least=2, most=3_650)
"""Longer than the history: a request that is sent again after its run was purged starts no second one."""
SCRIPT_DEADLINE_MINUTES = Range(default=60, least=1, most=240)
"""An hour of updates is usual; the clone's lifetime must also hold what follows."""
APPROVAL_MINUTES = Range(default=7 * 24 * 60, least=1, most=7 * 24 * 60)
"""A week, so that a holiday passes. The default is for approvals that the app demands and the request does not."""
IMAGE_RETENTION_MIN_AGE_DAYS = Range(default=7, least=0, most=3_650)
"""Somebody may have begun to use a version that is a few days old."""
LISTED_DAYS = Range(default=7, least=1, most=365)
"""How far back GET /api/runs looks: last week's runs are of interest; more than a year is too long to query."""
TIMER_SCHEDULE = "0 0 4 * * 0"
"""By default the timer trigger fires on Sunday at 4:00 UTC, when few people work."""

# No setting changes what follows: it is about Azure or the engine, not about the operator's VMs.

# One VM, up to the point of no return.

INSPECT_LIMIT = timedelta(minutes=15)
"""How long reading the VM may be throttled before the run is refused: nothing is lost if it is sent again later."""
PAUSED_SECONDS, LONGEST_PAUSED_SECONDS = 300, 3_600
"""A run asks whether the app is still paused after 5 minutes, then ever more rarely, once an hour in the end."""
LONGEST_APP_PAUSE = timedelta(days=7)
"""As long as an approval may take: what was checked before is old then."""
SCRIPT_REPORT_MARGIN_SECONDS = 300
"""Run Command ends a script at its deadline; Azure may show that some minutes later."""
POLLS_OF_A_SCRIPT = 60
"""A script that may run for hours is polled more rarely, about 60 times in all: each poll is in the run's history."""

# One VM, from the point of no return.

LINUX_SCRIPT_SECONDS = 300
SYSPREP_SCRIPT_MARGIN_SECONDS = 600
"""How long Run Command lets the deprovisioning script run; on Windows on top of GOLDEN_SYSPREP_TIMEOUT_SECONDS. The
script ends far earlier: on Linux it only schedules the work."""
EVIDENCE_SCRIPT_SECONDS, IDENTITY_SCRIPT_SECONDS = 120, 180
"""These scripts only read, which takes seconds; a guest that is slower hangs."""
WINDOWS_REPORT_MARGIN_SECONDS, LINUX_STOP_MARGIN_SECONDS, WINDOWS_STOP_MARGIN_SECONDS = 900, 600, 300
"""How much longer these timeouts must be than Sysprep may take, or than the guest waits before it stops."""
LATE_BEGIN_MARGIN_SECONDS, LEAST_BEGIN_SECONDS = 120, 60
"""How much earlier than its run stops waiting the work in the guest must have begun, on top of what it takes."""
RECOVERY_READ_LIMIT = timedelta(minutes=3)
"""How long reading a VM that is to be recovered may be throttled; then it counts as it was seen last."""
LONG_DEALLOCATION = Polling(initial_delay_seconds=35, interval_seconds=300, timeout_seconds=14_400)
"""After a failure: a stopped VM is billed, so deallocation is tried for hours, even while Azure is not available."""
EXTENSIONS = Polling(initial_delay_seconds=0, interval_seconds=20, timeout_seconds=1_800)
"""How long the extensions on a clone may take to be installed and removed; Azure itself gives each up after 90 minutes,
and the clone costs money."""
RUN_COMMAND_REMOVAL = Polling(initial_delay_seconds=0, interval_seconds=15, timeout_seconds=180)
"""Takes 4 to 8 s, and what remains harms nothing: not worth a long wait."""
DELETION_LEAST_SECONDS = 180
"""However late it is, the deletion of each kind of resource is polled for this long: most take less than a minute."""

# Images.

PROMOTION = Polling(initial_delay_seconds=15, interval_seconds=60, timeout_seconds=1_800)
"""An update that changes no region takes Azure a minute or two, now and then longer."""
RETIREMENT = Polling(initial_delay_seconds=0, interval_seconds=60, timeout_seconds=900)
"""Deleting an older version takes 10 to 30 s; one that remains is deleted by the next run."""
VERSION_ATTEMPTS = 3
"""Image versions that one run creates, one after the other, while they fail: each may take hours."""
VERSION_NAMES = 20
"""Names that one run tries while each is taken: so many other runs do not choose one at the same time."""
VERSION_UPDATES = 10
"""Updates of the regions of one version: each region is removed and added again once at most."""
TURNS_PER_EXECUTION = 20
"""Turns of publish_image before it continues as new, so that hours of replication leave a short history."""
REPLICATION_PAUSE_GROWTH_SECONDS = 20
"""How much longer each pause between two polls of a version's replication is than the last."""
PUBLISH_THROTTLE_LIMIT = timedelta(minutes=30)
"""How long one request of a publication may be throttled: it has hours."""
PUBLISH_END_MARGIN = timedelta(hours=2)
"""How long after its own deadline a publication may take to end: it deletes a failed version for half an hour."""
DEFINITION_BUSY_PAUSE_SECONDS, VERSION_AGAIN_PAUSE_SECONDS = 20, 60
"""Until an image definition that another run holds is asked for again, which holds it for seconds only; and until a
version whose creation Azure did not accept is created again."""

# Runs, leases and events.

RETRY_FIRST, RETRY_LONGEST = timedelta(seconds=5), timedelta(seconds=60)
RETRY_ATTEMPTS = 4
"""Attempts of one activity that raises: after 5 s, then twice as long each time, 60 s at most."""
THROTTLED_ATTEMPTS = 20
"""Attempts of one request that Azure throttles, each after Azure's own Retry-After."""
LONGEST_RUN = timedelta(days=30)
"""How long a request waits for the run of one VM. That waits for an approval and a pause for a week each at most, then
for hours: only one that an operator suspended, or that hangs, takes longer."""
LEASE_UNKNOWN_SECONDS = 60
"""A holder that the engine does not know is asked for again after this, before its lease is taken over."""
LEASE_ATTEMPTS = 5
LEASE_ANSWER = timedelta(seconds=2 * LONGEST_SILENCE_SECONDS)
"""How long a lease may take to answer: a call under way when its host stops is answered by another host."""
LEASE_PAUSE_SECONDS = 5
"""Between two attempts: long enough for an entity that failed once, short beside the wait for an answer."""
FORWARD_AGAIN_SECONDS = 5
"""When an event is forwarded again: a VM that was started in the same turn may not have received it."""
ENTITY_FIRST_PAUSE_SECONDS, ENTITY_LONGEST_PAUSE_SECONDS = 0.05, 2.0
ENTITY_PAUSE_GROWTH = 1.5
"""A trigger that waits for an entity reads it after 50 ms, then after ever longer pauses up to 2 s."""

# Cleanup, housekeeping and lists of runs.

CLEANUP_SCHEDULE = "0 30 * * * *"
HOUSEKEEPING_SCHEDULE = "0 17 3 * * *"
"""Hourly, since what is orphaned is billed by the hour; daily, since retention is in days. At odd minutes, so that
they do not meet what others schedule at the full hour."""
CLEANUP_DELETION = Polling(initial_delay_seconds=10, interval_seconds=30, timeout_seconds=1_800)
CLEANUP_DEALLOCATION = Polling(initial_delay_seconds=38, interval_seconds=30, timeout_seconds=900)
"""As long as a run's own, but rarer: nobody waits for a cleanup, and the next one goes on."""
CLEANUP_LOOK_BACK_DAYS = 7
"""How far back a cleanup reads ended runs whose VM may be billed: it runs hourly, so a week allows a long outage."""
CLEANUP_REFUSALS = 3
"""Times that Azure may refuse the deletion of one resource before a cleanup leaves it to the next one."""
SCHEDULE_EARLY = timedelta(seconds=5)
"""A tick that is this early belongs to its own occurrence: the clocks of hosts differ."""
SCHEDULE_RESOLUTION = timedelta(seconds=1)
"""Schedules have full seconds."""
LIST_AHEAD = timedelta(minutes=5)
"""A list of runs begins this far in the future: the engine's clock may be ahead of this host's."""
LIST_FIRST_WINDOW, LIST_WINDOW_GROWTH = timedelta(hours=1), 2
"""It is read in windows of time, backwards: a busy hour fills a page, and twelve doublings reach half a year."""

# Requests to Azure, and answers to callers.

CONNECT_SECONDS, READ_SECONDS = 15, 60
"""How long one request to Azure may take to connect, and to answer: it is sent again by the orchestrator."""
LONGEST_RETRY_AFTER_SECONDS = 1_800
"""The longest Retry-After that is obeyed as it is."""
DEFAULT_RETRY_AFTER_SECONDS = 60
"""Used when Azure throttles and names no time: its buckets refill within a minute."""
SIZES_KEPT_SECONDS = 300
"""How long a process keeps the list of a region's VM sizes, about 2 MB."""
SERIAL_LOG_URL_MINUTES = 5
"""How long the signed URL of a serial log is valid: it is read at once."""
RETRY_AFTER = "15"
"""The Retry-After, in seconds, of the HTTP endpoints: no stage is polled more often."""

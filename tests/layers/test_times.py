"""The checker reports a time outside of contracts/polling.py, however it is written, and nothing else."""

from tests.layers.fault import Source
from tests.layers.times import HOME, time_faults

FILE = "orchestrators/golden_image/power.py"
BAD = (
    "WAIT = Polling(initial_delay_seconds=0, interval_seconds=15, timeout_seconds=600)",
    "class Job(Message):\n    delete: Polling = Polling(10, 30, 900)",
    "_EARLY = timedelta(seconds=5)",
    "_EARLY = datetime.timedelta(minutes=count)",
    "_AGE: timedelta = timedelta(days=days)",
    "LONGEST_MINUTES = 7 * 24 * 60",
    "FIRST, REPORT_SECONDS = 1, limit",
    "MOST_days: int = longest",
    "def f():\n    return now + timedelta(hours=1.5)",
    "def f():\n    return now + timedelta(seconds=2 * 60)",
    "def f():\n    return now + timedelta(seconds=value + 5)",
    "class Settings(Message):\n    retention_days: int = Field(default=default, ge=1)",
    "class Settings(Message):\n    deadline_minutes: int = 60",
    'wait.model_copy(update={"interval_seconds": min(300, interval)})',
    "put(script, timeout_seconds=120)",
    "get(address, timeout=ClientTimeout(total=60))",
    "asyncio.sleep(0.5)",
    "LEAST = Range(default=1, least=1, most=2)",
)
GOOD = (
    "from contracts.polling import EARLY, READ_SECONDS",
    "def f():\n    limit_seconds = use.deadline_minutes * 60\n    return timedelta(seconds=limit_seconds)",
    "def f():\n    return now + timedelta(seconds=60 * minutes) - timedelta(0)",
    "class Settings(Message):\n    retention_days: int = Field(default=DAYS.default, ge=DAYS.least)",
    "class Job(Message):\n    timeout_seconds: int",
    "class Job(Message):\n    delete: Polling = CLEANUP_DELETION",
    'wait.model_copy(update={"timeout_seconds": limit + MARGIN, "attempts": 3})',
    "job(age_minutes=hours * 60 + ceil(seconds / 60), count=5)",
    "MOST_PAGES = 20",
)


def _is_reported(text: str, file: str = FILE) -> bool:
    return bool(list(time_faults(Source(file, text))))


def test_a_time_elsewhere_is_reported() -> None:
    assert [text for text in BAD if not _is_reported(text)] == []
    assert [text for text in BAD if _is_reported(text, HOME) or _is_reported(text, "tools/demo/x.py")] == []


def test_what_is_no_number_of_time_is_not_reported() -> None:
    assert [text for text in GOOD if _is_reported(text)] == []


def test_a_fault_names_the_line_and_the_place_to_go() -> None:
    (fault,) = time_faults(Source(FILE, "x = 1\n_EARLY = timedelta(seconds=early)\n"))
    assert str(fault) == f"{FILE}:2: _EARLY is a constant of time: move the number to {HOME}"

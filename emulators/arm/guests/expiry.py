"""When a request to deprovision is too old, as the guest scripts check it."""

import re
from datetime import datetime

_EPOCH_SECONDS = re.compile(r"[1-9][0-9]{9,10}")


def is_epoch(text: str) -> bool:
    """Whether a parameter holds epoch seconds: 10 or 11 decimal digits without a leading zero."""
    return _EPOCH_SECONDS.fullmatch(text) is not None


def seconds_late(not_after: str, now: datetime) -> int:
    """Full seconds since `not_after` (see is_epoch); zero or less while the request is valid."""
    return int(now.timestamp()) - int(not_after)

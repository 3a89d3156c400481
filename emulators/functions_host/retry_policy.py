"""A function's retry policy, as its `@app.retry(…)` declares it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from emulators.functions_host.worker_protocol import RpcRetryOptions

_ENDLESS = -1


@dataclass(frozen=True)
class RetryPolicy:
    """How often and after which delays a failed run is repeated; a count of -1 is unlimited.

    On Azure a timer's function can have one; queue messages have their delivery count, HTTP functions have none.

    Source: https://learn.microsoft.com/azure/azure-functions/functions-bindings-error-pages#retry-policies
    """

    max_retry_count: int
    shortest: timedelta
    longest: timedelta

    def allows(self, retries: int) -> bool:
        """Whether another retry follows after `retries` retries."""
        return self.max_retry_count == _ENDLESS or retries < self.max_retry_count

    def delay(self, retry: int) -> timedelta:
        """The delay before the retry of this number (from 1): twice the previous one, within the limits."""
        # 2**31 times a millisecond exceeds every longest delay; the limit prevents an overflow with unlimited retries.
        return min(self.shortest * 2 ** min(retry - 1, 31), self.longest)


def read_retry_policy(options: RpcRetryOptions | None) -> RetryPolicy | None:
    """The policy in the worker's metadata, or None."""
    if options is None:
        return None
    if options.retry_strategy == "fixed_delay":
        wait = cast(timedelta, options.delay_interval)
        return RetryPolicy(options.max_retry_count, wait, wait)
    return RetryPolicy(
        options.max_retry_count,
        cast(timedelta, options.minimum_interval),
        cast(timedelta, options.maximum_interval),
    )

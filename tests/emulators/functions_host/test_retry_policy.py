"""How often and after which waits a failed run is repeated."""

from datetime import timedelta

from emulators.functions_host.retry_policy import read_retry_policy
from emulators.functions_host.worker_protocol import RpcRetryOptions


def test_a_fixed_delay_stays_and_ends_with_the_count() -> None:
    policy = read_retry_policy(RpcRetryOptions(2, "fixed_delay", delay_interval=timedelta(seconds=5)))
    assert policy is not None
    assert [policy.delay(n).total_seconds() for n in (1, 2, 3)] == [5, 5, 5]
    assert [policy.allows(n) for n in (0, 1, 2)] == [True, True, False]


def test_an_exponential_delay_doubles_up_to_its_longest_and_may_be_endless() -> None:
    options = RpcRetryOptions(
        -1, "exponential_backoff", minimum_interval=timedelta(seconds=2), maximum_interval=timedelta(seconds=9)
    )
    policy = read_retry_policy(options)
    assert policy is not None
    assert [policy.delay(n).total_seconds() for n in (1, 2, 3, 4, 10_000)] == [2, 4, 8, 9, 9]
    assert policy.allows(10_000)


def test_no_policy_is_none() -> None:
    assert read_retry_policy(None) is None

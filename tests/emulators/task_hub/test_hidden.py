"""Hidden messages: how long, which rows, and in what order they become visible."""

import pytest

from emulators.task_hub.hidden import SECOND, Hidden, Item, back_off, hidden_until
from emulators.task_hub.worker_stream import Work

MINUTE = 60 * SECOND


@pytest.mark.parametrize(
    ("lived", "seen_after"),
    [(0, 60), (29, 60), (30, 90), (59, 90), (61, 120)],
    ids=["at once", "before the renewal", "at the renewal", "after it", "after the second"],
)
def test_a_living_host_renews_half_a_minute_before_the_end(lived: int, seen_after: int) -> None:
    given = 1_000 * SECOND
    assert hidden_until(given, given + lived * SECOND, MINUTE) == given + seen_after * SECOND


def test_a_short_timeout_is_renewed_at_half() -> None:
    assert hidden_until(0, 5 * SECOND, 8 * SECOND) == 12 * SECOND
    assert hidden_until(0, 0, 1) == 1


def test_what_is_put_back_waits_longer_each_time() -> None:
    assert [back_off(times) // SECOND for times in (1, 2, 3, 9, 10, 50)] == [2, 4, 8, 512, 600, 600]


def test_rows_are_hidden_one_by_one_and_shown_in_their_time() -> None:
    hidden = Hidden()
    first, second = Item(Work.ORCHESTRATION, 1, "a", None), Item(Work.ENTITY, "@e@k", "e", None)
    hidden.hide(second, (5,), 20)
    hidden.hide(first, (1, 2), 10)
    hidden.hide(first, (3,), 30)
    assert (hidden.next_due(), hidden.due(), len(hidden)) == (10, [10, 20, 30], 2)
    assert hidden.rows(Work.ORCHESTRATION, 1, 10) == {3}
    assert hidden.rows(Work.ACTIVITY, 1, 0) == frozenset()
    assert hidden.show(9) == []
    assert hidden.show(20) == [second, first]
    assert (hidden.rows(Work.ORCHESTRATION, 1, 20), hidden.next_due()) == ({3}, 30)
    assert hidden.show(30) == [first]
    assert (len(hidden), hidden.next_due()) == (0, None)

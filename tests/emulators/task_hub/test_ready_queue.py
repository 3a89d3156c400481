"""Ready work: in order, once each, and only what a filter accepts."""

from emulators.task_hub.ready_queue import ReadyQueue


def test_the_oldest_first_across_names_and_once_each() -> None:
    queue: ReadyQueue[int] = ReadyQueue()
    for key, name in ((1, "a"), (2, "b"), (1, "a"), (3, "a")):
        queue.add(key, name, None)
    assert (len(queue), 2 in queue) == (3, True)
    assert [queue.take(None) for _ in range(4)] == [(1, "a", None), (2, "b", None), (3, "a", None), None]


def test_a_filter_skips_what_it_does_not_name() -> None:
    queue: ReadyQueue[int] = ReadyQueue()
    for key, name, version in ((1, "a", None), (2, "b", "1"), (3, "b", "2"), (4, "c", None)):
        queue.add(key, name, version)
    assert queue.take({}) is None
    assert queue.take({"b": frozenset({"2"})}) == (3, "b", "2")
    assert queue.take({"a": frozenset({""})}) == (1, "a", None)
    queue.discard(2)
    queue.discard(99)
    assert queue.take({"b": frozenset(), "c": frozenset()}) == (4, "c", None)
    assert len(queue) == 0

"""Completions that cannot be written: the call fails, the item is sent again later, nothing is lost."""

import grpc
import pytest

from tests.emulators.task_hub.rig import bare, code_of, finish, running, schedule


def test_an_item_whose_completion_cannot_be_written_is_sent_again() -> None:
    with running() as rig, bare(rig.address) as worker:
        instance = rig.start("orchestration")
        worker.complete(worker.take(), schedule(1))
        item = worker.take()
        journal = rig.hub._hub._parts.journal  # type: ignore[union-attr] # pyright: ignore
        journal._db.execute("PRAGMA query_only=ON")  # pyright: ignore
        with pytest.raises(grpc.RpcError) as error:
            worker.complete_activity(item)
        assert code_of(error) == grpc.StatusCode.FAILED_PRECONDITION
        journal._db.execute("PRAGMA query_only=OFF")  # pyright: ignore
        again = worker.take()
        assert again.completionToken != item.completionToken
        with pytest.raises(grpc.RpcError):
            worker.complete_activity(item)
        worker.complete_activity(again)
        worker.complete(worker.take(), finish())
        assert rig.end_of(instance).serialized_output == "1"

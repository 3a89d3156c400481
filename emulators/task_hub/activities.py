"""Activities: scheduled by a turn, run by a worker, their results stored in the inbox."""

from durabletask.internal import orchestrator_service_pb2 as pb

from emulators.task_hub import history_events as events
from emulators.task_hub.errors import LostLeaseError
from emulators.task_hub.history_events import Kind, given
from emulators.task_hub.instances import Instance, deliver, load
from emulators.task_hub.transaction import ReadyActivity, Tx


def schedule(tx: Tx, instance: Instance, task: int, asked: pb.ScheduleTaskAction | pb.TaskScheduledEvent) -> None:
    """Queue an activity."""
    version = given(asked, "version")
    request = pb.ActivityRequest(
        name=asked.name,
        version=events.text(version),
        input=asked.input if asked.HasField("input") else None,
        orchestrationInstance=pb.OrchestrationInstance(
            instanceId=instance.id, executionId=events.text(instance.execution_id)
        ),
        taskId=task,
        parentTraceContext=asked.parentTraceContext if asked.HasField("parentTraceContext") else None,
        tags=dict(asked.tags),
    )
    cursor = tx.db.execute(
        "INSERT INTO activities(n, execution, task, name, version, request) VALUES(?,?,?,?,?,?)",
        (instance.n, instance.execution, task, asked.name, version, request.SerializeToString()),
    )
    tx.effects.activities.append(ReadyActivity(cursor.lastrowid or 0, asked.name, version))


def complete(tx: Tx, token: str, seq: int, response: pb.ActivityResponse) -> None:
    """Store an activity's result; it is dropped if the instance has ended or continued as new since."""
    row = tx.db.execute("DELETE FROM activities WHERE seq=? RETURNING n, execution, task", (seq,)).fetchone()
    if row is None:
        raise LostLeaseError
    n, execution, task = row
    tx.effects.released.append(token)
    instance = load(tx, n)
    if instance is None or instance.terminal or instance.execution != execution:
        return
    # The member's presence counts, not its text: an exception without a message is a failure too.
    if response.HasField("failureDetails"):
        failed = pb.TaskFailedEvent(taskScheduledId=task, failureDetails=response.failureDetails)
        event = events.happened(tx.now, taskFailed=failed)
    else:
        result = response.result if response.HasField("result") else None
        completed = pb.TaskCompletedEvent(taskScheduledId=task, result=result)
        event = events.happened(tx.now, taskCompleted=completed)
    deliver(tx, instance, Kind.RESULT, event)

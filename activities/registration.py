"""Registers the activities under their names in the catalogue, and turns their errors into answers."""

from collections.abc import Awaitable, Callable
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from activities.adopt_disk import adopt_disk
from activities.check_scripts import check_scripts
from activities.check_secret import check_secret
from activities.collect_evidence import collect_evidence
from activities.deallocate_vm import deallocate_vm
from activities.delete_made import delete_made
from activities.find_ended_runs import find_ended_runs
from activities.find_leftovers import find_leftovers
from activities.generalize_vm import generalize_vm
from activities.inspect_disks import inspect_disks
from activities.inspect_image import inspect_image
from activities.inspect_site import inspect_site
from activities.inspect_vm import inspect_vm
from activities.list_image_versions import list_image_versions
from activities.make_disk import make_disk
from activities.make_image_version import make_image_version
from activities.make_machine import make_machine
from activities.make_managed_image import make_managed_image
from activities.make_network_interface import make_network_interface
from activities.make_security_group import make_security_group
from activities.make_snapshot import make_snapshot
from activities.read_decision import read_decision
from activities.read_deprovision import read_deprovision
from activities.read_identity import read_identity
from activities.read_image_uses import read_image_uses
from activities.read_image_version import read_image_version
from activities.read_made import read_made
from activities.read_new_machine import read_new_machine
from activities.read_power_state import read_power_state
from activities.read_run_state import read_run_state
from activities.read_script import read_script
from activities.read_serial_marker import read_serial_marker
from activities.read_stuck_machine import read_stuck_machine
from activities.remove_run_commands import remove_run_commands
from activities.restart_vm import restart_vm
from activities.send_result import send_result
from activities.start_deprovision import start_deprovision
from activities.start_script import start_script
from activities.update_image_version import update_image_version
from azure_clients.errors import ArmRefused, ArmThrottled
from contracts import steps
from contracts.answer import Answer
from contracts.message import Message
from contracts.reasons import Failure, FailureCode
from contracts.steps import Step

RESULTS_QUEUE = "image-results"
CONNECTION = "AzureWebJobsStorage"

type Body[I: Message, O: Answer] = Callable[[I], Awaitable[O]]
type ClientBody[I: Message, O: Answer] = Callable[[I, df.DurableFunctionsClient], Awaitable[O]]

blueprint = df.Blueprint()


def _plain[I: Message, O: Answer](step: Step[I, O], body: Body[I, O]) -> tuple[Step[Any, Any], Body[Any, Any]]:
    """Pair a step with its body; one of another type is an error of the type checker."""
    return step, body


PLAIN = (
    _plain(steps.INSPECT_VM, inspect_vm),
    _plain(steps.START_DEPROVISION, start_deprovision),
    _plain(steps.READ_DEPROVISION, read_deprovision),
    _plain(steps.READ_POWER_STATE, read_power_state),
    _plain(steps.READ_NEW_MACHINE, read_new_machine),
    _plain(steps.READ_SERIAL_MARKER, read_serial_marker),
    _plain(steps.COLLECT_EVIDENCE, collect_evidence),
    _plain(steps.DEALLOCATE_VM, deallocate_vm),
    _plain(steps.GENERALIZE_VM, generalize_vm),
    _plain(steps.RESTART_VM, restart_vm),
    _plain(steps.REMOVE_RUN_COMMANDS, remove_run_commands),
    _plain(steps.INSPECT_DISKS, inspect_disks),
    _plain(steps.INSPECT_SITE, inspect_site),
    _plain(steps.MAKE_SNAPSHOT, make_snapshot),
    _plain(steps.MAKE_DISK, make_disk),
    _plain(steps.MAKE_SECURITY_GROUP, make_security_group),
    _plain(steps.MAKE_NETWORK_INTERFACE, make_network_interface),
    _plain(steps.MAKE_MACHINE, make_machine),
    _plain(steps.READ_MADE, read_made),
    _plain(steps.ADOPT_DISK, adopt_disk),
    _plain(steps.DELETE_MADE, delete_made),
    _plain(steps.CHECK_SCRIPTS, check_scripts),
    _plain(steps.CHECK_SECRET, check_secret),
    _plain(steps.START_SCRIPT, start_script),
    _plain(steps.READ_SCRIPT, read_script),
    _plain(steps.READ_IDENTITY, read_identity),
    _plain(steps.INSPECT_IMAGE, inspect_image),
    _plain(steps.LIST_IMAGE_VERSIONS, list_image_versions),
    _plain(steps.MAKE_IMAGE_VERSION, make_image_version),
    _plain(steps.READ_IMAGE_VERSION, read_image_version),
    _plain(steps.UPDATE_IMAGE_VERSION, update_image_version),
    _plain(steps.MAKE_MANAGED_IMAGE, make_managed_image),
    _plain(steps.READ_IMAGE_USES, read_image_uses),
    _plain(steps.FIND_LEFTOVERS, find_leftovers),
    _plain(steps.READ_STUCK_MACHINE, read_stuck_machine),
)
"""The steps that need nothing but their request; the others need a binding of the host."""


def _with_client[I: Message, O: Answer](
    step: Step[I, O], body: ClientBody[I, O]
) -> tuple[Step[Any, Any], ClientBody[Any, Any]]:
    """Pair a step with its body, as `_plain` does."""
    return step, body


WITH_CLIENT = (
    _with_client(steps.READ_RUN_STATE, read_run_state),
    _with_client(steps.READ_DECISION, read_decision),
    _with_client(steps.FIND_ENDED_RUNS, find_ended_runs),
)
"""The steps that ask the engine itself."""


async def answer[I: Message, O: Answer](
    step: Step[I, O], body: Body[I, O], request: dict[str, object]
) -> dict[str, object]:
    """Run one activity on JSON: a throttle becomes a time to ask again, a refusal of Azure a failure.

    ArmUnavailable, and whatever else is raised, goes on to the engine, which retries.
    """
    try:
        given = await body(step.takes.model_validate(request))
    except ArmThrottled as throttled:
        given = Answer(try_again_after=throttled.seconds, correlation_id=throttled.correlation_id)
    except ArmRefused as refused:
        failure = Failure.of(FailureCode.ORDER_REFUSED, f"{step.name}: {refused}", refused.correlation_id)
        given = Answer(failure=failure, correlation_id=refused.correlation_id)
    return given.model_dump(mode="json", exclude_none=True)


def _register[I: Message, O: Answer](step: Step[I, O], body: Body[I, O]) -> None:
    async def activity(request: dict[str, object]) -> dict[str, object]:
        return await answer(step, body, request)

    _name(activity, step.name, {"request": dict, "return": dict})
    blueprint.activity_trigger(input_name="request")(activity)


def _register_with_client[I: Message, O: Answer](step: Step[I, O], body: ClientBody[I, O]) -> None:
    async def activity(request: dict[str, object], client: df.DurableFunctionsClient) -> dict[str, object]:
        return await answer(step, lambda asked: body(asked, client), request)

    _name(activity, step.name, {"request": dict, "client": df.DurableFunctionsClient, "return": dict})
    blueprint.durable_client_input(client_name="client")(blueprint.activity_trigger(input_name="request")(activity))


def _register_with_queue() -> None:
    async def activity(request: dict[str, object], message: func.Out[bytes]) -> dict[str, object]:
        return await answer(steps.SEND_RESULT, lambda asked: send_result(asked, message), request)

    _name(activity, steps.SEND_RESULT.name, {"request": dict, "message": func.Out[bytes], "return": dict})
    bound = blueprint.activity_trigger(input_name="request")(activity)
    blueprint.queue_output(arg_name="message", queue_name=RESULTS_QUEUE, connection=CONNECTION)(bound)  # pyright: ignore[reportUnknownMemberType]


def _name(activity: Callable[..., object], name: str, annotations: dict[str, object]) -> None:
    """Give the name of the catalogue, and annotations that the worker can index (it rejects generics)."""
    activity.__name__ = name
    activity.__qualname__ = name
    activity.__annotations__ = annotations


for plain_step, plain_body in PLAIN:
    _register(plain_step, plain_body)
for client_step, client_body in WITH_CLIENT:
    _register_with_client(client_step, client_body)
_register_with_queue()

"""Registers the activities under their names in the catalogue, and converts their errors into answers."""

from collections.abc import Awaitable, Callable
from typing import Any

import azure.durable_functions as df
import azure.functions as func

import settings
from activities.adopt_disk import adopt_disk
from activities.check_authority import check_authority
from activities.check_scripts import check_scripts
from activities.check_secret import check_secret
from activities.collect_evidence import collect_evidence
from activities.create_disk import create_disk
from activities.create_image_version import create_image_version
from activities.create_managed_image import create_managed_image
from activities.create_network_interface import create_network_interface
from activities.create_security_group import create_security_group
from activities.create_snapshot import create_snapshot
from activities.create_vm import create_vm
from activities.deallocate_vm import deallocate_vm
from activities.delete_resource import delete_resource
from activities.find_ended_runs import find_ended_runs
from activities.find_orphaned_resources import find_orphaned_resources
from activities.gate import denied
from activities.generalize_vm import generalize_vm
from activities.inspect_capacity import inspect_capacity
from activities.inspect_deny_assignments import inspect_deny_assignments
from activities.inspect_disks import inspect_disks
from activities.inspect_image import inspect_image
from activities.inspect_network import inspect_network
from activities.inspect_policies import inspect_policies
from activities.inspect_vm import inspect_vm
from activities.list_image_versions import list_image_versions
from activities.read_decision import read_decision
from activities.read_deprovision import read_deprovision
from activities.read_ended_run import read_ended_run
from activities.read_identity import read_identity
from activities.read_image_uses import read_image_uses
from activities.read_image_version import read_image_version
from activities.read_power_state import read_power_state
from activities.read_resource import read_resource
from activities.read_run_state import read_run_state
from activities.read_script import read_script
from activities.read_serial_marker import read_serial_marker
from activities.read_stuck_vm import read_stuck_vm
from activities.read_temporary_vm import read_temporary_vm
from activities.remove_extension import remove_extension
from activities.remove_run_commands import remove_run_commands
from activities.restart_vm import restart_vm
from activities.send_result import send_result
from activities.start_deprovision import start_deprovision
from activities.start_script import start_script
from activities.update_image_version import update_image_version
from azure_clients.errors import ArmRefused, ArmThrottled
from contracts import catalog
from contracts.answer import Answer
from contracts.catalog import Activity
from contracts.error_codes import Failure, Refusal, RefusalCode
from contracts.message import Message
from contracts.queues import CONNECTION, RESULTS_QUEUE
from contracts.run import LiveSettings
from policy.azure_errors import failure_code

type Body[I: Message, O: Answer] = Callable[[I], Awaitable[O]]
type ClientBody[I: Message, O: Answer] = Callable[[I, df.DurableFunctionsClient], Awaitable[O]]

blueprint = df.Blueprint()


def _plain[I: Message, O: Answer](entry: Activity[I, O], body: Body[I, O]) -> tuple[Activity[Any, Any], Body[Any, Any]]:
    """Pair an entry with its function; the type checker reports a function that does not fit."""
    return entry, body


PLAIN = (
    _plain(catalog.CHECK_AUTHORITY, check_authority),
    _plain(catalog.INSPECT_VM, inspect_vm),
    _plain(catalog.START_DEPROVISION, start_deprovision),
    _plain(catalog.READ_DEPROVISION, read_deprovision),
    _plain(catalog.READ_POWER_STATE, read_power_state),
    _plain(catalog.READ_TEMPORARY_VM, read_temporary_vm),
    _plain(catalog.READ_SERIAL_MARKER, read_serial_marker),
    _plain(catalog.COLLECT_EVIDENCE, collect_evidence),
    _plain(catalog.DEALLOCATE_VM, deallocate_vm),
    _plain(catalog.GENERALIZE_VM, generalize_vm),
    _plain(catalog.RESTART_VM, restart_vm),
    _plain(catalog.REMOVE_RUN_COMMANDS, remove_run_commands),
    _plain(catalog.REMOVE_EXTENSION, remove_extension),
    _plain(catalog.INSPECT_DISKS, inspect_disks),
    _plain(catalog.INSPECT_NETWORK, inspect_network),
    _plain(catalog.INSPECT_CAPACITY, inspect_capacity),
    _plain(catalog.CREATE_SNAPSHOT, create_snapshot),
    _plain(catalog.CREATE_DISK, create_disk),
    _plain(catalog.CREATE_SECURITY_GROUP, create_security_group),
    _plain(catalog.CREATE_NETWORK_INTERFACE, create_network_interface),
    _plain(catalog.CREATE_VM, create_vm),
    _plain(catalog.READ_RESOURCE, read_resource),
    _plain(catalog.ADOPT_DISK, adopt_disk),
    _plain(catalog.DELETE_RESOURCE, delete_resource),
    _plain(catalog.INSPECT_DENY_ASSIGNMENTS, inspect_deny_assignments),
    _plain(catalog.INSPECT_POLICIES, inspect_policies),
    _plain(catalog.CHECK_SCRIPTS, check_scripts),
    _plain(catalog.CHECK_SECRET, check_secret),
    _plain(catalog.START_SCRIPT, start_script),
    _plain(catalog.READ_SCRIPT, read_script),
    _plain(catalog.READ_IDENTITY, read_identity),
    _plain(catalog.INSPECT_IMAGE, inspect_image),
    _plain(catalog.LIST_IMAGE_VERSIONS, list_image_versions),
    _plain(catalog.CREATE_IMAGE_VERSION, create_image_version),
    _plain(catalog.READ_IMAGE_VERSION, read_image_version),
    _plain(catalog.UPDATE_IMAGE_VERSION, update_image_version),
    _plain(catalog.CREATE_MANAGED_IMAGE, create_managed_image),
    _plain(catalog.READ_IMAGE_USES, read_image_uses),
    _plain(catalog.FIND_ORPHANED_RESOURCES, find_orphaned_resources),
    _plain(catalog.READ_STUCK_VM, read_stuck_vm),
)
"""The activities that need only their request; the others need a binding."""


def _with_client[I: Message, O: Answer](
    entry: Activity[I, O], body: ClientBody[I, O]
) -> tuple[Activity[Any, Any], ClientBody[Any, Any]]:
    """Pair an entry with its function, as `_plain` does."""
    return entry, body


WITH_CLIENT = (
    _with_client(catalog.READ_RUN_STATE, read_run_state),
    _with_client(catalog.READ_DECISION, read_decision),
    _with_client(catalog.READ_ENDED_RUN, read_ended_run),
    _with_client(catalog.FIND_ENDED_RUNS, find_ended_runs),
)
"""The activities that query the engine."""


def _live() -> LiveSettings:
    return settings.current().live()


async def answer[I: Message, O: Answer](
    entry: Activity[I, O], body: Body[I, O], request: dict[str, object]
) -> dict[str, object]:
    """Run one activity on JSON, if the app's settings allow it.

    Throttling becomes a time to try again, a rejection by Azure a failure.

    ArmUnavailable, and every other exception, is raised to the engine, which retries.
    """
    asked = entry.takes.model_validate(request)
    try:
        why = denied(entry, asked, request, _live)
    except settings.BadSettings:
        # Which setting is wrong is in the app's health and log, and no caller's business.
        why = Refusal.of(RefusalCode.SETTINGS_INVALID, "the app's settings cannot be used")
    if why is not None:
        return Answer(denied=why).model_dump(mode="json", exclude_none=True)
    try:
        result = await body(asked)
    except ArmThrottled as throttled:
        result = Answer(try_again_after=throttled.seconds, correlation_id=throttled.correlation_id)
    except ArmRefused as refused:
        code = failure_code(refused.code, refused.message)
        failure = Failure.of(code, f"{entry.name}: {refused}", refused.correlation_id)
        result = Answer(failure=failure, correlation_id=refused.correlation_id)
    return result.model_dump(mode="json", exclude_none=True)


def _register[I: Message, O: Answer](entry: Activity[I, O], body: Body[I, O]) -> None:
    async def activity(request: dict[str, object]) -> dict[str, object]:
        return await answer(entry, body, request)

    _name(activity, entry.name, {"request": dict, "return": dict})
    blueprint.activity_trigger(input_name="request")(activity)


def _register_with_client[I: Message, O: Answer](entry: Activity[I, O], body: ClientBody[I, O]) -> None:
    async def activity(request: dict[str, object], client: df.DurableFunctionsClient) -> dict[str, object]:
        return await answer(entry, lambda asked: body(asked, client), request)

    _name(activity, entry.name, {"request": dict, "client": df.DurableFunctionsClient, "return": dict})
    blueprint.durable_client_input(client_name="client")(blueprint.activity_trigger(input_name="request")(activity))


def _register_with_queue() -> None:
    async def activity(request: dict[str, object], message: func.Out[bytes]) -> dict[str, object]:
        return await answer(catalog.SEND_RESULT, lambda asked: send_result(asked, message), request)

    _name(activity, catalog.SEND_RESULT.name, {"request": dict, "message": func.Out[bytes], "return": dict})
    bound = blueprint.activity_trigger(input_name="request")(activity)
    blueprint.queue_output(arg_name="message", queue_name=RESULTS_QUEUE, connection=CONNECTION)(bound)  # pyright: ignore[reportUnknownMemberType]


def _name(activity: Callable[..., object], name: str, annotations: dict[str, object]) -> None:
    """Set the catalogue's name, and annotations that the Functions worker can index (it rejects generics)."""
    activity.__name__ = name
    activity.__qualname__ = name
    activity.__annotations__ = annotations


for plain_activity, plain_body in PLAIN:
    _register(plain_activity, plain_body)
for client_activity, client_body in WITH_CLIENT:
    _register_with_client(client_activity, client_body)
_register_with_queue()

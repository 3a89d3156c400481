"""Asks Azure which of a run's requests a policy would deny, before anything is changed."""

import asyncio
from collections.abc import Iterator

from azure_clients.disks import read_disk
from azure_clients.errors import ArmRefused
from azure_clients.image_request_bodies import image_version, managed_image
from azure_clients.policies import RUN_COMMAND, Question, read_denials
from azure_clients.request_bodies import disk, network_interface, security_group, snapshot
from azure_clients.vm_request_body import vm
from contracts.activities.governance import InspectPolicies, NewRunCommand, PoliciesInspected, PolicyDenial
from contracts.activities.resources import CreateSnapshot, NewResource
from contracts.facts import DiskFacts
from contracts.tags import APP_TAG, RUN_TAG
from policy.ownership import tags_for

type Answers = tuple[tuple[PolicyDenial, ...], str | None]


async def inspect_policies(request: InspectPolicies) -> PoliciesInspected:
    """Ask once for each resource (1 request each, and 1 for a source disk that preflight did not read).

    The bodies are those of the later requests, from the same functions. Azure is asked about a Run Command without its
    script, and about a VM without its password.
    """
    answers = await asyncio.gather(
        *(_ask_snapshot(request, wanted) for wanted in request.snapshots),
        *(_ask(question) for question in _questions(request)),
    )
    return PoliciesInspected(
        denials=tuple(denial for denials, _ in answers for denial in denials),
        unreadable=tuple(why for _, why in answers if why is not None),
    )


async def _ask(question: Question) -> Answers:
    try:
        return await read_denials(question), None
    except ArmRefused as refused:
        return (), f"{question.type} in {question.group}: {refused}"


async def _ask_snapshot(request: InspectPolicies, wanted: CreateSnapshot) -> Answers:
    """Ask with the encryption that the source disk has."""
    known = {one.id.lower(): one for one in request.disks}
    try:
        like: DiskFacts = known.get(wanted.source_disk_id.lower()) or await read_disk(wanted.source_disk_id)
    except ArmRefused as refused:
        return (), f"{wanted.resource.kind}: disk {wanted.source_disk_id}: {refused}"
    return await _ask(_question(wanted, snapshot(wanted, tags_for(wanted), like)))


def _questions(request: InspectPolicies) -> Iterator[Question]:
    yield from (_question(wanted, disk(wanted, tags_for(wanted))) for wanted in request.create_disks)
    yield from (_question(wanted, security_group(wanted, tags_for(wanted))) for wanted in request.security_groups)
    yield from (_question(wanted, network_interface(wanted, tags_for(wanted))) for wanted in request.network_interfaces)
    yield from (_question(wanted, vm(wanted, tags_for(wanted))) for wanted in request.vms)
    yield from (_question(wanted, image_version(wanted, tags_for(wanted))) for wanted in request.versions)
    yield from (_question(wanted, managed_image(wanted, tags_for(wanted))) for wanted in request.images)
    yield from (_run_command(wanted) for wanted in request.run_commands)


def _question(wanted: NewResource, body: dict[str, object]) -> Question:
    return Question(wanted.resource.kind, wanted.resource.id, body)


def _run_command(wanted: NewRunCommand) -> Question:
    tags = {**wanted.tags, APP_TAG: wanted.app_name, RUN_TAG: wanted.run_id}
    body = {"location": wanted.location, "tags": tags, "properties": {"asyncExecution": True}}
    return Question(RUN_COMMAND, f"{wanted.vm_id}/runCommands/{wanted.name}", body)

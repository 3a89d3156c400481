"""All policy assignments: which apply to a request, what they change in it, and whether they refuse it."""

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Any

from emulators.arm.authorization.scopes import applies_at
from emulators.arm.compute.vms.extensions import install
from emulators.arm.compute.vms.vm import Vm
from emulators.arm.policies.assignments import Candidate, Effect, Expression, PolicyAssignment
from emulators.arm.policies.errors import NOT_ACCEPTING, disallowed_by_azure, disallowed_by_policy
from emulators.arm.state.regions import region_key
from emulators.arm.state.world import World

_VM = "Microsoft.Compute/virtualMachines"


class Policies:
    """The policy assignments of a world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._all: list[PolicyAssignment] = []
        self._closed: dict[tuple[str, str], str] = {}

    @property
    def all(self) -> tuple[PolicyAssignment, ...]:
        """Every assignment, in the order in which they were added."""
        return tuple(self._all)

    def add(self, assignment: PolicyAssignment) -> PolicyAssignment:
        """Assign a policy; returns the assignment. It applies to later requests, and to VMs created later."""
        self._all.append(assignment)
        return assignment

    def remove(self, name: str) -> int:
        """Remove the assignments with this name; returns how many there were."""
        kept = [held for held in self._all if held.name.lower() != name.lower()]
        removed, self._all = len(self._all) - len(kept), kept
        return removed

    def applying(self, candidate: Candidate, *effects: Effect) -> Iterable[PolicyAssignment]:
        """Assignments with one of the effects that apply to a resource."""
        members = self._world.management_groups
        for held in self._all:
            excluded = any(applies_at(candidate.id, scope, members) for scope in held.not_scopes)
            if held.effect not in effects or not held.enforced or excluded:
                continue
            if applies_at(candidate.id, held.scope, members) and _has_type(held, candidate):
                yield held

    def tags_after(self, candidate: Candidate) -> dict[str, str] | None:
        """The tags of a resource after modify and append; None for a type without tags."""
        if candidate.tags is None:
            return None
        tags = dict(candidate.tags)
        of_group = self._world.group_tags_of(candidate.id)
        for held in self.applying(candidate, "modify", "append"):
            known = {name.lower(): name for name in tags}
            for name, value in held.wanted_tags(of_group).items():
                if name.lower() not in known:
                    tags[name] = value
                elif held.effect == "modify" and held.replace:
                    tags[known[name.lower()]] = value
        return tags

    def denials(self, candidate: Candidate) -> list[tuple[PolicyAssignment, list[Expression]]]:
        """The assignments that refuse a resource, each with the conditions that matched."""
        found = [(held, held.violations(candidate)) for held in self.applying(candidate, "deny")]
        return [(held, expressions) for held, expressions in found if expressions]

    def check(self, method: str, path: str, body: dict[str, Any], has_tags: bool) -> dict[str, Any]:
        """The body of a PUT or PATCH with the tags that policies give. Raises 403 when one refuses it."""
        if method not in ("PUT", "PATCH"):
            return body
        location, tags = self._existing(path)
        if location is None:
            self._check_region(path, body.get("location"))
        given = body.get("tags", {} if method == "PUT" else tags)
        candidate = Candidate(path, type_of(path), body.get("location", location), given if has_tags else None)
        changed = self.tags_after(candidate)
        final = Candidate(candidate.id, candidate.kind, candidate.location, changed)
        if denials := self.denials(final):
            raise disallowed_by_policy(path.rsplit("/", 1)[-1], denials)
        return body if changed is None or changed == dict(given) else {**body, "tags": changed}

    def close_region(self, subscription: str, region: str, reason: str = NOT_ACCEPTING) -> None:
        """Close a region for a subscription: nothing new can be created there; what exists can be changed."""
        self._closed[subscription.lower(), region_key(region)] = reason

    def open_region(self, subscription: str, region: str) -> None:
        """Open it again."""
        self._closed.pop((subscription.lower(), region_key(region)), None)

    @property
    def closed_regions(self) -> list[dict[str, str]]:
        """The closed regions, as the control plane shows them."""
        return [{"subscription": sub, "region": region, "reason": why} for (sub, region), why in self._closed.items()]

    def _check_region(self, path: str, location: str | None) -> None:
        # What belongs to an existing VM, such as a run command, creates nothing in the region.
        if location is None or type_of(path).lower().startswith(f"{_VM.lower()}/"):
            return
        reason = self._closed.get((path.split("/")[2].lower(), region_key(location)))
        if reason is not None:
            raise disallowed_by_azure(path.rsplit("/", 1)[-1], reason)

    def _existing(self, path: str) -> tuple[str | None, Mapping[str, str]]:
        if (resource := self._world.store.get(path)) is not None:
            return resource.location, resource.tags
        if (vm := self._world.vms.get(path.lower())) is not None:
            return vm.spec.location, vm.tags
        return None, {}

    def created(self, vm: Vm) -> None:
        """A VM was created: each deployIfNotExists that applies to it runs once, after its delay."""
        for held in self.applying(self._of_vm(vm), "deployIfNotExists"):
            self._world.clock.call_in(held.after_minutes * 60, lambda held=held: self._deploy(vm, held))

    def evaluate(self, vm: Vm) -> None:
        """The next evaluation of a VM: every deployIfNotExists installs now what is missing."""
        for held in self.applying(self._of_vm(vm), "deployIfNotExists"):
            self._deploy(vm, held)

    def _of_vm(self, vm: Vm) -> Candidate:
        return Candidate(vm.id, _VM, vm.spec.location, vm.tags)

    def _deploy(self, vm: Vm, held: PolicyAssignment) -> None:
        wanted = held.extension
        if wanted is None or held.os not in (None, vm.spec.os) or self._world.vms.get(vm.id.lower()) is not vm:
            return
        present = {(known.spec.publisher, known.spec.type) for known in vm.extensions.values()}
        # The deployment fails on a VM that does not run, and is not repeated.
        possible = not vm.deleting and not vm.generalized and vm.power == "running"
        if possible and (wanted.publisher, wanted.type) not in present:
            install(vm, wanted, held.extension_fails)


def type_of(path: str) -> str:
    """The resource type in an id, with its namespace."""
    parts = path.rpartition("/providers/")[2].rstrip("/").split("/")
    return "/".join([parts[0], *parts[1::2]])


def _has_type(held: PolicyAssignment, candidate: Candidate) -> bool:
    if not held.types:
        return candidate.tags is not None
    return any(fnmatch.fnmatchcase(candidate.kind.lower(), pattern.lower()) for pattern in held.types)

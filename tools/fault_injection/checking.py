"""Checks one run: did it end as documented, was anything done twice, is any resource orphaned?"""

from dataclasses import dataclass

from contracts.resources import Kind
from contracts.results import Outcome, VmResult
from tools.fault_injection.ends import End
from tools.fault_injection.sight import Seen, is_image

IRREVERSIBLE = ("requested", "waagent", "sysprep", "deprovisioned", "generalized")
MOST_VERSIONS = 3
"""So many image versions a publication creates at most, each after the previous one failed."""


@dataclass(frozen=True)
class Result:
    """What was wrong with a run, as messages; it is as documented if there are none."""

    wrong: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    leaked: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Whether the run ended as documented."""
        return not (self.wrong or self.repeated or self.leaked)


def check(seen: Seen, end: End, *, about: str = "", must_meet: bool = True) -> Result:
    """Compare a run with its documented end; `about` is the part of the resource that met the fault."""
    wrong = (*_wrong(seen, end, must_meet), *_named_without_need(seen, about))
    return Result(wrong, tuple(_repeated(seen, end)), tuple(_leaked(seen)))


def _wrong(seen: Seen, end: End, must_meet: bool) -> list[str]:
    result = seen.result
    found: list[str] = []
    if must_meet and not seen.met:
        found.append("no request met the fault: the run took another path")
    codes = code_of(result)
    if (result.outcome, codes) != (end.outcome, end.code):
        why = result.failure.message[:200] if result.failure else "; ".join(r.message[:100] for r in result.refusals)
        found.append(f"ended as {result.outcome} {codes} in {result.ended_in}, not as {end.outcome} {end.code}: {why}")
    if not seen.source_untouched:
        found.append("the source VM has changed")
    notes = result.evidence.notes if result.evidence else ()
    if end.note and not any(end.note in note for note in notes):
        found.append(f"no note in the evidence contains '{end.note}'")
    return found + _wrong_image(seen, end) + _wrong_orphans(seen, end)


def _wrong_image(seen: Seen, end: End) -> list[str]:
    """The image in the result must exist, and be in latest only if the run published it."""
    result, image = seen.result, seen.result.image
    if end.outcome is Outcome.PUBLISHED and image is None:
        return ["published, but the result names no image"]
    if image is None:
        return []
    found: list[str] = []
    if image.id not in seen.standing:
        found.append(f"the result names {image.id}, which does not exist")
    if (image.excluded_from_latest is False) != (result.outcome is Outcome.PUBLISHED):
        found.append(f"{result.outcome}, but excludedFromLatest is {image.excluded_from_latest}")
    if end.attempts is not None and image.attempts != end.attempts:
        found.append(f"the image took {image.attempts} attempts, not {end.attempts}")
    return found


def _wrong_orphans(seen: Seen, end: End) -> list[str]:
    names = [_name(orphan.id) for orphan in seen.result.orphaned_resources]
    found = [f"{name} is named twice in orphanedResources" for name in sorted(set(names)) if names.count(name) > 1]
    if end.leaves is not None and bool(names) != end.leaves:
        found.append(f"orphanedResources names {', '.join(names) or 'nothing'}")
    return found


def _named_without_need(seen: Seen, about: str) -> list[str]:
    """What orphanedResources names must exist; only what could not be read may be deleted."""
    gone = [orphan.id for orphan in seen.result.orphaned_resources if orphan.id not in seen.standing]
    wrong = [each for each in gone if not (about and each.endswith(f"-{about}"))]
    return [f"orphanedResources names {_name(each)}, which does not exist" for each in wrong]


def _repeated(seen: Seen, end: End) -> list[str]:
    found = [
        f"{_name(vm)}: {kind} {counts[kind]} times"
        for vm, counts in seen.effects.items()
        for kind in IRREVERSIBLE
        if counts.get(kind, 0) > 1
    ]
    found += [
        f"{_name(each)}: created {count} times"
        for each, count in seen.births.items()
        if count > 1 and not is_image(each)
    ]
    versions = sum(count for each, count in seen.births.items() if is_image(each))
    if versions > (end.attempts or MOST_VERSIONS):
        found.append(f"{versions} image versions were created")
    return found


def _leaked(seen: Seen) -> list[str]:
    result = seen.result
    named = {*result.created_resources, *(orphan.id for orphan in result.orphaned_resources)}
    found = [f"{_name(each)} exists, and the result does not name it" for each in sorted(seen.standing - named)]
    for each in sorted(seen.cleanup or ()):
        if not (is_image(each) and each in named):
            found.append(f"{_name(each)} exists even after the cleanup")
    return found


def code_of(result: VmResult) -> str:
    """The code of a result: its failure's, or its first refusal's; empty if it succeeded."""
    if result.failure is not None:
        return str(result.failure.code)
    return str(result.refusals[0].code) if result.refusals else ""


def _name(resource: str) -> str:
    kind = next((str(kind) for kind in Kind if f"/{kind}/".lower() in resource.lower()), "")
    return f"{kind.rsplit('/', 1)[-1]} {resource.rsplit('/', 1)[-1]}".strip()

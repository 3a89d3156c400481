"""Judges one run: did it end as documented, was anything done twice, was anything leaked?"""

from dataclasses import dataclass

from contracts.made import Kind
from contracts.results import MachineResult, Outcome
from workbench.fault_matrix.ends import End
from workbench.fault_matrix.sight import Seen, is_image

IRREVERSIBLE = ("armed", "deprovisioned", "sysprep", "sealed", "generalized")
MOST_VERSIONS = 3
"""So often the publication makes a version at most, each after the one before failed as a whole."""


@dataclass(frozen=True)
class Verdict:
    """What was wrong with a run, in words; nothing at all is as documented."""

    wrong: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()
    leaked: tuple[str, ...] = ()

    @property
    def well(self) -> bool:
        """Whether the run ended as documented."""
        return not (self.wrong or self.repeated or self.leaked)


def judge(seen: Seen, end: End, *, about: str = "", must_meet: bool = True) -> Verdict:
    """Compare a run with its documented end; `about` is the part that the trouble was about."""
    wrong = (*_wrong(seen, end, must_meet), *_named_for_nothing(seen, about))
    return Verdict(wrong, tuple(_repeated(seen, end)), tuple(_leaked(seen)))


def _wrong(seen: Seen, end: End, must_meet: bool) -> list[str]:
    result = seen.result
    found: list[str] = []
    if must_meet and not seen.met:
        found.append("the trouble met no request: the story went another way")
    codes = code_of(result)
    if (result.outcome, codes) != (end.outcome, end.code):
        why = result.failure.message[:200] if result.failure else "; ".join(r.message[:100] for r in result.refusals)
        found.append(f"ended as {result.outcome} {codes} in {result.ended_in}, not as {end.outcome} {end.code}: {why}")
    if not seen.source_untouched:
        found.append("the source machine is not as it was")
    notes = result.evidence.notes if result.evidence else ()
    if end.note and not any(end.note in note for note in notes):
        found.append(f"no note says '{end.note}'")
    return found + _wrong_image(seen, end) + _wrong_left(seen, end)


def _wrong_image(seen: Seen, end: End) -> list[str]:
    """What the result says of the image must be so: it stands, in latest only if the run published it."""
    result, image = seen.result, seen.result.image
    if end.outcome is Outcome.PUBLISHED and image is None:
        return ["published, and the result names no image"]
    if image is None:
        return []
    found: list[str] = []
    if image.id not in seen.standing:
        found.append(f"the result names {image.id}, which is not there")
    if (image.excluded_from_latest is False) != (result.outcome is Outcome.PUBLISHED):
        found.append(f"{result.outcome}, and excludedFromLatest is {image.excluded_from_latest}")
    if end.attempts is not None and image.attempts != end.attempts:
        found.append(f"the image took {image.attempts} attempts, not {end.attempts}")
    return found


def _wrong_left(seen: Seen, end: End) -> list[str]:
    names = [_name(left.id) for left in seen.result.left]
    found = [f"{name} is named twice in left" for name in sorted(set(names)) if names.count(name) > 1]
    if end.leaves is not None and bool(names) != end.leaves:
        found.append(f"left names {', '.join(names) or 'nothing'}")
    return found


def _named_for_nothing(seen: Seen, about: str) -> list[str]:
    """What is named in left must stand; only what could not be looked at may be gone."""
    gone = [left.id for left in seen.result.left if left.id not in seen.standing]
    return [f"left names {_name(each)}, which is gone" for each in gone if not (about and each.endswith(f"-{about}"))]


def _repeated(seen: Seen, end: End) -> list[str]:
    found = [
        f"{_name(machine)}: {kind} {counts[kind]} times"
        for machine, counts in seen.effects.items()
        for kind in IRREVERSIBLE
        if counts.get(kind, 0) > 1
    ]
    found += [
        f"{_name(each)}: made {count} times" for each, count in seen.births.items() if count > 1 and not is_image(each)
    ]
    versions = sum(count for each, count in seen.births.items() if is_image(each))
    if versions > (end.attempts or MOST_VERSIONS):
        found.append(f"{versions} image versions were made")
    return found


def _leaked(seen: Seen) -> list[str]:
    result = seen.result
    named = {*result.made, *(left.id for left in result.left)}
    found = [f"{_name(each)} stands, and the result does not name it" for each in sorted(seen.standing - named)]
    for each in sorted(seen.swept or ()):
        if not (is_image(each) and each in named):
            found.append(f"{_name(each)} stands even after the sweep")
    return found


def code_of(result: MachineResult) -> str:
    """The code of a result: its failure's, or its first refusal's; empty if it ended well."""
    if result.failure is not None:
        return str(result.failure.code)
    return str(result.refusals[0].code) if result.refusals else ""


def _name(thing: str) -> str:
    kind = next((str(kind) for kind in Kind if f"/{kind}/".lower() in thing.lower()), "")
    return f"{kind.rsplit('/', 1)[-1]} {thing.rsplit('/', 1)[-1]}".strip()

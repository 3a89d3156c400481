"""The tags that a request and the settings add to everything that is created, within Azure's limits."""

from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field

from contracts.tags import LONGEST_VALUE, OWN_PREFIX

MOST_OWN_TAGS = 15
"""Of Azure's 50 on a resource. The app's own are 32 at most (an image version with 20 customizers)."""
MOST_OWN_CHARACTERS = 1_500
"""Of all names and values together. A VM may have 2,048, with the app's own and the opt-in tag."""
LONGEST_NAME = 512
_FORBIDDEN = frozenset("<>%&\\?/")
_RESERVED = ("microsoft", "azure", "windows")


def tag_faults(tags: Mapping[str, str]) -> Iterator[str]:
    """Return what Azure would reject, and names that are the app's own; names of tags have no case."""
    if len(tags) > MOST_OWN_TAGS:
        yield f"has {len(tags)} tags; at most {MOST_OWN_TAGS} fit beside the app's own"
    if (characters := sum(len(name) + len(value) for name, value in tags.items())) > MOST_OWN_CHARACTERS:
        yield f"has {characters} characters in names and values; at most {MOST_OWN_CHARACTERS} fit on a VM"
    seen: dict[str, str] = {}
    for name, value in tags.items():
        yield from (f"{name[:60]!r} {fault}" for fault in _faults(name, value))
        if (first := seen.setdefault(name.lower(), name)) != name:
            yield f"{name[:60]!r} is the same tag as {first[:60]!r}: names of tags have no case"


def _faults(name: str, value: str) -> Iterator[str]:
    lowered = name.lower()
    if not name.strip() or name != name.strip() or len(name) > LONGEST_NAME:
        yield f"must be a name of 1 to {LONGEST_NAME} characters, without spaces around it"
    if len(value) > LONGEST_VALUE:
        yield f"has a value of {len(value)} characters; Azure allows {LONGEST_VALUE}"
    if _FORBIDDEN & set(name) or not (name + value).isprintable():
        yield "must contain no control character, and its name none of < > % & \\ ? /"
    if lowered.startswith(_RESERVED):
        yield "begins with microsoft, azure or windows, which Azure reserves"
    if lowered.startswith(OWN_PREFIX):
        yield f"begins with {OWN_PREFIX}: these tags are the app's own"


def _checked(tags: dict[str, str]) -> dict[str, str]:
    if faults := list(tag_faults(tags)):
        raise ValueError("; ".join(faults))
    return tags


OwnTags = Annotated[
    dict[
        Annotated[str, Field(strict=True, min_length=1, max_length=LONGEST_NAME)],
        Annotated[str, Field(strict=True, max_length=LONGEST_VALUE)],
    ],
    Field(max_length=MOST_OWN_TAGS),
    AfterValidator(_checked),
]


def merged(of_settings: Mapping[str, str], of_request: Mapping[str, str]) -> dict[str, str]:
    """Return the tags of both; the request's value wins, in whatever case it spells the name."""
    wins = {name.lower() for name in of_request}
    return {name: value for name, value in of_settings.items() if name.lower() not in wins} | dict(of_request)

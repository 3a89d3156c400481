"""Whether a run's version may run on this hub, as the extension decides it."""

import re

from emulators.task_hub.backend_options import BackendOptions
from emulators.task_hub.durable_task_section import VersionMatch

_PARTS = re.compile(r"\d+(?:\.\d+){1,3}")


def may_run(options: BackendOptions, version: str | None) -> bool:
    """Return whether a hub with these settings accepts a run of a version; no version is older than any."""
    own, given = options.default_version or "", version or ""
    if options.version_match is VersionMatch.NONE:
        return True
    if options.version_match is VersionMatch.STRICT:
        return given.lower() == own.lower()
    return not _newer(given, own)


def _newer(given: str, own: str) -> bool:
    # Two to four numbers are compared as numbers; anything else, a single number too, as text.
    if _PARTS.fullmatch(given) and _PARTS.fullmatch(own):
        return _numbers(given) > _numbers(own)
    return given.lower() > own.lower()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))

"""Errors that end the host; each message says what to change.

HostError
├── AppLoadError        the app could not be imported or indexed
└── ConfigurationError  host.json, local.settings.json, a setting or a binding is wrong
"""

from dataclasses import dataclass


class HostError(Exception):
    """The host cannot continue; the message says what to change."""


class ConfigurationError(HostError):
    """A configuration file, a setting or a binding is wrong."""


# Not frozen: Python sets an exception's traceback while it passes through a context manager.
@dataclass(eq=False)
class AppLoadError(HostError):
    """The app could not be imported or indexed.

    `location` is "path/in/app.py:LINE" of the innermost line of the app in the traceback, or None when the
    failure has none; `traceback` is Python's own, formatted.
    """

    reason: str
    location: str | None
    traceback: str

    def __str__(self) -> str:
        """Reason first, then the line of the app."""
        where = f"\n  at {self.location}" if self.location else ""
        return f"the app failed to load: {self.reason}{where}"

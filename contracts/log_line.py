"""The format of every log line: an event name and fields, as one line of JSON."""

import json

LOGGER = "golden_images"
"""The name of the app's logger."""
STOPPED_AND_BILLED = "stopped and billed"
"""The event of a VM that has stopped, is billed, and was not deallocated."""


def log_line(event: str, **fields: object) -> str:
    """Return {"event": ..., fields...} on one line; fields that are None are omitted.

    The message is JSON because the Functions host keeps the text of a log record, but neither its extra attributes nor
    its logger's name: in Application Insights every line of the app has the category `Function.<function>.User`.
    """
    return json.dumps({"event": event, **{k: v for k, v in fields.items() if v is not None}}, default=str)


def audit_line(event: str, **fields: object) -> str:
    """Return a log line that says who did what, with `"audit": true` so that a query finds it."""
    return log_line(event, audit=True, **fields)

"""One shape for every log line: an event name and fields, as one line of JSON."""

import json

AUDIT_LOGGER = "golden_images.audit"


def log_line(event: str, **fields: object) -> str:
    """Give {"event": ..., fields...} on one line; fields that are None are left out.

    A JSON message, since the Functions host keeps a log record's text but not its extra attributes.
    """
    return json.dumps({"event": event, **{k: v for k, v in fields.items() if v is not None}}, default=str)

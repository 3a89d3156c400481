"""One shape for every log line: an event name and fields, as one line of JSON."""

import json


def log_line(event: str, **fields: object) -> str:
    """Give {"event": ..., fields...} on one line; fields that are None are left out.

    A JSON message, since the Functions host keeps a log record's text but neither its extra attributes nor the name of
    its logger: in Application Insights every line of the app has the category `Function.<function>.User`.
    """
    return json.dumps({"event": event, **{k: v for k, v in fields.items() if v is not None}}, default=str)


def audit_line(event: str, **fields: object) -> str:
    """Give a log line that says who did what, marked `"audit": true` so that a query finds it."""
    return log_line(event, audit=True, **fields)

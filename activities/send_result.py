"""Puts a result on the queue `image-results`, through the function's output binding."""

import azure.functions as func

from contracts.activities.vm import SendResult, Sent


async def send_result(request: SendResult, message: func.Out[bytes]) -> Sent:
    """Set the text on the output binding; the host puts it on the queue when the function returns.

    As bytes: the host parses a string of JSON and writes it again, indented and with changed dates. A result of just
    under 48 KiB would then be too large for a queue message.
    """
    message.set(request.text.encode())
    return Sent()

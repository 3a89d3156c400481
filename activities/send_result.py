"""Puts a result on the queue `image-results`, through the function's output binding."""

import azure.functions as func

from contracts.machine_steps import SendResult, Sent


async def send_result(request: SendResult, message: func.Out[bytes]) -> Sent:
    """Hand the text to the output binding; the host puts it on the queue when the function returns.

    As bytes: the host parses a string that is JSON and writes it again indented, with its dates changed, which makes a
    result of just under 48 KiB too large for a queue message.
    """
    message.set(request.text.encode())
    return Sent()

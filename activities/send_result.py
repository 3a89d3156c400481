"""Puts a result on the queue `image-results`, through the function's output binding."""

import azure.functions as func

from contracts.machine_steps import SendResult, Sent


async def send_result(request: SendResult, message: func.Out[str]) -> Sent:
    """Hand the text to the output binding; the host puts it on the queue when the function returns."""
    message.set(request.text)
    return Sent()

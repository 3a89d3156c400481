"""Timers that record when they ran."""

import asyncio
import os

import azure.functions as func

from tests.emulators.functions_host.recorder import record

app = func.FunctionApp()


@app.timer_trigger(arg_name="timer", schedule="%TICK_SCHEDULE%")
async def tick(timer: func.TimerRequest) -> None:
    # The declared type lacks what the worker's own class has.
    status: object = getattr(timer, "schedule_status")  # noqa: B009
    record(event="begin", past_due=timer.past_due, status=status)
    if os.environ.get("TICK_SECONDS"):
        await asyncio.sleep(float(os.environ["TICK_SECONDS"]))
    record(event="end")


@app.timer_trigger(arg_name="timer", schedule="0 0 3 * * *", run_on_startup=True, use_monitor=False)
def at_start(timer: func.TimerRequest) -> None:
    record(event="start-up", past_due=timer.past_due)

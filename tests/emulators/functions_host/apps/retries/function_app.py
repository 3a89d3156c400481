"""A timer whose function always fails and asks for retries."""

import azure.functions as func

from tests.emulators.functions_host.recorder import record

app = func.FunctionApp()


@app.timer_trigger(arg_name="timer", schedule="0 */5 * * * *")
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:10")
def flaky(timer: func.TimerRequest, context: func.Context) -> None:
    retry = context.retry_context
    record(event="flaky", retry=retry.retry_count, limit=retry.max_retry_count)
    raise ValueError("again")

"""A blueprint: functions of the app in a module of their own."""

import azure.durable_functions as df

billing = df.Blueprint()


@billing.activity_trigger(input_name="amount")
def price(amount: int) -> int:
    return amount * 100

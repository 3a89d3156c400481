"""The list of functions and routes that is printed at start, as by Core Tools."""

from collections.abc import Iterable

from emulators.functions_host.function_catalog import Function, FunctionCatalog
from emulators.functions_host.http_trigger import HttpRoute


def function_listing(catalog: FunctionCatalog, routes: Iterable[HttpRoute], url: str) -> str:
    """HTTP functions with their methods and addresses first, then the others with their triggers."""
    by_name = {route.function.name: route for route in routes}
    lines = ["", "Functions:", ""]
    for function in sorted(catalog.functions, key=lambda f: (f.kind != "httpTrigger", f.name)):
        route = by_name.get(function.name)
        if route is not None:
            methods = ",".join(route.methods) or "ALL"
            lines.append(f"        {function.name}: [{methods}] {url}{route.path}")
        else:
            lines.append(f"        {function.name}: {function.kind}{_detail(function)}")
        lines.append("")
    return "\n".join(lines)


def _detail(function: Function) -> str:
    trigger = function.trigger
    for attribute in ("queueName", "schedule"):
        text = trigger.text(attribute) if trigger else None
        if text:
            return f" ({text})"
    return ""

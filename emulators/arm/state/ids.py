"""ARM ids: the subscription of the fleet, and whether a scope is within another."""


def is_within(scope: str, above: str) -> bool:
    """Whether `scope` is `above` or is below it; ids are case-insensitive."""
    low, top = scope.lower().rstrip("/"), above.lower().rstrip("/")
    return low == top or low.startswith(f"{top}/")


SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"

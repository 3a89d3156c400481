"""ARM ids: the subscription of the fleet, and whether a scope is within another."""


def is_within(scope: str, above: str) -> bool:
    """Whether `scope` is `above` or is below it; ids are case-insensitive."""
    low, top = scope.lower().rstrip("/"), above.lower().rstrip("/")
    return low == top or low.startswith(f"{top}/")


def same_subscription(one: str, other: str) -> bool:
    """Whether two ids are in the same subscription."""
    return one.lower().split("/")[:3] == other.lower().split("/")[:3]


SUBSCRIPTION = "11111111-1111-1111-1111-111111111111"

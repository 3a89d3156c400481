"""From the socket to a handler and back: checks in ARM's order, errors, faults, throttles."""

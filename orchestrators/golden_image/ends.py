"""The exceptions that end a run."""

from contracts.error_codes import Failure, Refusal


class Refused(Exception):
    """Ends the run before anything was changed."""

    def __init__(self, *refusals: Refusal) -> None:
        """Store every refusal."""
        self.refusals = refusals
        super().__init__(", ".join(refusal.code for refusal in refusals))


class Failed(Exception):
    """Ends the run after it began to change something, or because an activity failed."""

    def __init__(self, failure: Failure) -> None:
        """Store the failure."""
        self.failure = failure
        super().__init__(f"{failure.code}: {failure.message}")


class Canceled(Exception):
    """Ends the run before the point of no return, because a cancel was requested."""

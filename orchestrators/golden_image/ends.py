"""The exceptions that end a run."""

from contracts.error_codes import Failure, FailureCode, Refusal


class Refused(Exception):
    """Ends the run before anything was changed."""

    def __init__(self, *refusals: Refusal) -> None:
        """Store every refusal."""
        self.refusals = refusals
        super().__init__(", ".join(refusal.code for refusal in refusals))


class Denied(Refused):
    """Ends the run because the app's settings no longer allow what it was about to do; nothing was done."""

    @property
    def as_failure(self) -> "Failed":
        """The same, for a run that has passed the point of no return."""
        message = "; ".join(f"{refusal.code}: {refusal.message}" for refusal in self.refusals)
        return Failed(Failure.of(FailureCode.NO_LONGER_ALLOWED, message))


class Failed(Exception):
    """Ends the run after it began to change something, or because an activity failed."""

    def __init__(self, failure: Failure) -> None:
        """Store the failure."""
        self.failure = failure
        super().__init__(f"{failure.code}: {failure.message}")


class NotValidated(Failed):
    """Ends the run because the image could not be tested, which says nothing about it; it is not promoted."""


class Canceled(Exception):
    """Ends the run before the point of no return, because a cancel was requested."""

"""The refusal and failure codes of a run, each with its remediation."""

from contracts.failure_codes import FAILURE_REMEDIATION
from contracts.failure_codes import FailureCode as FailureCode
from contracts.message import Message
from contracts.refusal_codes import REFUSAL_REMEDIATION
from contracts.refusal_codes import RefusalCode as RefusalCode

REMEDIATION: dict[RefusalCode | FailureCode, str] = {**REFUSAL_REMEDIATION, **FAILURE_REMEDIATION}


class Refusal(Message):
    """A refusal as a value: its code, what was found, and what to change."""

    code: RefusalCode
    message: str
    remediation: str

    @classmethod
    def of(cls, code: RefusalCode, message: str) -> "Refusal":
        """Create a refusal with the code's remediation; `message` says what was found."""
        return cls(code=code, message=message, remediation=REMEDIATION[code])


class Failure(Message):
    """A failure as a value: its code, what happened, and what to do."""

    code: FailureCode
    message: str
    remediation: str
    correlation_id: str | None = None

    @classmethod
    def of(cls, code: FailureCode, message: str, correlation_id: str | None = None) -> "Failure":
        """Create a failure with the code's remediation; `message` says what was found."""
        return cls(code=code, message=message, remediation=REMEDIATION[code], correlation_id=correlation_id)

"""Which failure a rejection by Azure is."""

import pytest

from contracts.error_codes import FailureCode as F
from policy.azure_errors import failure_code

QUOTA = "Operation could not be completed as it results in exceeding approved standardDSv5Family Cores quota."


@pytest.mark.parametrize(
    ("code", "message", "failure"),
    [
        ("RequestDisallowedByPolicy", "m", F.DISALLOWED_BY_POLICY),
        ("requestdisallowedbypolicy", "m", F.DISALLOWED_BY_POLICY),
        ("RequestDisallowedByAzure", "m", F.DISALLOWED_BY_POLICY),
        ("DenyAssignmentAuthorizationFailed", "m", F.DENIED_BY_ASSIGNMENT),
        ("SkuNotAvailable", "m", F.CAPACITY_UNAVAILABLE),
        ("AllocationFailed", "m", F.CAPACITY_UNAVAILABLE),
        ("ZonalAllocationFailed", "m", F.CAPACITY_UNAVAILABLE),
        ("OverconstrainedAllocationRequest", "m", F.CAPACITY_UNAVAILABLE),
        ("OverconstrainedZonalAllocationRequest", "m", F.CAPACITY_UNAVAILABLE),
        ("OperationNotAllowed", QUOTA, F.CAPACITY_UNAVAILABLE),
        ("QuotaExceeded", QUOTA, F.CAPACITY_UNAVAILABLE),
        ("QuotaExceeded", "too many replicas", F.AZURE_REJECTED_REQUEST),
        ("OperationNotAllowed", "the VM is generalized", F.AZURE_REJECTED_REQUEST),
        ("LinkedAuthorizationFailed", "... and is blocked by deny assignments on the '1' ...", F.DENIED_BY_ASSIGNMENT),
        ("LinkedAuthorizationFailed", "... does not have permission ...", F.AZURE_REJECTED_REQUEST),
        ("AuthorizationFailed", QUOTA, F.AZURE_REJECTED_REQUEST),
        ("", "", F.AZURE_REJECTED_REQUEST),
    ],
)
def test_a_rejection_has_the_failure_code_of_its_cause(code: str, message: str, failure: F) -> None:
    assert failure_code(code, message) is failure

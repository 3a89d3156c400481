"""Which failure a rejection by Azure is: from the code and the message of its error to a code of this app."""

from contracts.error_codes import FailureCode
from contracts.facts import VmState

_BY_CODE = {
    "requestdisallowedbypolicy": FailureCode.DISALLOWED_BY_POLICY,
    "requestdisallowedbyazure": FailureCode.DISALLOWED_BY_POLICY,
    "denyassignmentauthorizationfailed": FailureCode.DENIED_BY_ASSIGNMENT,
    "skunotavailable": FailureCode.CAPACITY_UNAVAILABLE,
    "allocationfailed": FailureCode.CAPACITY_UNAVAILABLE,
    "zonalallocationfailed": FailureCode.CAPACITY_UNAVAILABLE,
    "overconstrainedallocationrequest": FailureCode.CAPACITY_UNAVAILABLE,
    "overconstrainedzonalallocationrequest": FailureCode.CAPACITY_UNAVAILABLE,
}
"""ARM's error codes in lower case. `RequestDisallowedByAzure` is a policy that Azure itself assigns."""

DENIALS = frozenset({FailureCode.DISALLOWED_BY_POLICY, FailureCode.DENIED_BY_ASSIGNMENT})
"""What an organization forbids: named as such wherever it is met, for nothing else explains it."""

_QUOTA_CODES = frozenset({"operationnotallowed", "quotaexceeded"})
"""Codes that mean a used up quota if their message says so: the first one has many other meanings."""
_LINKED_CODE = "linkedauthorizationfailed"
"""A right is missing on a resource that the request names, unless the message says that it is denied there."""


def failure_code(code: str, message: str) -> FailureCode:
    """Return the failure code of a request that Azure rejected with this code and message."""
    name = code.lower()
    if name == _LINKED_CODE and "blocked by deny assignments" in message.lower():
        return FailureCode.DENIED_BY_ASSIGNMENT
    if name in _QUOTA_CODES and "quota" in message.lower():
        return FailureCode.CAPACITY_UNAVAILABLE
    return _BY_CODE.get(name, FailureCode.AZURE_REJECTED_REQUEST)


def lacks_capacity(vm: VmState) -> bool:
    """Return whether the creation of a VM failed because Azure had no room for it (`VmState.fault`)."""
    status, _, message = vm.fault.partition(" ")
    return failure_code(status.rpartition("/")[2], message) is FailureCode.CAPACITY_UNAVAILABLE

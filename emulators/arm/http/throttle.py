"""Token buckets of the compute provider, per VM or per subscription, on the emulator's clock."""

import json
import math
from dataclasses import dataclass
from datetime import datetime

from emulators.arm.errors import ArmError
from emulators.arm.state.clock import Clock


@dataclass(frozen=True)
class Policy:
    """One limit of Azure: tokens per minute and capacity, per VM (or none) and per subscription (or none).

    `windows` is the older form, used for disks and galleries: minutes, and how many requests are allowed in them.
    """

    name: str
    vm: tuple[float, int] | None = None
    subscription: tuple[float, int] | None = None
    windows: tuple[tuple[int, int], ...] = ()


POLICIES = {
    policy.name: policy
    for policy in (
        Policy("PutVM", (4, 12), (500, 1500)),
        Policy("UpdateVM", (4, 12), (500, 1500)),
        Policy("DeleteVM", (4, 12), (500, 1500)),
        Policy("LowCostGet", (12, 36), (8000, 24000)),
        Policy("HighCostGet", None, (300, 900)),
        Policy("GetOperation", (15, 45), (5000, 15000)),
        Policy("CreateUpdateDisks", windows=((3, 3000), (30, 25000))),
        Policy("DeleteDisks", windows=((3, 1000),)),
        Policy("HighCostSnapshotCreateHydrate", windows=((3, 1000), (30, 8000))),
        Policy("CreateImages", windows=((3, 40), (30, 200))),
        Policy("CreateUpdateGalleryImageVersion", windows=((3, 375), (30, 1200))),
    )
}


class Bucket:
    """A token bucket: full at first, refilled by the minute."""

    def __init__(self, per_minute: float, capacity: int, now: datetime) -> None:
        self._rate = per_minute / 60
        self.capacity = capacity
        self._tokens = float(capacity)
        self._at = now

    def wait(self, now: datetime) -> float:
        """Seconds until a token is available; 0 when one is."""
        self._tokens = min(self.capacity, self._tokens + (now - self._at).total_seconds() * self._rate)
        self._at = now
        return 0.0 if self._tokens >= 1 else (1 - self._tokens) / self._rate

    def take(self) -> int:
        """Take a token; returns how many full tokens remain."""
        self._tokens -= 1
        return int(self._tokens)


class Throttle:
    """Decides whether a request is allowed now, and returns what remains."""

    def __init__(self, clock: Clock, enabled: bool = True) -> None:
        self._clock = clock
        self.enabled = enabled
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def admit(self, policy_name: str, subscription: str, vm_id: str | None) -> str:
        """Take a token of each bucket; returns the value of x-ms-ratelimit-remaining-resource. Raises a 429."""
        policy, now = POLICIES[policy_name], self._clock.now()
        wanted: list[tuple[str, str, tuple[float, int]]] = [
            (f"{policy.name}{minutes}Min", subscription.lower(), (capacity / minutes, capacity))
            for minutes, capacity in policy.windows
        ]
        if policy.subscription is not None:
            wanted.append((f"{policy.name}SubscriptionMaximum", subscription.lower(), policy.subscription))
        if policy.vm is not None and vm_id is not None:
            wanted.append((f"{policy.name}Resource", vm_id.lower(), policy.vm))
        buckets: list[tuple[str, Bucket]] = []
        for name, owner, (rate, capacity) in wanted:
            bucket = self._buckets.setdefault((name, owner), Bucket(rate, capacity, now))
            buckets.append((name, bucket))
        if self.enabled:
            for name, bucket in buckets:
                if (wait := bucket.wait(now)) > 0:
                    raise self._refusal(policy, name, bucket.capacity, wait)
            return ",".join(f"Microsoft.Compute/{name};{bucket.take()}" for name, bucket in buckets)
        return ",".join(f"Microsoft.Compute/{name};{bucket.capacity - 1}" for name, bucket in buckets)

    def _refusal(self, policy: Policy, bucket_name: str, allowed: int, wait: float) -> ArmError:
        measured = {"operationGroup": policy.name, "allowedRequestCount": allowed}
        detail = {
            "code": "TooManyRequests",
            "target": policy.name,
            "message": json.dumps({**measured, "measuredRequestCount": allowed + 1}, separators=(",", ":")),
        }
        return ArmError(
            429,
            "OperationNotAllowed",
            "The server rejected the request because too many requests have been received for this subscription.",
            details=(detail,),
            headers={
                "Retry-After": str(max(1, math.ceil(self._clock.pace(wait)))),
                "x-ms-ratelimit-remaining-resource": f"Microsoft.Compute/{bucket_name};0",
            },
        )

"""Where temporary resources are created: one place for each region of a subscription."""

from collections import Counter
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from contracts.image_options import GroupId, RegionName
from contracts.message import StrictMessage
from contracts.resource_ids import SubnetId

MOST_PLACES = 32
"""Each run carries all of them in its input."""


class BuildPlace(StrictMessage):
    """The place of the temporary resources of all VMs in one region of one subscription: that of `resourceGroupId`.

    Azure creates an incremental snapshot only in the subscription of its disk.
    """

    region: RegionName
    resource_group_id: GroupId
    subnet_id: SubnetId
    rollback_resource_group_id: GroupId | None = None

    @property
    def subscription_id(self) -> str:
        """The subscription of the place, and of the VMs that it is for."""
        return self.resource_group_id.subscription_id

    @property
    def key(self) -> tuple[str, str]:
        """The subscription and the region: a VM there has this place."""
        return self.subscription_id, self.region

    @property
    def rollback_group(self) -> GroupId:
        """The resource group of rollback snapshots."""
        return self.rollback_resource_group_id or self.resource_group_id

    @model_validator(mode="after")
    def _in_one_subscription(self) -> Self:
        others = {"subnetId": self.subnet_id, "rollbackResourceGroupId": self.rollback_resource_group_id}
        for name, other in others.items():
            if other is not None and other.subscription_id != self.subscription_id:
                raise ValueError(f"{name} is not in the subscription of resourceGroupId, {self.subscription_id}")
        return self


def _each_once(places: tuple[BuildPlace, ...]) -> tuple[BuildPlace, ...]:
    twice = [key for key, times in Counter(place.key for place in places).items() if times > 1]
    if twice:
        names = ", ".join(f"subscription {subscription} in {region}" for subscription, region in twice)
        raise ValueError(f"names more than one place for {names}: a VM there would have no one place; leave one")
    return places


type BuildPlaces = Annotated[tuple[BuildPlace, ...], Field(max_length=MOST_PLACES), AfterValidator(_each_once)]

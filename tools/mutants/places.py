"""The guards of where something is created."""

from tools.mutants.mutant import FACTS, LIFE, Mutant

PLACES = (
    Mutant(
        "place-of-another-region",
        "a VM has the place of its own subscription and region only",
        "if place.key == key), None)",
        "if place.key[0] == key[0]), None)",
        FACTS,
    ),
    Mutant(
        "rollback-group-unchecked",
        "a rollback snapshot that could not be created, or deleted again, is not taken",
        "    return tuple(_refusals(group, facts))\n",
        "    return ()\n",
        FACTS,
    ),
    Mutant(
        "rollback-scope-unasked",
        "a group outside the allowed scopes is refused, and not even read",
        "    unfit = check_rollback_scope(job, group)\n",
        "    unfit: tuple[Refusal, ...] = ()\n",
        LIFE,
    ),
    Mutant(
        "key-of-another-subscription",
        "a disk encryption set is used only in its own subscription",
        "        if set_id is not None and subscription_of(set_id) != group.subscription_id:\n",
        "        if set_id is not None and not group:\n",
        FACTS,
    ),
    Mutant(
        "clone-of-another-subscription",
        "a clone's snapshots stay in the subscription of its source",
        "        if group.subscription_id != target.vm_id.subscription_id:\n",
        "        if not group.subscription_id:\n",
        FACTS,
    ),
)

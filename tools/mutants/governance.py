"""The guards against what an organization denies."""

from tools.mutants.mutant import FACTS, LIFE, Mutant

GOVERNANCE = (
    Mutant(
        "policies-unasked",
        "what a policy denies is refused before anything is changed",
        "    inspection.refuse(*(yield from check_disallowed(run, plan, inspection.until)))\n",
        "",
        LIFE,
    ),
    Mutant(
        "deny-assignments-unasked",
        "what a deny assignment denies is refused before anything is changed",
        "    inspection.refuse(*(yield from check_denied(run, plan, inspection.until)))\n",
        "",
        LIFE,
    ),
    Mutant(
        "group-taken-for-others",
        "a denied group may contain the app",
        " or party.type.lower() not in _PERSONS\n",
        "\n",
        FACTS,
    ),
    Mutant(
        "unread-deny-assignments-taken-for-none",
        "deny assignments that cannot be read are a refusal",
        '    if found is None:\n        message = f"the deny assignments at',
        '    if found is None:\n        return\n        message = f"the deny assignments at',
        FACTS,
    ),
    Mutant(
        "opt-in-tag-copied",
        "a request gives no resource the opt-in tag",
        "    if tag_of(job.tags, job.settings.opt_in_tag) is not None:\n",
        "    if not job:\n",
        FACTS,
    ),
)

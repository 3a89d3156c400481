"""The guards that ask the app's settings of now."""

from tools.mutants.mutant import AZURE, FACTS, LIFE, Mutant

AUTHORITY = (
    Mutant(
        "scope-of-now-unasked",
        "what lies outside the scopes of now is not changed",
        "    yield from _outside((str(authority.vm_id), *ids), live.run.allowed_scopes)\n",
        "",
        (*FACTS, *LIFE),
    ),
    Mutant(
        "trigger-of-now-unasked",
        "a trigger that was taken away generalizes nothing",
        "    if authority.trigger not in live.run.in_place_triggers:\n",
        "    if not authority.trigger:\n",
        FACTS,
    ),
    Mutant(
        "opt-in-of-now-unasked",
        "a job that names a tag of its own generalizes nothing",
        "(authority.opt_in_tag, authority.opt_in_value) != (",
        "not (",
        FACTS,
    ),
    Mutant(
        "demanded-approval-unasked",
        "where the operator demands an approval, silence is none",
        "    if authority.mode in live.run.approval_modes and not authority.approved:\n",
        "    if not authority.mode:\n",
        FACTS,
    ),
    Mutant(
        "pause-unheard",
        "a paused app begins nothing",
        "    if live.paused and not authority.committed:\n",
        "    if not authority.mode:\n",
        (*FACTS, *LIFE),
    ),
    Mutant(
        "change-without-authority",
        "an activity that names no authority changes nothing",
        '    return Refusal.of(RefusalCode.SCOPE_NOT_ALLOWED, f"{entry.name} was asked without a run\'s authority")\n',
        "    return None\n",
        AZURE,
    ),
    Mutant(
        "cleanup-mode-unasked",
        "a cleanup deletes only while the setting says so",
        '    if live.cleanup_mode != "delete":\n',
        "    if not live.cleanup_mode:\n",
        (*FACTS, *AZURE),
    ),
    Mutant(
        "denial-after-no-answer",
        "a request without an answer is no refusal",
        "        if not unanswered:\n            raise\n",
        "        raise\n",
        LIFE,
    ),
    Mutant(
        "foreign-disk-copied",
        "only the VM's own disks are copied",
        "    if like.attached_to.lower() != request.vm_id.key:\n",
        "    if not like.attached_to:\n",
        AZURE,
    ),
)

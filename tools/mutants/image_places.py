"""The guards of where an image goes, and of what gets into it."""

from tools.mutants.mutant import AZURE, FACTS, LIFE, Mutant

IMAGE_PLACES = (
    Mutant(
        "locked-image",
        "a read-only lock where the image goes is refused",
        "    if lock.level.lower() != _NO_DELETE:\n        yield Refusal.of(RefusalCode.IMAGE_LOCKED, message)\n",
        "    if not lock.level:\n        yield Refusal.of(RefusalCode.IMAGE_LOCKED, message)\n",
        FACTS,
    ),
    Mutant(
        "deleted-name-taken",
        "the name of a deleted version is not free",
        "for version in (*listed.versions, *(kept or ()))",
        "for version in listed.versions",
        LIFE,
    ),
    Mutant(
        "failed-extension-removed",
        "an extension that failed is refused, whatever the list says",
        "        if state in _FAILED:\n",
        "        if not state:\n",
        FACTS,
    ),
    Mutant(
        "late-extension-published",
        "a clone that got an extension while it was deprovisioned is not published",
        "    check_none_appeared(generalized.vm)\n",
        "",
        LIFE,
    ),
    Mutant(
        "foreign-extension-removed",
        "only the extensions of a VM that the run created are removed",
        "    if failure := created_by_run(vm, request.run_id):\n        return ExtensionRemoved(failure=failure)\n",
        "",
        AZURE,
    ),
)

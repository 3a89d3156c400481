"""The page of permissions and the role have the same actions."""

import json
from pathlib import Path

from policy.rights import GET_SECRET, needed_for_cleanup_on_source, needed_on_source
from tools.docgen.rights_page import PRODUCTION_CLEANUP, production_runs, rights_page, rights_rows

ROLE_FILE = Path(__file__).parents[3] / "infra" / "role.json"
ROLE = json.loads(ROLE_FILE.read_text(encoding="utf-8"))


def test_the_role_holds_what_the_options_need_and_nothing_else() -> None:
    needed = {action for row in rights_rows() for action in row.actions}
    assert set(ROLE["Actions"]) == needed - {GET_SECRET}
    assert ROLE["DataActions"] == [GET_SECRET]
    assert (ROLE["NotActions"], ROLE["NotDataActions"]) == ([], [])
    assert len(ROLE["Actions"]) == len(set(ROLE["Actions"]))


def test_the_page_names_every_action_by_option_and_by_itself() -> None:
    page = rights_page()
    for action in (*ROLE["Actions"], *ROLE["DataActions"]):
        assert page.count(f"`{action}`") >= 2, action


def test_the_table_of_production_groups_is_what_the_policy_needs_there() -> None:
    """Read from the file: it is what somebody grants by."""
    page = (ROLE_FILE.parents[1] / "docs" / "rights.md").read_text(encoding="utf-8")
    _, _, table = page.partition("## What a production group still needs")
    lines = (line.strip("| ").split(" | ") for line in table.partition("## Notes")[0].splitlines())
    written = {line[0]: tuple(line[1].replace("`", "").split("<br>")) for line in lines if "Microsoft." in line[-1]}
    needed = {run: needed_on_source(target) for run, target in production_runs().items()}
    assert written == {**needed, PRODUCTION_CLEANUP: needed_for_cleanup_on_source()}


def test_nothing_is_created_or_deleted_in_a_production_group() -> None:
    """Only its own Run Commands; `virtualMachines/write` is what Azure requires of an image version's source."""
    needed = {action for target in production_runs().values() for action in needed_on_source(target)}
    changing = {action for action in needed if action.rsplit("/", 1)[-1] in {"write", "delete"}}
    compute = "Microsoft.Compute/virtualMachines"
    assert changing == {f"{compute}/runCommands/write", f"{compute}/runCommands/delete", f"{compute}/write"}

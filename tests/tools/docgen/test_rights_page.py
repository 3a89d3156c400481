"""The page of permissions and the role have the same actions."""

import json
from pathlib import Path

from policy.rights import GET_SECRET
from tools.docgen.rights_page import rights_page, rights_rows

ROLE = json.loads((Path(__file__).parents[3] / "infra" / "role.json").read_text(encoding="utf-8"))


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

"""Importing what replays, or the whole app, loads no SDK: asked of a fresh interpreter."""

from pathlib import Path

import pytest

from tests.walls.fault import ROOT
from tests.walls.interpreter import SDK, loaded_by, sdk_in
from tests.walls.product_copy import copy_product

STORIES = sorted(f"orchestrators.{path.stem}" for path in (ROOT / "orchestrators").glob("*.py"))


def test_no_sdk_comes_along_with_the_orchestrators() -> None:
    loaded = loaded_by(ROOT, *STORIES)
    assert "orchestrators.golden_image" in loaded
    assert sdk_in(loaded) == []
    assert [name for name in ("settings", "activities", "azure_clients", "triggers") if name in loaded] == []


def test_no_sdk_comes_along_with_the_app() -> None:
    loaded = loaded_by(ROOT, "function_app")
    assert "activities.inspect_vm" in loaded
    assert sdk_in(loaded) == []


@pytest.mark.parametrize("sdk", ["azure.mgmt.compute", "azure.identity", "azure.core", "aiohttp"])
def test_an_sdk_that_comes_along_is_seen(sdk: str, tmp_path: Path) -> None:
    copy = copy_product(tmp_path)
    with (copy / "contracts/ids.py").open("a") as file:
        file.write(f"\nimport {sdk}\n")
    assert sdk_in(loaded_by(copy, "orchestrators.golden_image"))
    assert sdk.startswith(SDK)

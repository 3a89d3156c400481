"""Importing the orchestrators, or the app, loads no SDK in a fresh interpreter."""

from pathlib import Path

from tests.layers.fault import ROOT
from tests.layers.interpreter import SDK, loaded_by, sdk_in
from tests.layers.product_copy import copy_product

ORCHESTRATIONS = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "orchestrators").rglob("*.py")
)


def test_the_orchestrators_load_no_sdk() -> None:
    loaded = loaded_by(ROOT, *ORCHESTRATIONS)
    assert "orchestrators.golden_image.orchestrator" in loaded
    assert sdk_in(loaded) == []
    assert [name for name in ("settings", "activities", "azure_clients", "triggers") if name in loaded] == []


def test_the_app_loads_no_sdk() -> None:
    loaded = loaded_by(ROOT, "function_app")
    assert "activities.inspect_vm" in loaded
    assert sdk_in(loaded) == []


def test_each_loaded_sdk_is_found(tmp_path: Path) -> None:
    copy = copy_product(tmp_path)
    with (copy / "contracts/ids.py").open("a") as file:
        file.writelines(f"\nimport {sdk}\n" for sdk in SDK)
    found = sdk_in(loaded_by(copy, "orchestrators.golden_image.orchestrator"))
    assert set(SDK) <= set(found)

"""Importing the orchestrators loads no SDK in a fresh interpreter; tests/packaging checks the app."""

from pathlib import Path

from tests.layers.fault import ROOT
from tests.layers.interpreter import SDK, ask, sdk_in

ORCHESTRATIONS = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "orchestrators").rglob("*.py")
    if path.stem != "__init__"
)


def test_the_orchestrators_load_no_sdk() -> None:
    loaded = ask(ROOT, ORCHESTRATIONS)
    assert "orchestrators.golden_image.orchestrator" in loaded
    assert sdk_in(loaded) == []
    assert [name for name in ("settings", "activities", "azure_clients", "triggers") if name in loaded] == []


def test_a_loaded_sdk_is_found(tmp_path: Path) -> None:
    (tmp_path / "outer.py").write_text("import inner\n")
    (tmp_path / "inner.py").write_text("import azure.core\n")
    assert "azure.core" in sdk_in(ask(tmp_path, ["outer"]))
    assert sdk_in({name: None for sdk in SDK for name in (sdk, f"{sdk}.x", f"{sdk}x")}) == [
        name for sdk in SDK for name in (sdk, f"{sdk}.x")
    ]

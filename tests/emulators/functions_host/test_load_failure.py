"""An app that cannot be loaded is told with its own file and line."""

from pathlib import Path

import pytest

from emulators.functions_host import AppLoadError
from tests.emulators.functions_host import broken_apps
from tests.emulators.functions_host.conftest import NO_ENGINE, StartHost


@pytest.mark.parametrize(
    ("files", "location", "said"),
    [
        (broken_apps.SYNTAX, "function_app.py:7", "SyntaxError"),
        (broken_apps.DEEP_IMPORT, "deeper.py:6", "invalid literal for int"),
        (broken_apps.GENERIC_ANNOTATION, "function_app.py:11", "generic"),
        (broken_apps.SAME_NAME_TWICE, "function_app.py:9", "same does not have a unique"),
        (broken_apps.EXITS, "function_app.py:5", "no licence"),
    ],
)
async def test_names_the_line_and_the_reason(
    start_host: StartHost, tmp_path: Path, files: dict[str, str], location: str, said: str
) -> None:
    with pytest.raises(AppLoadError, match=said) as caught:
        async with start_host(broken_apps.write_app(tmp_path, files), engine=NO_ENGINE):
            pass
    assert caught.value.location == location


async def test_a_missing_module_is_named_without_the_workers_advice(start_host: StartHost, tmp_path: Path) -> None:
    (tmp_path / "function_app.py").write_text("import not_installed_anywhere\n")
    with pytest.raises(AppLoadError) as caught:
        async with start_host(tmp_path, engine=NO_ENGINE):
            pass
    assert caught.value.reason == "ModuleNotFoundError: No module named 'not_installed_anywhere'"
    assert caught.value.location == "function_app.py:1"


async def test_a_folder_without_an_app_says_what_to_do(start_host: StartHost, tmp_path: Path) -> None:
    with pytest.raises(AppLoadError, match=r"no function_app\.py.*--app"):
        async with start_host(tmp_path, engine=NO_ENGINE):
            pass

"""The command line: what it refuses, and with which status."""

from pathlib import Path

import pytest

from emulators.functions_host.command_line import main
from tests.emulators.functions_host.broken_apps import SYNTAX, write_app


@pytest.mark.parametrize("arguments", [[], ["begin"], ["start", "--port", "http"], ["start", "--functions"]])
def test_a_wrong_command_line_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert "usage: python -m emulators.functions_host" in capsys.readouterr().err


def test_the_options_are_reported(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["start", "--help"])
    assert ended.value.code == 0
    reported = capsys.readouterr().out
    for option in ("--port", "-p", "--functions", "--engine", "--worker", "--drain", "--ready-file"):
        assert option in reported


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--engine", "sqlserver"], "'sqlserver' is not an engine"),
        ([], "function_app.py:7"),
    ],
)
def test_a_host_that_cannot_start_is_status_1_with_the_useful_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    words: str,
) -> None:
    # Without --app the app is where the command is given; and logging is the process's own.
    monkeypatch.chdir(write_app(tmp_path, SYNTAX))
    monkeypatch.setattr("emulators.functions_host.command_line.configure_logging", print)
    assert main(["start", "--port", "0", *options]) == 1
    assert words in capsys.readouterr().err

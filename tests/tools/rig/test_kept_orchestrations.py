"""One run with every turn replayed from its history, as on Azure: it does what a run does whose worker keeps it."""

from contracts.results import Outcome
from tests.support.golden import add_definition, changing, clone_job, version_options
from tests.support.journey import journey, spec


def changes_of(*, replay: bool) -> list[str]:
    """Clone, customize, publish, validate and promote; return every change that Azure was asked for."""
    with journey(spec("vm1", power="deallocated"), emulate_linux=True, replay=replay) as reported:
        add_definition(reported)
        customize = [{"script": "linux-packages-update", "reboot": True}]
        result = reported.report(clone_job(image=version_options(), customize=customize))
        assert result.outcome is Outcome.PUBLISHED, result
        return changing(reported.simulator.requests())


def test_replayed_at_every_turn_a_run_asks_azure_for_the_same() -> None:
    replayed = changes_of(replay=True)
    assert len(replayed) > 20
    assert replayed == changes_of(replay=False)

"""Clone stories in which something is not what it seems: restarts, answers that never came, stories that broke."""

from collections.abc import Generator
from typing import Any

from durabletask import task

from contracts.answer import Answer
from contracts.facts import ImageVersionListed
from contracts.making_steps import Deleted
from contracts.reasons import FailureCode, RefusalCode
from contracts.results import MachineResult, Outcome
from orchestrators.golden_image import golden_image
from orchestrators.lease import call_lease
from tests.orchestrators.test_clone import DEFINITION, SUBNET, asked, source
from tests.support.engine import engine
from tests.support.fake_azure import FakeAzure
from tests.support.requests import machine
from tests.support.telling import failure_of, run, tell
from workbench.timed_engine import VirtualClock


def test_a_restart_is_believed_by_the_boot_id_alone() -> None:
    def prepare(azure: FakeAzure) -> None:
        source(azure)
        azure.breaks["restart"] = "never"

    result, azure = tell(prepare, asked(target={"prepare": [{"script": "one", "reboot": True}]}))
    assert failure_of(result) is FailureCode.SCRIPT_FAILED
    assert result.prepared[0].rebooted is False
    assert azure.things == {}


def test_what_the_source_could_not_tell_is_judged_on_the_clone() -> None:
    def prepare(azure: FakeAzure) -> None:
        source(azure)
        azure.add("clone", machine("clone", agent_version="2.2.0"))

    result, azure = tell(prepare, asked())
    assert [refusal.code for refusal in result.refusals] == [RefusalCode.AGENT_TOO_OLD]
    assert "start_deprovision" not in azure.steps_of("clone")
    assert azure.things == {}


def test_a_verification_that_never_began_says_nothing_of_the_image() -> None:
    def prepare(azure: FakeAzure) -> None:
        source(azure)
        azure.breaks["verify-nic"] = "failed"

    result, azure = tell(prepare, asked(image={"verify": {"subnetId": SUBNET}}))
    assert failure_of(result) is FailureCode.VERIFY_FAILED
    assert azure.marks["golden-image-verified"] == "notTested"
    assert result.image is not None
    assert result.image.verified is not None
    assert result.image.verified.tested is False


def test_one_404_is_no_proof_that_a_thing_nobody_saw_is_not_there() -> None:
    """The order of the disk gets no answer and is taken late: it shows only after the first look for it."""

    def prepare(azure: FakeAzure) -> None:
        source(azure)

        def trouble(step: str, about: str, nth: int) -> Answer | None:
            if step == "make_disk":
                raise RuntimeError("no answer")
            if step == "delete_made" and about == "os-disk" and nth == 1:
                return Deleted(gone=True)
            if step == "delete_made" and about == "os-disk" and nth == 2:
                return Deleted()
            return None

        azure.trouble = trouble

    result, azure = tell(prepare, asked())
    assert result.outcome is Outcome.FAILED
    assert azure.steps_of("os-disk").count("delete_made") >= 3
    assert result.left == ()


def publish_image(ctx: task.OrchestrationContext, request: dict[str, Any]) -> Generator[task.Task[Any], Any]:
    yield ctx.create_timer(ctx.current_utc_datetime)
    raise RuntimeError("broken")


def test_a_publication_that_breaks_leaves_its_version_named() -> None:
    clock = VirtualClock()
    azure = FakeAzure(now=clock.now)
    source(azure)
    version = ImageVersionListed(name="1.0.0", run_id=asked().run_id, provisioning_state="Creating")
    azure.image_facts = azure.image_facts.model_copy(update={"versions": (version,)})
    with engine(azure.activities(), clock, stories=(golden_image, publish_image, call_lease)) as running:
        result: MachineResult = run(running, asked())
    assert failure_of(result) is FailureCode.PUBLISH_FAILED
    assert [left.id for left in result.left] == [f"{DEFINITION}/versions/1.0.0"]
    assert azure.things == {}

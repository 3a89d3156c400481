"""Checks of a host that is stopped during runs, and of several hosts on one hub."""

import asyncio

from tools.demo.fleet import Expected
from tools.real_engine.fleet import clone, in_place
from tools.real_engine.lanes import Ground
from tools.real_engine.report import expect
from tools.real_engine.runs import Run
from tools.real_engine.station import Station
from tools.real_engine.victims import kill_extension, stop_and_start

STOP_LANE, APART_LANE, BEFORE_LANE = "stop", "apart", "before"
_WINDOW = "AzureFunctionsJobHost__extensions__durableTask__entityMessageReorderWindowInMinutes"
_DURABLE = frozenset({"orchestrationTrigger", "activityTrigger", "entityTrigger"})
_RECORD_SECONDS = 20.0
_HANGS_SECONDS = 45.0


async def run_stop(ground: Ground) -> None:
    """Stop a host normally while runs are active, and start it again."""
    fleet = [*(in_place(f"stopped{number}") for number in range(8)), clone("stopped-clone")]
    async with ground.station(STOP_LANE, fleet) as station:
        await station.start()
        await ground.report.check("a normal stop during runs, and a start", _stopped(station, fleet))


async def _stopped(station: Station, fleet: list[Expected]) -> None:
    run = Run(station, "stop", fleet)
    await run.send()
    await station.stage(run.of(fleet[0]), "deprovisioning", "stopping", "deallocating")
    await stop_and_start(station)
    await station.stage(run.of(fleet[-1]), "customizing", "deprovisioning", "stopping", "publishing")
    await stop_and_start(station)
    await run.ends(500)


async def run_apart(ground: Ground) -> None:
    """Two extensions on one hub: the triggers on one, the durable functions on others."""
    fleet = [in_place(f"apart{number}") for number in range(3)]
    shared = [in_place(f"shared{number:02}") for number in range(12)]
    async with ground.station(APART_LANE, [*fleet, *shared]) as station:
        triggers, durable = await _functions(station)
        await station.start("triggers", triggers)
        await station.start("durable", durable)
        await ground.report.check("triggers on another instance: a record within 20 s", _claimed(station, fleet))
        await station.start("second", durable)
        await ground.report.check("two instances share a hub, one is killed", _shared(station, shared))


async def _functions(station: Station) -> tuple[list[str], list[str]]:
    """The names of the app's functions: triggers, and durable ones."""
    await station.start()
    async with station.http.get(f"{station.url}/admin/functions") as answer:
        functions = await answer.json()
    await station.hosts.pop("one").stop()
    own = [each for each in functions if not each["name"].startswith("BuiltIn__")]
    durable = [each["name"] for each in own if each["trigger"] in _DURABLE]
    return [each["name"] for each in own if each["name"] not in durable], durable


async def _claimed(station: Station, fleet: list[Expected]) -> None:
    runs = [Run(station, f"apart-{number}", [vm]) for number, vm in enumerate(fleet)]
    for run in runs[:2]:
        since = asyncio.get_running_loop().time()
        answer = await station.call_text("POST", "api/runs", run.text)
        seconds = asyncio.get_running_loop().time() - since
        expect(answer.status == 202 and seconds < _RECORD_SECONDS, f"{answer} after {seconds:.1f} s")
    await runs[2].send()
    for run in runs:
        await run.ends()


async def _shared(station: Station, shared: list[Expected]) -> None:
    run = Run(station, "shared", shared, maxParallel=len(shared))
    await run.send()
    await station.stage(run.of(shared[0]), "deprovisioning", "stopping", "deallocating")
    await kill_extension(station, "second")
    await run.ends(300)


async def run_before(ground: Ground) -> None:
    """Check the host.json of an earlier version: with the default reorder window the first run does not end."""
    fleet = [in_place("before")]
    async with ground.station(BEFORE_LANE, fleet, {_WINDOW: "30"}) as station:
        await station.start()
        await ground.report.check(
            "with the default reorder window the first run does not end", _hangs(station, fleet[0])
        )


async def _hangs(station: Station, vm: Expected) -> None:
    run = Run(station, "before", [vm])
    await run.send()
    await station.stage(run.of(vm), "inspecting")
    await asyncio.sleep(_HANGS_SECONDS)
    seen = await station.run(run.of(vm))
    stage = (seen["runtimeStatus"], seen["status"].get("stage"))
    expect(stage == ("RUNNING", "inspecting"), stage)

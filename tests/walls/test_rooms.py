"""The rooms use only the doors that the table gives them, and the checker reports each that is broken."""

import pytest

from tests.walls.doors import door_faults
from tests.walls.fault import ROOT, Fault, python_files, show
from tests.walls.rooms import FREE, PRODUCT, ROOMS, room_of

STORY = "orchestrators/golden_image.py"
STEP = "activities/inspect_vm.py"
DOOR = "triggers/queue.py"
BROKEN = [
    # What replays knows no SDK, no key, no step, no environment, no clock, no chance, no network, no file.
    (STORY, "import azure.mgmt.compute", "no door to azure.mgmt.compute"),
    (STORY, "from azure import mgmt", "no door to azure.mgmt"),
    (STORY, "from azure.identity import DefaultAzureCredential", "no door to azure.identity"),
    (STORY, "import azure.functions as func", "no door to azure.functions"),
    (STORY, "import aiohttp", "no door to aiohttp"),
    (STORY, "from azure_clients.machines import read_machine", "never imports azure_clients"),
    (STORY, "from activities.inspect_vm import inspect_vm", "never imports activities"),
    (STORY, "from triggers.queue import blueprint", "never imports triggers"),
    (STORY, "import settings", "never imports settings"),
    (STORY, "from settings import current", "never imports settings"),
    (STORY, "import os", "never imports os"),
    (STORY, "import os.path as p", "never imports os"),
    (STORY, "import time", "never imports time"),
    (STORY, "from time import monotonic", "never imports time"),
    (STORY, "import random", "never imports random"),
    (STORY, "import secrets", "never imports secrets"),
    (STORY, "import socket", "never imports socket"),
    (STORY, "import asyncio", "never imports asyncio"),
    (STORY, "from pathlib import Path", "never imports pathlib"),
    (STORY, "from uuid import uuid4", "never imports uuid"),
    (STORY, "import importlib\nimportlib.import_module('settings')", "never imports settings"),
    (STORY, "__import__('os')", "never uses __import__"),
    (STORY, "from datetime import datetime\nx = datetime.now()", "never uses datetime.datetime.now"),
    (STORY, "from datetime import datetime as d\nx = d.utcnow()", "never uses datetime.datetime.utcnow"),
    (STORY, "import datetime\nclock = datetime.datetime.now", "never uses datetime.datetime.now"),
    (STORY, "from datetime import date\nx = date.today()", "never uses datetime.date.today"),
    (STORY, "def f():\n    with open('x') as f:\n        return f", "never uses open"),
    (STORY, "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import settings", "never imports settings"),
    (STORY, "def f():\n    import os", "never imports os"),
    (STORY, "from . import waiting", "write absolute imports"),
    (STEP, "from orchestrators.waiting import wait_for", "never imports orchestrators"),
    (STEP, "from triggers.queue import blueprint", "never imports triggers"),
    (STEP, "from activities.generalize_vm import generalize_vm", "no activity imports another"),
    (STEP, "from activities import generalize_vm", "no activity imports another"),
    (STEP, "import time\ntime.sleep(1)", "never uses time.sleep"),
    (STEP, "import time as t\nt.sleep(1)", "never uses time.sleep"),
    (STEP, "from asyncio import sleep\nasync def f():\n    await sleep(1)", "never uses asyncio.sleep"),
    (STEP, "import asyncio\nwait = asyncio.sleep", "never uses asyncio.sleep"),
    (STEP, "import os\nx = os.environ['A']", "never uses os.environ"),
    (STEP, "from azure.mgmt.compute.aio import ComputeManagementClient", "no door to azure.mgmt.compute"),
    (DOOR, "from activities.inspect_vm import inspect_vm", "never imports activities"),
    (DOOR, "import orchestrators.golden_image", "never imports orchestrators"),
    (DOOR, "from azure_clients.session import compute", "never imports azure_clients"),
    (DOOR, "from os import getenv\nx = getenv('A')", "never uses os.getenv"),
    ("azure_clients/session.py", "import asyncio\nasyncio.sleep(1)", "never uses asyncio.sleep"),
    ("azure_clients/session.py", "import azure.mgmt.network", "no door to azure.mgmt.network"),
    ("contracts/ids.py", "from policy.verdict import judge_machine", "never imports policy"),
    ("contracts/ids.py", "import azure.functions", "no door to azure.functions"),
    ("contracts/ids.py", "import os\nx = os.getenv('A')", "never uses os.getenv"),
    ("policy/verdict.py", "import settings", "never imports settings"),
    ("policy/verdict.py", "from azure_clients.machines import read_machine", "never imports azure_clients"),
    ("policy/verdict.py", "import pydantic", "no door to pydantic"),
    ("policy/verdict.py", "import time", "never imports time"),
    ("policy/verdict.py", "from datetime import datetime\nx = datetime.now()", "never uses datetime.datetime.now"),
    ("guest/scripts.py", "from contracts.ids import VmId", "never imports contracts"),
    ("settings.py", "from activities.inspect_vm import inspect_vm", "never imports activities"),
    ("function_app.py", "import azure.mgmt.compute", "no door to azure.mgmt.compute"),
    ("workbench/arm_simulator/api.py", "from contracts.ids import VmId", "must not share code with the product"),
    ("workbench/arm_simulator/api.py", "import settings", "must not share code with the product"),
    ("workbench/arm_simulator/api.py", "import azure.mgmt.compute", "no door to azure.mgmt.compute"),
    ("workbench/functions_host/host.py", "import function_app", "must not share code with the product"),
    ("workbench/functions_host/host.py", "from workbench.arm_simulator import api", "never imports workbench.arm_sim"),
    ("workbench/task_hub/store.py", "import orchestrators.golden_image", "must not share code with the product"),
    ("workbench/timed_engine/backend.py", "from contracts.ids import VmId", "must not share code with the product"),
    ("workbench/azurite_server/server.py", "import settings", "must not share code with the product"),
    ("workbench/demo/show.py", "from orchestrators.golden_image import golden_image", "must not share code"),
    ("workbench/arm_simulator/api.py", "from tests.support import requests", "never imports tests"),
    ("workbench/new_thing/x.py", "", "is no room"),
    ("new_room/x.py", "", "is no room"),
]
ALLOWED = [
    (STORY, "from datetime import datetime, timedelta\nx = timedelta(seconds=1)\ny = datetime.fromisoformat('x')"),
    (STORY, "def f(ctx):\n    return ctx.current_utc_datetime, ctx.open()"),
    (STORY, "from contracts.ids import VmId\nfrom policy.verdict import judge_machine\nfrom durabletask import task"),
    ("activities/registration.py", "from activities.inspect_vm import inspect_vm"),
    ("settings.py", "import os\nx = os.environ['A']"),
    ("tests/x.py", "import workbench.demo\nimport settings\nimport time"),
    ("workbench/functions_host/host.py", "import os\nx = os.environ"),
]


@pytest.mark.parametrize(("file", "source", "expected"), BROKEN, ids=lambda value: str(value)[:40])
def test_a_broken_wall_is_reported(file: str, source: str, expected: str) -> None:
    told = [fault.text for fault in door_faults(file, source)]
    assert [text for text in told if expected in text], told


@pytest.mark.parametrize("room", sorted(set(PRODUCT) - {"function_app"}))
@pytest.mark.parametrize("forbidden", ["workbench.demo", "tests.support", "benchmarks.import_time"])
def test_nothing_of_the_product_may_use_what_is_for_us_who_build(room: str, forbidden: str) -> None:
    assert door_faults(f"{room}/x.py", f"import {forbidden}")


@pytest.mark.parametrize(("file", "source"), ALLOWED)
def test_what_is_allowed_is_not_reported(file: str, source: str) -> None:
    assert door_faults(file, source) == []


def test_every_wall_of_the_house_stands() -> None:
    faults: list[Fault] = []
    for file in python_files():
        if room_of(file) not in FREE:
            faults += door_faults(file, (ROOT / file).read_text())
    assert not faults, show(faults)


def test_the_table_names_every_room_of_the_product_and_no_other() -> None:
    seen = {room_of(file) for file in python_files()} - set(FREE)
    assert {room for room in seen if not room.startswith("workbench")} == set(PRODUCT)
    assert seen <= set(ROOMS)

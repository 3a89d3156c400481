"""The checker reports every violation of a layer rule, and nothing that is allowed."""

from tests.layers.fault import Source
from tests.layers.imported_libraries import import_faults
from tests.layers.packages import PRODUCT

ORCHESTRATION = "orchestrators/golden_image.py"
ACTIVITY = "activities/inspect_vm.py"
TRIGGER = "triggers/queue.py"
BROKEN = [
    # Code that is replayed uses no SDK, key, activity, environment, clock, random number, network or file.
    (ORCHESTRATION, "import azure.mgmt.compute", "may not import the library azure.mgmt.compute"),
    (ORCHESTRATION, "from azure import mgmt", "may not import the library azure.mgmt"),
    (ORCHESTRATION, "from azure.identity import DefaultAzureCredential", "may not import the library azure.identity"),
    (ORCHESTRATION, "import azure.functions as func", "may not import the library azure.functions"),
    (ORCHESTRATION, "import aiohttp", "may not import the library aiohttp"),
    (ORCHESTRATION, "from azure_clients.vms import read_vm", "may not import azure_clients"),
    (ORCHESTRATION, "from activities.inspect_vm import inspect_vm", "may not import activities"),
    (ORCHESTRATION, "from triggers.queue import blueprint", "may not import triggers"),
    (ORCHESTRATION, "import settings", "may not import settings"),
    (ORCHESTRATION, "from settings import current", "may not import settings"),
    (ORCHESTRATION, "import os", "may not import os"),
    (ORCHESTRATION, "import os.path as p", "may not import os"),
    (ORCHESTRATION, "import time", "may not import time"),
    (ORCHESTRATION, "from time import monotonic", "may not import time"),
    (ORCHESTRATION, "import random", "may not import random"),
    (ORCHESTRATION, "import secrets", "may not import secrets"),
    (ORCHESTRATION, "import socket", "may not import socket"),
    (ORCHESTRATION, "import asyncio", "may not import asyncio"),
    (ORCHESTRATION, "from pathlib import Path", "may not import pathlib"),
    (ORCHESTRATION, "from uuid import uuid4", "may not import uuid"),
    (ORCHESTRATION, "import importlib\nimportlib.import_module('settings')", "may not import settings"),
    (ORCHESTRATION, "__import__('os')", "may not use __import__"),
    (ORCHESTRATION, "from datetime import datetime\nx = datetime.now()", "may not use datetime.datetime.now"),
    (ORCHESTRATION, "from datetime import datetime as d\nx = d.utcnow()", "may not use datetime.datetime.utcnow"),
    (ORCHESTRATION, "import datetime\nclock = datetime.datetime.now", "may not use datetime.datetime.now"),
    (ORCHESTRATION, "from datetime import date\nx = date.today()", "may not use datetime.date.today"),
    (ORCHESTRATION, "def f():\n    with open('x') as f:\n        return f", "may not use open"),
    (
        ORCHESTRATION,
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import settings",
        "may not import settings",
    ),
    (ORCHESTRATION, "def f():\n    import os", "may not import os"),
    (ORCHESTRATION, "from . import waiting", "write absolute imports"),
    (ACTIVITY, "from orchestrators.polling import wait_for", "may not import orchestrators"),
    (ACTIVITY, "from triggers.queue import blueprint", "may not import triggers"),
    (ACTIVITY, "from activities.generalize_vm import generalize_vm", "no activity imports another"),
    (ACTIVITY, "from activities import generalize_vm", "no activity imports another"),
    (ACTIVITY, "import time\ntime.sleep(1)", "may not use time.sleep"),
    (ACTIVITY, "import time as t\nt.sleep(1)", "may not use time.sleep"),
    (ACTIVITY, "from asyncio import sleep\nasync def f():\n    await sleep(1)", "may not use asyncio.sleep"),
    (ACTIVITY, "import asyncio\nwait = asyncio.sleep", "may not use asyncio.sleep"),
    (ACTIVITY, "import os\nx = os.environ['A']", "may not use os.environ"),
    (
        ACTIVITY,
        "from azure.mgmt.compute.aio import ComputeManagementClient",
        "may not import the library azure.mgmt.compute",
    ),
    (TRIGGER, "from activities.inspect_vm import inspect_vm", "may not import activities"),
    (TRIGGER, "import orchestrators.golden_image", "may not import orchestrators"),
    (TRIGGER, "from azure_clients.clients import compute", "may not import azure_clients"),
    (TRIGGER, "from os import getenv\nx = getenv('A')", "may not use os.getenv"),
    ("azure_clients/clients.py", "import asyncio\nasyncio.sleep(1)", "may not use asyncio.sleep"),
    ("azure_clients/clients.py", "import azure.mgmt.network", "may not import the library azure.mgmt.network"),
    ("contracts/ids.py", "from policy.vm_checks import check_vm", "may not import policy"),
    ("contracts/ids.py", "import azure.functions", "may not import the library azure.functions"),
    ("contracts/ids.py", "import os\nx = os.getenv('A')", "may not use os.getenv"),
    ("policy/vm_checks.py", "import settings", "may not import settings"),
    ("policy/vm_checks.py", "from azure_clients.vms import read_vm", "may not import azure_clients"),
    ("policy/vm_checks.py", "import pydantic", "may not import the library pydantic"),
    ("policy/vm_checks.py", "import time", "may not import time"),
    ("policy/vm_checks.py", "from datetime import datetime\nx = datetime.now()", "may not use datetime.datetime.now"),
    ("guest/scripts.py", "from contracts.ids import VmId", "may not import contracts"),
    ("settings.py", "from activities.inspect_vm import inspect_vm", "may not import activities"),
    ("function_app.py", "import azure.mgmt.compute", "may not import the library azure.mgmt.compute"),
    ("emulators/arm/http/api.py", "from contracts.ids import VmId", "must not share code with the app"),
    ("emulators/arm/http/api.py", "import settings", "must not share code with the app"),
    ("emulators/arm/http/api.py", "import azure.mgmt.compute", "may not import the library azure.mgmt.compute"),
    ("emulators/functions_host/host.py", "import function_app", "must not share code with the app"),
    ("emulators/functions_host/host.py", "from emulators.arm import api", "may not import emulators.arm"),
    ("emulators/task_hub/store.py", "import orchestrators.golden_image", "must not share code with the app"),
    ("emulators/azurite/server.py", "import settings", "must not share code with the app"),
    ("tools/demo/show.py", "from orchestrators.golden_image import golden_image", "must not share code"),
    ("emulators/arm/http/api.py", "from tests.support import requests", "may not import tests"),
    ("emulators/new_resource/x.py", "", "has no layer rule"),
    ("new_package/x.py", "", "has no layer rule"),
]
ALLOWED = [
    (
        ORCHESTRATION,
        "from datetime import datetime, timedelta\nx = timedelta(seconds=1)\ny = datetime.fromisoformat('x')",
    ),
    (ORCHESTRATION, "def f(ctx):\n    return ctx.current_utc_datetime, ctx.open()"),
    (
        ORCHESTRATION,
        "from contracts.ids import VmId\nfrom policy.vm_checks import check_vm\nfrom durabletask import task",
    ),
    ("activities/registration.py", "from activities.inspect_vm import inspect_vm"),
    ("settings.py", "import os\nx = os.environ['A']"),
    ("tests/x.py", "import tools.demo\nimport settings\nimport time"),
    ("emulators/functions_host/host.py", "import os\nx = os.environ"),
]


def _reported(file: str, source: str) -> list[str]:
    return [fault.text for fault in import_faults(Source(file, source))]


def test_a_violated_layer_rule_is_reported() -> None:
    reported = [(file, source, expected, _reported(file, source)) for file, source, expected in BROKEN]
    assert [row for row in reported if not any(row[2] in text for text in row[3])] == []


def test_the_app_may_not_use_development_packages() -> None:
    rows = [
        (f"{package}/x.py", f"import {forbidden}")
        for package in set(PRODUCT) - {"function_app"}
        for forbidden in ("tools.demo", "tests.support", "benchmarks.import_time")
    ]
    assert [row for row in rows if not _reported(*row)] == []


def test_what_is_allowed_is_not_reported() -> None:
    assert [row for row in ALLOWED if _reported(*row)] == []

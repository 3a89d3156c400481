"""What the triggers' tests need: the app's own client on the in-memory engine, settings, and recording bindings."""

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

import azure.durable_functions as df
import azure.functions as func

import settings
from tests.support.engine import RunningEngine, engine
from tests.support.fake_azure import FakeAzure
from tests.support.requests import GROUP
from tests.support.running import fleet
from tools.rig.environment import EVERY_APP, operator_settings

SETTINGS = {
    **EVERY_APP,
    **operator_settings(GROUP),
    "GOLDEN_CLEANUP_MODE": "report",
    "WEBSITE_AUTH_ENABLED": "True",
}


class Kept[T](func.Out[T]):
    """An output binding that records what it is given."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.values: list[T] = []

    def set(self, val: T) -> None:
        """Record it."""
        self.values.append(val)

    def get(self) -> T:
        """Return the last value."""
        return self.values[-1]


@dataclass
class Triggers:
    """A client to call a trigger with, its bindings, the engine and the model of Azure."""

    client: df.DurableFunctionsClient
    engine: RunningEngine
    azure: FakeAzure
    results: Kept[bytes] = field(default_factory=Kept[bytes])
    rejected: Kept[bytes] = field(default_factory=Kept[bytes])

    @property
    def answers(self) -> list[dict[str, Any]]:
        """What the trigger itself put on `image-results`."""
        return [json.loads(text) for text in self.results.values]

    def batches(self) -> list[str]:
        """The runs of requests that were started, once for each start."""
        return [run_id for run_id in self.engine.backend.started if run_id.startswith("batch-")]


@asynccontextmanager
async def triggers(*names: str, restart_finished: bool = False, **more: str) -> AsyncGenerator[Triggers]:
    """Start engine and client; `more` are further settings."""
    clock, azure = fleet(*(names or ("vm1",)))
    with (
        patch.dict(os.environ, {**SETTINGS, **more}),
        engine(azure.activities(), clock, restart_finished=restart_finished) as running,
    ):
        settings.current.cache_clear()
        client = df.DurableFunctionsClient(json.dumps({"taskHubName": "tests", "rpcBaseUrl": running.address}))
        try:
            yield Triggers(client, running, azure)
        finally:
            await client.close()
            settings.current.cache_clear()

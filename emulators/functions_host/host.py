"""The Functions host: loads one app, connects it to its engine, listens to its triggers."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from emulators.functions_host.admin_api import AdminApi
from emulators.functions_host.app_settings import AppSettings, load_settings
from emulators.functions_host.durable_binding import durable_client_json
from emulators.functions_host.durable_management import DurableManagement
from emulators.functions_host.durable_options import hub_name_of
from emulators.functions_host.durable_tasks import DurableTasks
from emulators.functions_host.durable_worker import DurableWorker
from emulators.functions_host.engines import Engine, engine_named
from emulators.functions_host.environment import Environment
from emulators.functions_host.event_grid import EventGridWebhook
from emulators.functions_host.extension_engine import ExtensionEngine
from emulators.functions_host.extension_webhooks import ExtensionWebhooks
from emulators.functions_host.function_catalog import Binding, FunctionCatalog, read_catalog
from emulators.functions_host.host_config import HostConfig, read_host_config
from emulators.functions_host.host_options import DEFAULT_ENGINE, HostOptions
from emulators.functions_host.http_server import HttpServer
from emulators.functions_host.http_trigger import HttpRoute, HttpTrigger, read_routes
from emulators.functions_host.invoker import Invoker
from emulators.functions_host.python_worker import PythonWorker
from emulators.functions_host.shutdown import Shutdown
from emulators.functions_host.timer_listener import TimerListener
from emulators.functions_host.timer_status import TimerStatusStore
from emulators.functions_host.worker_exits import ExitMoment
from emulators.functions_host.worker_protocol import TypedData

if TYPE_CHECKING:
    from emulators.functions_host.queue_bindings import QueueBindings

_log = logging.getLogger("functions_host")
_TRIGGERS = frozenset(("httpTrigger", "queueTrigger", "timerTrigger", "eventGridTrigger"))
_DURABLE_TRIGGERS = frozenset(("orchestrationTrigger", "activityTrigger", "entityTrigger"))


class FunctionsHost:
    """One app in this process.

    Only one host may run in a process at a time: the worker library's registry, the environment and the imported
    app are global. Hosts one after another work; for two at once use `HostProcess`.

    Args:
        app_dir: the folder of `function_app.py`.
        settings: app settings; they override the process environment and local.settings.json, and are in the
            environment while the host runs.
        engine: "sqlite", "extension", "http://HOST:PORT" of a durabletask endpoint, or an `Engine`.
        port: of the HTTP server; 0 takes a free one.
        options: see `HostOptions`.
    """

    def __init__(
        self,
        app_dir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        engine: Engine | str = DEFAULT_ENGINE,
        port: int = 0,
        options: HostOptions | None = None,
    ) -> None:
        """Starts nothing yet."""
        self._app_dir = Path(app_dir).resolve()
        self._overrides = dict(settings or {})
        self._engine = engine_named(engine, self._app_dir) if isinstance(engine, str) else engine
        self.extension = self._engine if isinstance(self._engine, ExtensionEngine) else None
        self._port = port
        self._options = options or HostOptions()
        self._shutdown = Shutdown(self._options.drain_seconds)
        self._worker = PythonWorker(self._app_dir)
        self._hub_name = ""
        self._invoker_in_use: Invoker | None = None
        self.url = ""
        self.engine_address = ""
        self.catalog = FunctionCatalog(())
        self.routes: tuple[HttpRoute, ...] = ()

    async def start(self) -> None:
        """Starts engine, worker, listeners and HTTP server, in this order.

        Raises:
            HostError: the app or its configuration; everything that was started is stopped again.
        """
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> int:
        """Stops listening, waits for running functions, stops; returns how many functions did not end in time."""
        return await self._shutdown.run()

    def lose_worker_in(self, function: str, moment: ExitMoment = ExitMoment.AFTER) -> None:
        """Fault injection: the worker's process ends in the next call of this function; see `WorkerExits`.

        An activity fails, an entity's operation fails the orchestration that called it, an orchestrator's turn is
        repeated, a queue message is delivered again, and an HTTP request is answered with 500.
        """
        if self._invoker_in_use is not None:
            self._invoker_in_use.worker_exits.choose(function, moment)

    async def __aenter__(self) -> Self:
        """Starts the host."""
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stops the host."""
        await self.stop()

    async def _start(self) -> None:
        environment = Environment.enter(self._app_dir, self._overrides)
        self._shutdown.finally_do(environment.leave)
        settings = load_settings(self._app_dir, os.environ)
        config = read_host_config(self._app_dir, os.environ)
        self._hub_name = hub_name_of(config.durable, settings)
        self.engine_address = await self._engine.start(config.durable)
        self._shutdown.finally_await(self._engine.stop)
        await self._load_app(settings)
        queues = self._open_queues(settings, config)
        invoker = self._invoker_in_use = self._invoker(config, queues)
        if self.extension is not None:
            self.engine_address = await self.extension.serve(self._app_dir, self.catalog, invoker)
            self._shutdown.first_await(self.extension.stop_working)
        timers = [
            TimerListener(f, invoker, self._options.clock, TimerStatusStore(self._options.state_dir))
            for f in self.catalog.of_kind("timerTrigger")
        ]
        await self._serve_http(config, invoker, timers)
        await self._start_durable(config, invoker)
        if queues is not None:
            await queues.listen(self.catalog, invoker, self._options.queue_lease, self._shutdown)
        for timer in timers:
            await timer.start()
            self._shutdown.first_await(timer.stop)

    async def _load_app(self, settings: AppSettings) -> None:
        worker = self._worker
        self._shutdown.finally_await(worker.stop)
        metadata = await worker.start()
        self.catalog = read_catalog(metadata, settings).only(self._options.functions)
        for function in self.catalog.functions:
            if function.kind not in _TRIGGERS | _DURABLE_TRIGGERS:
                _log.warning("function %s will never run here: this host has no %s", function.name, function.kind)

    def _open_queues(self, settings: AppSettings, config: HostConfig) -> "QueueBindings | None":
        kinds = {binding.kind for function in self.catalog.functions for binding in function.bindings}
        if kinds.isdisjoint(("queueTrigger", "queue")):
            return None
        from emulators.functions_host.queue_bindings import QueueBindings

        queues = QueueBindings(settings, config.queues)
        self._shutdown.finally_await(queues.close)
        return queues

    def _invoker(self, config: HostConfig, queues: "QueueBindings | None") -> Invoker:
        def client(binding: Binding) -> TypedData:
            if self.extension is not None:
                own = binding.text("taskHub"), binding.text("connectionName")
                return TypedData(string=self.extension.client_binding(*own))
            text = durable_client_json(
                rpc_address=self.engine_address,
                host_url=self.url,
                hub_name=binding.text("taskHub") or self._hub_name,
                connection=binding.text("connectionName"),
                most_message_bytes=config.durable.backend.max_message_bytes,
            )
            return TypedData(string=text)

        outputs = {"queue": queues.write} if queues is not None else {}
        invoker = Invoker(self._worker, {"durableClient": client}, outputs, config.function_timeout)
        self._shutdown.drain_with(invoker.drain)
        return invoker

    async def _serve_http(self, config: HostConfig, invoker: Invoker, timers: list[TimerListener]) -> None:
        self.routes = read_routes(self.catalog.of_kind("httpTrigger"), config.route_prefix)
        if self.extension is not None:
            management = ExtensionWebhooks(self.extension.webhooks)
        else:
            management = DurableManagement(self.engine_address, self._hub_name)
        self._shutdown.finally_await(management.close)
        server = HttpServer()
        self._shutdown.finally_await(server.stop)
        self.url = await server.start(
            self._port,
            functions=HttpTrigger(self.routes, invoker),
            event_grid=EventGridWebhook(self.catalog, invoker),
            admin=AdminApi(self.catalog, timers),
            durable=management,
        )
        self._shutdown.first_await(server.stop_listening)

    async def _start_durable(self, config: HostConfig, invoker: Invoker) -> None:
        if self.extension is not None:
            return  # it has called the app's functions since it started
        tasks = DurableTasks(self.catalog, invoker)
        if not tasks.any_of_the_app:
            return  # an instance with triggers only: others do the work
        worker = DurableWorker(self.engine_address, tasks, config.durable)
        await worker.start()
        self._shutdown.first_await_within(worker.stop)

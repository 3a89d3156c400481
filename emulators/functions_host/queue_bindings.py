"""The storage queues of an app: the listeners of its triggers, and what its outputs send."""

from datetime import timedelta

from emulators.functions_host.app_settings import AppSettings
from emulators.functions_host.function_catalog import Binding, FunctionCatalog
from emulators.functions_host.host_config import QueueOptions
from emulators.functions_host.invoker import Invoker
from emulators.functions_host.queue_listener import QueueListener, QueueTrigger
from emulators.functions_host.queue_output import QueueOutput
from emulators.functions_host.queue_storage import QueueStorage
from emulators.functions_host.shutdown import Shutdown
from emulators.functions_host.worker_protocol import TypedData


class QueueBindings:
    """One connection for triggers and outputs.

    The host imports this module only for an app with queues: others do not load the storage SDK (0.4 s).
    """

    def __init__(self, settings: AppSettings, options: QueueOptions) -> None:
        """Connects on first use."""
        self._storage = QueueStorage(settings)
        self._options = options
        self._output = QueueOutput(self._storage, is_base64=options.base64)

    async def write(self, binding: Binding, data: TypedData) -> None:
        """Sends the value of one output."""
        await self._output.write(binding, data)

    async def listen(self, catalog: FunctionCatalog, invoker: Invoker, lease: timedelta, shutdown: Shutdown) -> None:
        """Starts a listener for each queue-triggered function; `shutdown` stops it."""
        for function in catalog.of_kind("queueTrigger"):
            listener = QueueListener(QueueTrigger.of(function), self._storage, invoker, self._options, lease=lease)
            await listener.start()
            shutdown.first_await_within(listener.stop)

    async def close(self) -> None:
        """Closes the connections."""
        await self._storage.close()

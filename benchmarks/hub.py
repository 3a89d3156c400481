"""Prints how the SQLite task hub compares with durabletask's in-memory backend, and how its cost grows."""

import argparse
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FASTER = 1.5
GROWTH = 1.25
_COMPARED, _SMALL, _LARGE = 300, 30, 3000
_RUNS = 5

_MEMORY_BACKEND = """
import sys, threading
from concurrent import futures
import grpc
from durabletask.internal import orchestrator_service_pb2_grpc as stubs
from durabletask.testing.in_memory_backend import InMemoryOrchestrationBackend
backend = InMemoryOrchestrationBackend(max_history_size=1_000_000)
server = grpc.server(futures.ThreadPoolExecutor(16))
stubs.add_TaskHubSidecarServiceServicer_to_server(backend, server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"serving on 127.0.0.1:{port}", flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Engine:
    """An engine in a process of its own."""

    process: subprocess.Popen[str]
    address: str

    def status(self, key: str) -> int:
        """Read a value of the process from the kernel."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in text.splitlines() if line.startswith(key)))

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(20)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


@dataclass(frozen=True)
class Measured:
    """One run: seconds per sub-orchestration, the engine's threads at its start and at its end, its peak memory."""

    seconds: float
    threads: tuple[int, int]
    peak_kib: int


def start(kind: str, folder: Path) -> Engine:
    """Start an engine; `hub` keeps its state in the folder, on disk."""
    command = [sys.executable, "-c", _MEMORY_BACKEND]
    if kind == "hub":
        command = [sys.executable, "-m", "emulators.task_hub", "--file", str(folder / "hub.db")]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    if "serving on" not in line:
        raise RuntimeError(f"the engine {kind} did not start")
    return Engine(process, line.rsplit(maxsplit=1)[1])


def measure(kind: str, children: int) -> Measured:
    """Run one parent with so many sub-orchestrations of two activities; worker and client are a second process."""
    with tempfile.TemporaryDirectory(dir=ROOT / "benchmarks") as folder:
        engine = start(kind, Path(folder))
        try:
            command = [sys.executable, __file__, "--work", engine.address, "--children", str(children)]
            environment = {**os.environ, "PYTHONPATH": str(ROOT)}
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
            seconds, threads = done.stdout.split()
            before = int(threads)
            return Measured(float(seconds) / children, (before, engine.status("Threads")), engine.status("VmHWM"))
        finally:
            engine.stop()


def work(address: str, children: int) -> None:
    """Run worker and client: print the seconds, and the engine's threads once the worker is connected."""
    from durabletask import task
    from durabletask.client import TaskHubGrpcClient
    from durabletask.worker import TaskHubGrpcWorker

    quiet = logging.getLogger("benchmarks.hub")
    quiet.setLevel(logging.CRITICAL)

    def step(_context: Any, value: int) -> int:
        return value + 1

    def child(context: Any, value: int) -> Generator[task.Task[Any], Any, Any]:
        first = yield context.call_activity(step, input=value)
        second = yield context.call_activity(step, input=first)
        return second

    def parent(context: Any, count: int) -> Generator[task.Task[Any], Any, Any]:
        tasks = [context.call_sub_orchestrator(child, input=number) for number in range(count)]
        results = yield task.when_all(tasks)
        return sum(results)

    worker = TaskHubGrpcWorker(host_address=address, logger=quiet)
    for orchestrator in (parent, child):
        worker.add_orchestrator(orchestrator)
    worker.add_activity(step)
    worker.start()
    with TaskHubGrpcClient(host_address=address, logger=quiet) as client:
        warm = client.schedule_new_orchestration(parent, input=3)
        client.wait_for_orchestration_completion(warm, timeout=60)
        threads = _threads_of_peer()
        began = time.perf_counter()
        instance = client.schedule_new_orchestration(parent, input=children)
        state = client.wait_for_orchestration_completion(instance, timeout=1800)
        seconds = time.perf_counter() - began
    expected = children * (children - 1) // 2 + 2 * children
    if state is None or state.serialized_output != str(expected):
        raise RuntimeError(f"the parent ended with {state}")
    print(seconds, threads, flush=True)
    os._exit(0)  # the worker's own stop polls once a second


def _threads_of_peer() -> int:
    """Find the engine among the parent's children by its command; the benchmark starts one at a time."""
    siblings = Path(f"/proc/{os.getppid()}/task/{os.getppid()}/children").read_text().split()
    engine = next(pid for pid in siblings if int(pid) != os.getpid())
    status = Path(f"/proc/{engine}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("Threads")))


def main() -> None:
    """Alternate the engines, so that a busy machine affects both; the last line is the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", metavar="ADDRESS")
    parser.add_argument("--children", type=int, default=_COMPARED)
    parser.add_argument("--runs", type=int, default=_RUNS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.children)
        return
    found: dict[str, list[Measured]] = {"memory": [], "hub": []}
    for _ in range(options.runs):
        for kind, runs in found.items():
            runs.append(measure(kind, _COMPARED))
            print(f"{kind:6} {_COMPARED:5} children: {runs[-1].seconds * 1000:6.2f} ms each", flush=True)
    growth: dict[int, list[Measured]] = {_SMALL: [], _LARGE: []}
    for _ in range(options.runs):
        for children, runs in growth.items():
            runs.append(measure("hub", children))
            print(f"hub    {children:5} children: {runs[-1].seconds * 1000:6.2f} ms each", flush=True)
    result(found, growth)


def result(found: dict[str, list[Measured]], growth: dict[int, list[Measured]]) -> None:
    """Print the results, and whether they are within the limits."""
    memory, hub = (statistics.median(run.seconds for run in found[kind]) for kind in ("memory", "hub"))
    small, large = (statistics.median(run.seconds for run in growth[size]) for size in (_SMALL, _LARGE))
    every = [*found["hub"], *growth[_SMALL], *growth[_LARGE]]
    threads = max(run.threads[1] for run in every)
    constant = max(run.threads[1] for run in growth[_LARGE]) <= max(run.threads[1] for run in growth[_SMALL])
    peak = max(run.peak_kib for run in every) / 1024
    faster, grows = memory / hub, large / small
    print(f"medians: memory {memory * 1000:.2f} ms, hub {hub * 1000:.2f} ms a sub-orchestration of two activities")
    print(f"growth: {small * 1000:.2f} ms at {_SMALL}, {large * 1000:.2f} ms at {_LARGE}; threads constant: {constant}")
    within = faster >= FASTER and grows <= GROWTH and constant
    print(f"bars: at least {FASTER}x, at most {GROWTH}x, threads constant: {'met' if within else 'NOT MET'}")
    print(
        f"hub: {faster:.1f}x the in-memory backend, cost {grows:.1f}x from {_SMALL} to {_LARGE:,},"
        f" {threads} threads, {peak:.0f} MiB"
    )


if __name__ == "__main__":
    main()

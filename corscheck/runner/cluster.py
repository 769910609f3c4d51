"""Spreads probes and audits over the workers of a Dask cluster: chunks go out, items come back in the order of the questions.

The only module that imports dask. A worker does with a chunk what this machine would do (``runner.many``) and returns
masked items. A place is in one chunk at a time, so that the limits per host hold over the whole cluster. If a worker
dies, Dask gives its chunk to another one.

The client holds at most ``HELD`` questions and items at a time, however many there are in all.
"""

from __future__ import annotations

import contextlib
import copyreg
import logging
import queue
import random
from collections import deque
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import uuid4

from msgspec import Struct
from msgspec.structs import replace

from corscheck._version import __version__
from corscheck.model.hidden import hide_after, known_secrets
from corscheck.model.masking import hide_url, mask_login
from corscheck.model.values import ConfigError, HelperDied, Probe
from corscheck.runner.many import ask_all
from corscheck.runner.options import place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence

    from corscheck.auditing.plan import AuditPlan
    from corscheck.model.item import Item
    from corscheck.runner.options import RunOptions

# distributed is hardly typed, and must not be imported before it is needed.
Client: TypeAlias = Any
Future: TypeAlias = Any

CHUNK = 256
"""The most questions that go to a worker at once: a second or two of work, so that little is lost with a worker."""

HELD = 16_384
"""The most questions and items held on the client: those at the workers, and those that wait for their turn."""

_AHEAD = 2  # chunks for each thread of a worker, so that none waits for its next
_START_SECONDS = 30
_LOST_SECONDS = 1.0
_SILENT_SECONDS = 60
"""How long a worker of this machine may be silent (stopped, swapped out) before its chunk goes to another one, and how long
a run waits for a worker if there is none.
"""
LOCAL = "local"
INSTALL = "pip install '.[cluster]' in a checkout of corscheck"

# An audit plan has a source of random names. The system's has no state to send: each machine uses its own.
copyreg.pickle(random.SystemRandom, lambda _: (random.SystemRandom, ()))


def is_local(address: str) -> bool:
    """Whether the address means processes of this machine (``local:N``). Raises ``ConfigError`` for an invalid address."""
    name, colon, number = address.partition(":")
    if name == LOCAL and colon and number.isdecimal() and int(number) > 0:
        return True
    if name != LOCAL and "://" in address:
        return False
    raise ConfigError(
        f"--cluster {mask_login(address)}: write tcp://HOST:PORT, where the scheduler of a Dask cluster listens, "
        "or local:N for N processes on this machine"
    )


def results(
    questions: Iterable[Probe | AuditPlan], options: RunOptions, address: str, total: int
) -> Generator[Item, None, None]:
    """Yield results and audits in the order of the questions, asked by the workers. Closing the iterator calls them off.

    ``total`` is the number of questions, so that a few are spread as well. Raises ``ConfigError`` if there is no such
    cluster, and for a question that cannot be put; ``HelperDied`` if the cluster ends before the run does.
    """
    with _client(address) as client:
        placed = ((place_of(q if isinstance(q, Probe) else q.template), q) for q in questions)
        yield from _Spread(client, options, total).run(placed)


# ---------------------------------------------------------------------- on a worker


class Chunk(Struct, frozen=True):
    """What a worker is given. Its ``repr`` shows no questions: Dask logs failed tasks, and questions hold secrets."""

    questions: tuple[Probe | AuditPlan, ...]
    options: RunOptions
    hidden: frozenset[tuple[str, str]] = frozenset()
    version: str = __version__

    def __repr__(self) -> str:
        return f"<{len(self.questions)} questions>"


class Came(Struct, frozen=True):
    """The items of a chunk, in order. ``complaint`` says why the question after the last item could not be put."""

    items: tuple[Item, ...]
    complaint: str | None = None


def _ask(chunk: Chunk) -> Came:
    if chunk.version != __version__:
        return Came((), _other_version(chunk.version, __version__))
    hide_after(chunk.hidden)
    found: list[Item] = []
    called_off = _called_off()

    def take(item: Item) -> bool:
        found.append(item)
        return called_off()

    try:
        ask_all(chunk.questions, chunk.options, take)
    except ConfigError as error:
        # Returned as a value: Dask would log an exception with its locals.
        return Came(tuple(found), str(error))
    return Came(tuple(found))


def _called_off() -> Callable[[], bool]:
    """Return a check whether the client has cancelled the chunk: a thread cannot be stopped from outside."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()

    def look() -> bool:
        task = worker.state.tasks.get(key)
        return task is None or task.state in ("cancelled", "released", "forgotten")

    return look


def _version() -> str:
    return __version__


def _other_version(client: str, worker: str) -> str:
    return f"--cluster: this is corscheck {client}, and a worker has {worker}: install the same one on all of them"


# ---------------------------------------------------------------------- on the client


class _Spread:
    """The state of a run: questions that wait for a worker, chunks at a worker, items that wait for their turn."""

    def __init__(self, client: Client, options: RunOptions, total: int) -> None:
        self._client = client
        self._options = options
        self._most = self._threads() * _AHEAD
        if options.rate is not None:
            # One chunk for each thread, each at its part of the rate, so that all together never exceed it.
            self._most = self._threads()
            self._options = replace(options, rate=options.rate / self._most)
        self._chunk = max(1, min(CHUNK, HELD // (2 * self._most), -(-total // self._most)))
        self._name = f"corscheck-{uuid4().hex}"
        self._done: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._free: dict[Hashable, deque[tuple[int, Probe | AuditPlan]]] = {}  # by place, in the order of arrival
        self._busy: dict[Hashable, deque[tuple[int, Probe | AuditPlan]]] = {}  # asked at the moment: what waits
        self._out: dict[Future, list[tuple[int, Hashable]]] = {}
        self._held: dict[int, Item | str] = {}  # by number: an item, or a complaint
        self._chunks = self._read = self._next = 0

    def run(self, questions: Iterator[tuple[Hashable, Probe | AuditPlan]]) -> Iterator[Item]:
        try:
            exhausted = False
            while not exhausted or self._out or self._free:
                while not exhausted and self._read - self._next < 2 * self._most * self._chunk:
                    taken = next(questions, None)
                    if taken is None:
                        exhausted = True
                    else:
                        self._arrive(*taken)
                while self._free and len(self._out) < self._most:
                    self._send()
                if self._out:
                    self._land(self._wait())
                while self._next in self._held:
                    came = self._held.pop(self._next)
                    self._next += 1
                    if isinstance(came, str):
                        raise ConfigError(came)
                    yield came
        finally:
            if self._out:
                self._client.cancel(list(self._out), force=True)

    def _threads(self) -> int:
        return sum(self._client.nthreads().values()) or 1

    def _arrive(self, place: Hashable, question: Probe | AuditPlan) -> None:
        where = self._busy if place in self._busy else self._free
        where.setdefault(place, deque()).append((self._read, question))
        self._read += 1

    def _send(self) -> None:
        """Send a chunk of the questions that wait longest, with as many as fit of each place."""
        picked: list[tuple[int, Hashable, Probe | AuditPlan]] = []
        while self._free and len(picked) < self._chunk:
            place = next(iter(self._free))
            waiting = self._free.pop(place)
            while waiting and len(picked) < self._chunk:
                number, question = waiting.popleft()
                picked.append((number, place, question))
            self._busy[place] = waiting
        picked.sort(key=lambda one: one[0])
        self._chunks += 1
        chunk = Chunk(tuple(question for _, _, question in picked), self._options, known_secrets())
        future = self._client.submit(_ask, chunk, key=f"{self._name}-{self._chunks}", pure=False)
        self._out[future] = [(number, place) for number, place, _ in picked]
        future.add_done_callback(self._done.put)

    def _wait(self) -> Future:
        """Return the next chunk that is done. Raises ``HelperDied`` if no worker is left that could do it."""
        alone = 0.0
        while True:
            try:
                return self._done.get(timeout=_LOST_SECONDS)
            except queue.Empty:
                if self._client.status not in ("running", "connecting"):
                    raise _lost() from None
                alone = 0.0 if self._client.nthreads() else alone + _LOST_SECONDS
                if alone >= _SILENT_SECONDS:
                    raise HelperDied(
                        f"--cluster: the run is incomplete: there has been no worker for {_SILENT_SECONDS} s"
                    ) from None

    def _land(self, future: Future) -> None:
        came = _result(future, getattr(self._client.cluster, "exit_codes", ()))
        sent = self._out.pop(future)
        for (number, _), item in zip(sent, came.items, strict=False):
            self._held[number] = item
        if came.complaint is not None:
            self._held[sent[min(len(came.items), len(sent) - 1)][0]] = came.complaint
        for place in dict.fromkeys(place for _, place in sent):
            waiting = self._busy.pop(place)
            if waiting:
                self._free[place] = waiting
        if self._options.rate is None:
            self._most = max(self._most, min(self._threads() * _AHEAD, HELD // (2 * self._chunk)))


def _result(future: Future, exit_codes: Sequence[int]) -> Came:
    """Return what a worker sent back. Raises ``HelperDied`` if it died; ``exit_codes`` are those of local workers."""
    from distributed import CancelledError
    from distributed.scheduler import KilledWorker

    try:
        came: Came = future.result()
    except KilledWorker as error:
        times = error.allowed_failures + 1
        ended = "died" if not exit_codes else _ending(exit_codes[-1])
        raise HelperDied(
            f"--cluster: the run is incomplete: worker {error.last_worker.address} {ended}, "
            f"and the chunk that it had was lost {times} time{'s' * (times != 1)}"
        ) from None
    except CancelledError:
        raise _lost() from None
    except Exception as error:  # noqa: BLE001 - whatever a worker raised, or what kept it from beginning
        raise (_installation(error) or error) from None
    return came


def _ending(exit_code: int) -> str:
    return f"was killed by signal {-exit_code}" if exit_code < 0 else f"exited with status {exit_code}"


def _lost() -> HelperDied:
    return HelperDied("--cluster: the run is incomplete: the scheduler is gone, or has dropped what it was given")


def _installation(error: BaseException) -> ConfigError | None:
    """Return the error for a machine without corscheck, if that is why it could not read what was sent."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ImportError) and (seen.name or "").partition(".")[0] == "corscheck":
            return ConfigError(
                f"--cluster: no corscheck {__version__} on the scheduler's or a worker's machine: {INSTALL}"
            )
        seen = seen.__cause__ or seen.__context__
    return None


@contextlib.contextmanager
def _client(address: str) -> Iterator[Client]:
    """Connect to a cluster that has workers. Dask's own log is silenced meanwhile."""
    local = is_local(address)
    try:
        import distributed
    except ImportError:
        raise ConfigError(f"--cluster needs dask: {INSTALL}") from None
    hide_url(address)  # errors repeat it in parts
    off = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.ExitStack() as stack:
            where: Any = address
            if local:
                where = stack.enter_context(_processes(int(address.partition(":")[2])))
            try:
                made = distributed.Client(where, timeout=_START_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
                client = stack.enter_context(made)
            except (OSError, ValueError) as error:
                raise ConfigError(
                    f"--cluster {mask_login(address)}: no scheduler answers there: {_short(error)}"
                ) from None
            try:
                client.wait_for_workers(1, timeout=_START_SECONDS)
            except TimeoutError:
                raise ConfigError(f"--cluster {mask_login(address)}: the scheduler has no workers") from None
            _check_versions(client)
            yield client
    finally:
        logging.disable(off)


def _check_versions(client: Client) -> None:
    from distributed.comm.core import CommClosedError

    for found in client.run(_version, on_error="return").values():
        if isinstance(found, CommClosedError):
            # This worker has gone since; others do what it would have done, and a new one has the same installation.
            continue
        if isinstance(found, BaseException):
            raise _installation(found) or ConfigError(f"--cluster: a worker cannot be used: {_short(found)}")
        if found != __version__:
            raise ConfigError(_other_version(__version__, str(found)))


@contextlib.contextmanager
def _processes(count: int) -> Iterator[Any]:
    """Start a cluster of ``count`` processes on loopback, without a dashboard."""
    import signal
    import tempfile
    import threading

    import dask
    from distributed import LocalCluster, Nanny

    exit_codes: list[int] = []

    class Watched(Nanny):
        """Starts a worker and notes how it ended. Dask itself only logs that."""

        def _on_worker_exit_sync(self, exitcode: int) -> None:
            exit_codes.append(exitcode)
            super()._on_worker_exit_sync(exitcode)  # type: ignore[no-untyped-call]

    # Ctrl-C reaches every process of the terminal: the workers ignore it, and this process cancels them.
    quiet = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) if quiet else None
    # Dask's own directory for temporary files is open to others, and Dask imports from it.
    with (
        tempfile.TemporaryDirectory(prefix="corscheck-", ignore_cleanup_errors=True) as directory,
        dask.config.set({"temporary-directory": directory, "distributed.scheduler.worker-ttl": f"{_SILENT_SECONDS}s"}),
    ):
        try:
            cluster: Any = LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=count,
                threads_per_worker=1,
                worker_class=Watched,
                host="127.0.0.1",
                # Dask serves figures over HTTP: here on loopback and a free port instead of 8787, which may be taken.
                dashboard_address="127.0.0.1:0",
                scheduler_kwargs={"dashboard": False},
                silence_logs=logging.CRITICAL + 1,
            )
            cluster.exit_codes = exit_codes
        except RuntimeError as error:
            # Dask does not say why a worker failed to start: killed for want of memory, for instance.
            how = f"it {_ending(exit_codes[-1])}" if exit_codes else _short(error)
            raise HelperDied(f"--cluster: the run is incomplete: a worker did not start: {how}") from None
        finally:
            if quiet:
                signal.signal(signal.SIGINT, before)
        try:
            yield cluster
        finally:
            cluster.close(timeout=_START_SECONDS)


def _short(error: BaseException) -> str:
    text = str(error).strip().split("\n")[0] or type(error).__name__
    return text[:200]

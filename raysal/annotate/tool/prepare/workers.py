"""Worker processes for tasks.

They are spawned, not forked: the server has threads. They end when the server does, however it
ends. One that is killed is replaced.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from raysal.annotate.tool.prepare.cache import Cache
from raysal.annotate.tool.prepare.task import Task
from raysal.annotate.tool.prepare.worker import begin, one_line, run

DEATH = "the worker process that computed it ended twice; it was killed, or had no memory left"


class Workers:
    """Runs tasks in some processes, which start with the first one.

    Args:
        count: of processes.
        threads: of torch in each of them; 0 for half of the cores.
        cache: where results go.
    """

    def __init__(self, count: int, threads: int, cache: Cache) -> None:
        self.count, self._threads, self._cache = count, threads, cache
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, task: Task, done: Callable[[str | None, bool], None]) -> None:
        """Run a task.

        Args:
            done: called from another thread with None, or with why there is no result, and with
                whether that is the death of a worker, so that the task may be tried again.
        """
        with self._lock:
            if self._closed:
                return
            if self._pool is None:
                self._pool = self._start()
            pool = self._pool
        try:
            future = pool.submit(run, task)
        except (BrokenProcessPool, RuntimeError):
            # It broke, or was closed, since.
            self._drop(pool)
            done(DEATH, True)
            return

        def finished(future: Future[str | None]) -> None:
            if future.cancelled():
                done("cancelled", False)
                return
            error = future.exception()
            if isinstance(error, BrokenProcessPool):
                self._drop(pool)
                done(DEATH, True)
            elif error is not None:
                done(one_line(error), False)
            else:
                done(future.result(), False)

        future.add_done_callback(finished)

    def rest(self) -> None:
        """Let the processes end when they have nothing more to do; the next task starts others."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False)

    def close(self) -> None:
        """End the processes; what they were computing is lost."""
        with self._lock:
            pool, self._pool, self._closed = self._pool, None, True
        if pool is not None:
            _end(pool)

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self.count,
            multiprocessing.get_context("spawn"),
            begin,
            (self._cache.folder, self._cache.most_bytes, self._threads),
        )

    def _drop(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None
        pool.shutdown(wait=False, cancel_futures=True)


def _end(pool: ProcessPoolExecutor) -> None:
    processes = list((pool._processes or {}).values())
    for process in processes:
        process.terminate()
    pool.shutdown(wait=True, cancel_futures=True)

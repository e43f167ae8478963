"""An event loop whose time is a number: it jumps to the next timer, and hours pass in seconds."""

from __future__ import annotations

import asyncio
import random
import selectors
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.issuance.people import NOW


class _Jump(selectors.SelectSelector):
    """Nothing is waited for: whatever time is left until the next timer has passed."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError("everybody waits for something that never comes")
        self.loop.now_s += timeout
        return []


class VirtualLoop(asyncio.SelectorEventLoop):
    """What other threads would do is done at once, and told after a while that the dice choose: so steps of many
    requests interleave as they would, and the same seed gives the same run."""

    def __init__(self, dice: random.Random, slowest_s: float = 0.05) -> None:
        selector = _Jump()
        self.now_s = 0.0
        super().__init__(selector)
        selector.loop = self
        self._dice = dice
        self._slowest_s = slowest_s

    def time(self) -> float:
        return self.now_s

    # not a coroutine in the base class either
    def run_in_executor(  # type: ignore[override]
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self.create_future()
        try:
            result = executor.submit(func, *args).result() if executor is not None else func(*args)
        except BaseException as error:
            self._later(future, None, error)
        else:
            self._later(future, result, None)
        return future

    def _later(self, future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
        def tell() -> None:
            if future.cancelled():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        self.call_later(self._dice.random() * self._slowest_s, tell)


class LoopClock:
    """The server's and the kiosks' clock under such a loop."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self._loop.now_s)

    wall = now

    def monotonic_s(self) -> float:
        return self._loop.now_s

    async def wait_until(self, monotonic_s: float) -> None:
        await asyncio.sleep(max(0.0, monotonic_s - self._loop.now_s))

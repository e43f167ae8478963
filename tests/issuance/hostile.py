"""What lies between hundreds of kiosks and a server, at its worst: a network whose owner holds everybody's keys but the
town's, workers that are killed, a database that goes away."""

from __future__ import annotations

import asyncio
import json
import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette

from issuance.store import Store, Tx
from kiosk.errors import DeviceTimeout, DeviceUnavailable, MadoguchiError
from kiosk.issuance_wire import Answer, Call

ANSWER_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Odds:
    """Of each message or step: how often it goes wrong in this way."""

    late: float = 0.02
    lost_request: float = 0.01
    lost_answer: float = 0.01
    broken: float = 0.01
    twice: float = 0.03
    swapped: float = 0.02
    replayed: float = 0.01
    mixed: float = 0.01
    in_anothers_name: float = 0.005
    card_swapped: float = 0.02
    card_of_two: float = 0.01
    worker_killed_s: float = 40.0
    """On the average, so long between two kills of a worker."""
    database_fails: float = 0.002
    cancels: float = 0.03


HONEST = Odds(*(0.0,) * 10, worker_killed_s=1e9, database_fails=0.0, cancels=0.0)


class DatabaseDownError(Exception):
    """As the driver of a database says it: what was asked for was done, or was not."""


class ShakyStore(Store):
    """A store whose database goes away now and then: before the work (undone), or after it, before the answer."""

    def __init__(self, inner: Store, dice: random.Random, odds: Odds) -> None:
        self._inner = inner
        self._threads = inner._threads
        self._dice = dice
        self._odds = odds

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[Tx]:
        kind = self._dice.random() / self._odds.database_fails if self._odds.database_fails else 1.0
        transaction: AbstractContextManager[Tx] = self._inner._transaction(writes)
        with transaction as tx:
            yield tx
            if kind < 0.5:
                raise DatabaseDownError
        if kind < 1.0:
            raise DatabaseDownError

    def _end(self) -> None:
        self._inner._end()


class Worker:
    """One process of the server: its application, and what it is doing now."""

    def __init__(self, app: Starlette) -> None:
        self.app = app
        self.tasks: set[asyncio.Task[Answer]] = set()

    def kill(self) -> int:
        """What it was doing stops where it stands."""
        tasks = list(self.tasks)
        for task in tasks:
            task.cancel()
        return len(tasks)


@dataclass
class Waiting:
    """A request whose answer is on its way to a kiosk."""

    kiosk: str
    path: str
    answer: asyncio.Future[Answer]


class Network:
    """Between kiosks and workers. Its owner reads and changes everything; only signatures stop them."""

    def __init__(self, workers: list[Worker], pems: dict[str, str], dice: random.Random, odds: Odds) -> None:
        self.workers = workers
        self.pems = pems
        self.dice = dice
        self.odds = odds
        self.seen: Counter[str] = Counter()
        self._waiting: list[Waiting] = []
        self._old: dict[str, list[Answer]] = {}
        self.give_instead: Callable[[Waiting, Answer], None] | None = None
        """A mutation's own way with every answer."""

    def _happens(self, name: str) -> bool:
        happens = self.dice.random() < getattr(self.odds, name)
        self.seen[name] += happens
        return happens

    async def send(self, kiosk: str, call: Call) -> Answer:
        """One call of a kiosk, as its own line sees it."""
        loop = asyncio.get_running_loop()
        mine = Waiting(kiosk, _route(call.path), loop.create_future())
        self._waiting.append(mine)
        task = loop.create_task(self._carry(mine, call))
        try:
            return await asyncio.wait_for(asyncio.shield(mine.answer), ANSWER_TIMEOUT_S)
        except TimeoutError:
            raise DeviceTimeout("issuance: no answer in time") from None
        finally:
            self._waiting.remove(mine)
            if not mine.answer.done():
                mine.answer.cancel()
            del task

    async def _carry(self, mine: Waiting, call: Call) -> None:
        """The request there, the answer back, and everything that may happen on the way."""
        await asyncio.sleep(self._delay_s())
        if self._happens("lost_request"):
            return
        if self._happens("broken"):
            return _fail(mine, DeviceUnavailable("issuance: the server cannot be reached"))
        sender = self.dice.choice(list(self.pems)) if self._happens("in_anothers_name") else mine.kiosk
        again = self._happens("twice")
        try:
            answer = await self._at_a_worker(sender, call)
            if again:
                await asyncio.sleep(self._delay_s())
                second = await self._at_a_worker(sender, call)
                answer = self.dice.choice((answer, second))
        except asyncio.CancelledError:
            return _fail(mine, DeviceUnavailable("issuance: the worker died"))
        await asyncio.sleep(self._delay_s())
        if self._happens("lost_answer"):
            return
        (self.give_instead or self._give)(mine, answer)

    def _delay_s(self) -> float:
        return self.dice.uniform(5.0, 15.0) if self._happens("late") else self.dice.random() * 0.03

    async def _at_a_worker(self, kiosk: str, call: Call) -> Answer:
        worker = self.dice.choice(self.workers)
        task = asyncio.get_running_loop().create_task(_ask(worker.app, self.pems[kiosk], call))
        worker.tasks.add(task)
        try:
            return await task
        finally:
            worker.tasks.discard(task)

    def _give(self, mine: Waiting, answer: Answer) -> None:
        """To whom it belongs, or to another who waits for the like."""
        old = self._old.setdefault(mine.path, [])
        old.append(answer)
        del old[:-50]
        others = [each for each in self._waiting if each is not mine and each.path == mine.path]
        if others and self._happens("swapped"):
            other = self.dice.choice(others)
            deliver(other, answer)
            return
        if self._happens("replayed"):
            answer = self.dice.choice(old)
        elif self._happens("mixed"):
            answer = _mixed(answer, self.dice.choice(old), self.dice)
        deliver(mine, answer)


def deliver(to: Waiting, answer: Answer) -> None:
    if not to.answer.done():
        to.answer.set_result(answer)


def _fail(to: Waiting, error: MadoguchiError) -> None:
    if not to.answer.done():
        to.answer.set_exception(error)


def _mixed(one: Answer, other: Answer, dice: random.Random) -> Answer:
    """One answer with a member of another in its place."""
    bodies = json.loads(one.body), json.loads(other.body)
    common = sorted(set(bodies[0]) & set(bodies[1]))
    if common:
        key = dice.choice(common)
        bodies[0][key] = bodies[1][key]
    return Answer(one.status, one.media_type, json.dumps(bodies[0]).encode())


def _route(path: str) -> str:
    """Of which kind a path is: the answers of one kind look alike."""
    return re.sub("[0-9a-f-]{16,}", "*", path)


async def _ask(app: Starlette, pem: str, call: Call) -> Answer:
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": call.method,
        "path": call.path,
        "raw_path": call.path.encode(),
        "query_string": b"",
        "headers": [],
        "extensions": {"tls": {"client_cert_chain": [pem]}},
    }
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": call.body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], headers["content-type"], body)

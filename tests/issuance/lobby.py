"""Hundreds of kiosks before one server, under virtual time: the wrong-person campaign's world.

Each kiosk is the real one from the loop inwards: the engine, its journal's records, `kiosk.issuance_desk` with its
checks of every paper. Each worker of the server is the real application; they share one database. Between them lies a
hostile network (hostile.py). Residents, cards and the printer are played; what comes out of a printer is read by this
module's own eyes.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pypdfium2
from msgspec.structs import asdict, replace

from issuance import folder
from issuance.app import make_app
from issuance.register import FileRegister, Resident
from issuance.sqlite import SqliteStore, _open
from issuance.store import Document
from kiosk import intents, ports
from kiosk.binding import ManifestKey
from kiosk.engine.setup import Timeouts
from kiosk.engine.state import Phase
from kiosk.enrolment.keys import FileKey
from kiosk.errors import MadoguchiError
from kiosk.forgotten import Forgotten
from kiosk.ids import KioskId
from kiosk.issuance_desk import Desk, Talk
from kiosk.journal.records import IncidentClosed
from kiosk.masking import Mask
from kiosk.money import Denomination
from tests.engine.world import SETUP, Physics, World
from tests.issuance.hostile import Network, Odds, ShakyStore, Worker
from tests.issuance.people import FONT, Authority, Card, make_folder
from tests.issuance.quick_paper import QuickDraughtsman, QuickOffice
from tests.issuance.virtual_time import LoopClock, VirtualLoop

STAFF_COMES_S = 120.0
NOT_NAMED = ("koseki_zenbu", "koseki_kojin", "fuhyo")
"""Kinds that name the 筆頭者, who need not be the one who came: the inspector could not tell whose they are."""
SERVICE = replace(SETUP, sides="two-sided-long-edge", timeouts=Timeouts(status_s=300.0))


class WrongPaperError(AssertionError):
    """What must never happen."""


# --- papers -------------------------------------------------------------------------------------------------


@dataclass
class Inspector:
    """Looks at every paper that comes out, and knows who stands before the printer."""

    register: Any
    papers: int = 0
    pages: int = 0
    serials: dict[str, str] = field(default_factory=dict)
    """発行番号 → the resident who took it."""

    def look(self, kiosk: LobbyKiosk, document: bytes) -> None:
        texts, keywords = _read(document)
        person, session = kiosk.person, kiosk.loop.state.session
        mine = _squeezed(person.name)
        household = {_squeezed(each.name) for each in self.register.household(person.household)} | {mine}
        named = [after for page in texts for after in page.split("氏名")[1:]]
        serials = {each for page in texts for each in re.findall(r"[0-9]{4}-[0-9]{8}-[0-9]{2}", page)}
        terminals = {each for page in texts for each in re.findall("lobby-[0-9]{4}", page)}
        faults = [
            "no-session" if session is None else "",
            "" if any(each.startswith(mine) for each in named) else "the one who stands here is not on it",
            "" if all(each.startswith(tuple(household)) for each in named) else "somebody else is on it",
            "" if terminals == {kiosk.name} else "another kiosk's",
            "" if session is None or f"transaction:{session.transaction}" in keywords else "another visit's",
            "" if len(serials) == 1 else "not one number",
            "" if not serials & self.serials.keys() else "a number twice",
        ]
        if any(faults):
            raise WrongPaperError(f"{kiosk.name}: {[each for each in faults if each]}")
        self.papers += 1
        self.pages += len(texts)
        self.serials[serials.pop()] = person.id


def _squeezed(text: str) -> str:
    return "".join(text.split())


def _read(document: bytes) -> tuple[list[str], list[str]]:
    pdf = pypdfium2.PdfDocument(document)
    try:
        keywords = pdf.get_metadata_value("Keywords").replace(",", " ").split()
        texts = []
        for page in pdf:
            text = page.get_textpage()
            texts.append(_squeezed(text.get_text_range()))
            text.close()
            page.close()
        return texts, keywords
    finally:
        pdf.close()


# --- a kiosk ------------------------------------------------------------------------------------------------


class LobbyKiosk(World):
    """The world of the engine's tests with a real desk, real cards, and timers that fire by themselves."""

    def __init__(self, lobby: Lobby, name: str, desk: Desk) -> None:
        physics = Physics()
        physics.boots = 1000 * int(name[-4:])  # ids of no other kiosk
        super().__init__(physics=physics, setup=replace(SERVICE, kiosk=name))
        self.lobby = lobby
        self.name = name
        self.desk = desk
        self.person: Resident = next(iter(lobby.people.values()))
        self.card_here: Card | None = None
        self.signer: Card | None = None
        self._forgotten = Forgotten()
        self._lines = (asyncio.Queue[ports.Command](), asyncio.Queue[ports.Command]())
        self.tasks = [asyncio.create_task(self._serve(line)) for line in self._lines]
        self._changed = asyncio.Event()

    # --- the core's surroundings

    def perform(self, command: ports.Command) -> None:
        """As World does, and keeps nothing."""
        handler = getattr(self, f"_on_{type(command).__name__}", None)
        if handler is not None:
            handler(command)

    def event(self, event: ports.Event) -> None:
        self.clock.now_s = 1000.0 + self.lobby.clock.monotonic_s()
        super().event(event)
        self._changed.set()

    def tap(self, wish: type[intents.Intent], /, **fields: object) -> None:
        self.clock.now_s = 1000.0 + self.lobby.clock.monotonic_s()
        super().tap(wish, **fields)

    async def until_it_changes(self, at_most_s: float) -> None:
        """Something happened, or a timer of the core was due."""
        due_s = min((*self.loop._timers.values(), self.clock.now_s + at_most_s))
        self._changed.clear()
        wait_s = max(0.001, due_s - 1000.0 - self.lobby.clock.monotonic_s())
        try:
            await asyncio.wait_for(self._changed.wait(), wait_s)
        except TimeoutError:
            self.clock.now_s = 1000.0 + self.lobby.clock.monotonic_s()
            self.loop._expire(self.clock.now_s)
            self.settle()

    # --- the server

    def _server(self, command: ports.Command, _: ports.Event) -> None:
        raise AssertionError("a real server answers here")

    def _to_session(self, command: ports.Command) -> None:
        self._lines[0].put_nowait(command)

    def _to_machine(self, command: ports.Command) -> None:
        self._lines[1].put_nowait(command)

    _on_RequestChallenge = _on_Authenticate = _on_Prepare = _on_Commit = _to_session
    _on_ReadIssuance = _on_ReportPrinted = _on_ReportVoid = _to_machine  # type: ignore[assignment]  # wider

    def _on_AbandonTransaction(self, command: ports.AbandonTransaction) -> None:
        self._forgotten.add(command.transaction)
        self._to_machine(command)

    async def _serve(self, line: asyncio.Queue[ports.Command]) -> None:
        """A thread of kiosk/issuance_client.py: one command after the other, nothing for the forgotten."""
        is_of_session = line is self._lines[0]
        while True:
            command = await line.get()
            transaction = getattr(command, "transaction", None)
            if is_of_session and transaction in self._forgotten:
                continue
            event, _ = await self._converse(self.desk.ask(command))
            if event is not None and not (is_of_session and transaction in self._forgotten):
                self.event(event)

    async def _converse(self, talk: Talk[Any]) -> Any:
        try:
            call = next(talk)
            while True:
                try:
                    answer = await self.lobby.network.send(self.name, call)
                except MadoguchiError as why:
                    call = talk.throw(why)
                else:
                    call = talk.send(answer)
        except StopIteration as end:
            return end.value

    async def attest(self) -> None:
        await self._converse(self.desk.attest())

    # --- the devices

    def _on_SignChallenge(self, command: ports.SignChallenge) -> None:
        if self.card_here is None or self.signer is None:
            self.later(ports.CardFailed(command.device, "removed"))
            return
        signature = self.signer.sign(command.message)
        fingerprint = hashlib.sha256(self.card_here.der).hexdigest()
        self.later(ports.ChallengeSigned(command.device, command.op, signature, fingerprint))

    def _on_PrintDocument(self, command: ports.PrintDocument) -> None:
        self.lobby.inspector.look(self, command.document)
        self.lobby.tell(self.lobby)
        self.later(ports.PageImprinted(command.op, command.device, command.pages))
        self.later(ports.PrintEnded(command.op, command.device, ports.Outcome.CONFIRMED, command.pages))

    # --- people

    async def visit(self, person: Resident) -> None:
        """One resident from the idle screen to the idle screen, whatever the screen shows."""
        self.person = person
        dice, taps = self.lobby.dice, 0
        self.tap(intents.ChooseLanguage, language="ja")
        while self.phase not in (Phase.IDLE, Phase.OUT_OF_SERVICE):
            await asyncio.sleep(dice.choice((0.25, 0.5, 1.0)))
            if not self._act(dice):
                await self.until_it_changes(30.0)
            taps += 1
            if taps > 400:
                raise AssertionError(f"{self.name} stands still in {self.phase}")
        self.card_here = None

    def _act(self, dice: random.Random) -> bool:
        """What the person does now; False: only waits."""
        match self.phase:
            case Phase.AWAITING_CARD:
                self._put(self.lobby.cards[self.person.id])
            case Phase.ENTERING_PIN:
                if dice.random() < self.lobby.odds.card_swapped:
                    self._swap(dice)
                else:
                    self.pin()
            case Phase.RETURNING_CARD:
                self.card_here = None
                self.take_card()
            case Phase.CHOOSING_KINDS:
                self._choose(dice)
            case Phase.CHOOSING_OPTIONS:
                if dice.random() < 0.3:
                    self.tap(intents.ChooseOption, kind="juminhyo", option="whom", choice="household")
                self.tap(intents.Next)
            case Phase.CONFIRMING if dice.random() < self.lobby.odds.cancels:
                self.tap(intents.Cancel)
            case Phase.AWAITING_PAYMENT:
                self.insert(Denomination.COIN100)
            case Phase.TAKING_THINGS:
                self.take_all()
            case Phase.CONFIRMING | Phase.NOTIFIED | Phase.FINISHED:
                self.tap(intents.Next)
            case _:
                return False
        return True

    def _put(self, card: Card) -> None:
        self.card_here = self.signer = card
        reader = self.setup.card_reader
        self.event(ports.CardInserted(reader))
        fingerprint = hashlib.sha256(card.der).hexdigest()
        self.event(ports.CardRead(reader, ports.CardKind.MY_NUMBER, card.der, fingerprint, 3))
        session, person = self.loop.state.session, self.person
        if self.lobby.cards_speak and session is not None:
            sex = {"M": "1", "F": "2"}[person.sex]
            holder = ports.CardHolder(person.name, person.birth.isoformat(), sex)
            self.loop.state = replace(self.loop.state, session=replace(session, holder=holder))

    def _swap(self, dice: random.Random) -> None:
        """Another card lies on the reader now, and the reader does or does not notice."""
        other = self.lobby.cards[dice.choice(list(self.lobby.people))]
        self.lobby.network.seen["card_swapped"] += 1
        if dice.random() < 0.5:
            self.signer = (
                other  # a reader that lies: the first card's certificate, the other card's signature
            )
        else:
            self.card_here = self.signer = other
        self.pin()

    def _choose(self, dice: random.Random) -> None:
        body: Any = self.view.body
        offered = [each.kind for each in body.kinds if not each.refusal and each.kind not in NOT_NAMED]
        if not offered:
            self.tap(intents.Cancel)
            return
        for kind in dice.sample(offered, dice.randint(1, min(2, len(offered)))):
            self.tap(intents.SetCopies, kind=kind, copies=dice.randint(1, 2))
        self.tap(intents.Next)


# --- the whole ----------------------------------------------------------------------------------------------


class InlineThreads:
    """In place of a store's threads: the work is done where it is asked for."""

    def submit(self, work: Callable[..., Any], *arguments: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(work(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def shutdown(self) -> None: ...


class InlineStore(SqliteStore):
    """SQLite on this thread, and without waiting for the disk: what a kill leaves undone is played by ShakyStore."""

    def __init__(self, path: Path) -> None:
        self._threads: Any = InlineThreads()
        self._sql = _open(path)
        self._sql.execute("PRAGMA synchronous = OFF")


def _one_coin_a_copy(town: Path) -> None:
    """Counting coins is another campaign's."""
    text = re.sub("(?m)^here = [0-9]+$", "here = 100", town.read_text(encoding="utf-8"))
    town.write_text(text, encoding="utf-8")


class Lobby:
    """One server with its workers, its kiosks, its people. `run` lets them go until so many papers are out."""

    def __init__(
        self, path: Path, loop: VirtualLoop, dice: random.Random, *, kiosks: int, odds: Odds, drawn_every: int
    ) -> None:
        self.dice = dice
        self.odds = odds
        self.loop = loop
        self.clock = LoopClock(loop)
        authority = Authority()
        everybody = {each.id: each for each in FileRegister(folder.SPECIMEN)}
        self.cards = {name: Card(authority, serial=0x1001 + at) for at, name in enumerate(sorted(everybody))}
        self.path = make_folder(path, authority, self.cards, self.clock)
        _one_coin_a_copy(self.path / "town" / "municipality.toml")
        self.people = {name: each for name, each in everybody.items() if each.lives_here}
        self.database = InlineStore(self.path / "issuance.db")
        self.store = ShakyStore(self.database, dice, odds)
        office = folder.open_office(self.path, font=FONT, clock=self.clock, store=self.store)
        self.draughtsman = QuickDraughtsman(office.draughtsman, office.town, drawn_every)
        self.office = QuickOffice(**asdict(office), quick=self.draughtsman)
        self.inspector = Inspector(self.office.register)
        self.desk_of: type[Desk] = Desk
        self.cards_speak = False
        """Whether cards give their own record of who holds them (DESIGN §6 e)."""
        self.tell: Callable[[Lobby], None] = lambda lobby: None
        """Told of every paper."""
        pems = {name: self._enrol(name) for name in (f"lobby-{number:04d}" for number in range(kiosks))}
        self.network = Network([self.worker() for _ in range(3)], pems, dice, odds)
        self.kiosks: list[LobbyKiosk] = []

    def _enrol(self, name: str) -> str:
        folder.enrol(self.path, kiosk=name, out=self.path / name, clock=self.clock)
        return (self.path / name / "device.pem").read_text()

    def worker(self) -> Worker:
        return Worker(make_app(self.office))

    async def run(self, papers: int, for_s: float) -> None:
        """The doors open; they close when so many papers are out, or so much time has passed."""
        self.kiosks = [LobbyKiosk(self, name, self._desk(name)) for name in self.network.pems]
        for kiosk in self.kiosks:
            kiosk.boot()
        visits = [asyncio.create_task(self._serve(kiosk, papers, for_s)) for kiosk in self.kiosks]
        others = [task for kiosk in self.kiosks for task in kiosk.tasks]
        others.append(asyncio.create_task(self._kill_now_and_then()))
        waiting = set(visits)
        try:
            while waiting:
                done, _ = await asyncio.wait({*waiting, *others}, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()  # a wrong paper is found in whichever task its printer runs
                waiting -= done
        finally:
            for each in (*visits, *others):
                each.cancel()

    def _desk(self, name: str) -> Desk:
        key = FileKey(self.path / name / "device.key")
        manifest_key = ManifestKey((self.path / "kiosk" / "manifest-key.pem").read_bytes())
        return self.desk_of(
            KioskId(name), key, manifest_key, Mask.FIRST_CHARACTER, "0.1.0", self.clock, 120.0
        )

    async def _serve(self, kiosk: LobbyKiosk, papers: int, for_s: float) -> None:
        """Visitors one after the other; staff when the machine has stopped."""
        await kiosk.attest()
        while self.inspector.papers < papers and self.loop.now_s < for_s:
            if kiosk.phase is Phase.IDLE:
                await asyncio.sleep(self._next_visitor_s())
                if kiosk.phase is Phase.IDLE:
                    await kiosk.visit(self.people[self.dice.choice(list(self.people))])
                continue
            if self._stopped(kiosk):
                await asyncio.sleep(STAFF_COMES_S)
                self._clear(kiosk)
            await kiosk.until_it_changes(20.0)

    def _next_visitor_s(self) -> float:
        """Every third comes on the stroke of five seconds, as many others do: requests of the same moment."""
        now_s = self.loop.now_s
        return 5.0 - now_s % 5.0 if self.dice.random() < 0.3 else self.dice.random() * 5.0

    def _stopped(self, kiosk: LobbyKiosk) -> bool:
        return bool(kiosk.ledger.incidents)

    def _clear(self, kiosk: LobbyKiosk) -> None:
        """Staff have looked, and say so."""
        for incident in list(kiosk.ledger.incidents.values()):
            self.network.seen[f"incident {incident.code}"] += 1
            kiosk.loop.record(IncidentClosed(incident.incident, "staff", "looked at it"))
        kiosk.settle()

    async def _kill_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self.dice.expovariate(1.0 / self.odds.worker_killed_s))
            at = self.dice.randrange(len(self.network.workers))
            self.network.seen["requests of a killed worker"] += self.network.workers[at].kill()
            self.network.seen["workers killed"] += 1
            self.network.workers[at] = self.worker()

    def judge(self) -> None:
        """What the server knows agrees with what came out."""
        rows = {row.serial: row for row in self.database.run_now(lambda tx: tx.find(Document))}
        for serial, resident in self.inspector.serials.items():
            row = rows[serial]
            if row.resident != resident or row.state not in ("committed", "printed"):
                raise WrongPaperError(f"{serial}: the server says {row.state}")

    def close(self) -> None:
        self.store.close()


def run(
    path: Path,
    *,
    seed: int,
    kiosks: int,
    papers: int,
    odds: Odds,
    for_s: float = float("inf"),
    drawn_every: int = 1,
    slowest_s: float = 0.05,
    change: Callable[[Lobby], None] | None = None,
) -> Lobby:
    """A whole campaign; `change` puts a mutation in before the doors open. WrongPaperError ends it."""
    dice = random.Random(seed)
    loop = VirtualLoop(dice, slowest_s)
    asyncio.set_event_loop(loop)
    try:
        lobby = Lobby(path, loop, dice, kiosks=kiosks, odds=odds, drawn_every=drawn_every)
        if change is not None:
            change(lobby)
        loop.run_until_complete(lobby.run(papers, for_s))
        lobby.judge()
        lobby.close()
        return lobby
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        asyncio.set_event_loop(None)
        loop.close()

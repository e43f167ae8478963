"""The published accidents, put back in on purpose, and kiosks that do not look: for the wrong-person campaign.

What was published of each: Yokohama 2023-03 (a timeout released only the lock of the queue), Kawasaki 2023-05 (two
requests within a second, the later overwrote the earlier), Munakata 2023-06 (an old program in a terminal printed the
file of the one before), Takamatsu 2024-04 (a program for one server on a site of several).
"""

from __future__ import annotations

import hashlib
from collections import deque
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from issuance.documents import Documents, Reserved
from issuance.drawing import Drawing
from issuance.register import Resident
from kiosk import binding
from kiosk import issuance_wire as wire
from kiosk.ids import LineId, TransactionId
from kiosk.issuance_desk import Desk, Talk, _asked
from kiosk.issuance_wire import Answer
from kiosk.ports import Document, Evidence, Prepare, Prepared
from tests.issuance.hostile import Waiting, deliver
from tests.issuance.lobby import Lobby

DOCUMENTS = "/v1/documents"


class Accident:
    """One that happens on the way of an answer."""

    def __init__(self, lobby: Lobby) -> None:
        self._lobby = lobby
        self._queue: deque[Answer] = deque()
        self._kept: dict[str, Answer] = {}

    def give(self, mine: Waiting, answer: Answer) -> None:
        raise NotImplementedError


class ReleasedLock(Accident):
    """Yokohama: what is drawn lies in one queue. Who waits takes the first; who gave up leaves theirs behind."""

    def give(self, mine: Waiting, answer: Answer) -> None:
        if mine.path != DOCUMENTS or answer.status != 201:
            deliver(mine, answer)
            return
        self._queue.append(answer)
        if not mine.answer.done():
            first = self._queue.popleft()
            self._lobby.network.seen["bitten"] += first is not answer
            deliver(mine, _same_serial(first, answer))


class OldProgram(Accident):
    """Munakata: the terminal keeps the file of the one before, and now and then prints it."""

    def give(self, mine: Waiting, answer: Answer) -> None:
        if mine.path == DOCUMENTS and answer.status == 201:
            kept = self._kept.get(mine.kiosk)
            self._kept[mine.kiosk] = answer
            if kept is not None and self._lobby.dice.random() < 0.3:
                self._lobby.network.seen["bitten"] += 1
                answer = _same_serial(kept, answer)
        deliver(mine, answer)


def _same_serial(old: Answer, new: Answer) -> Answer:
    """The old paper under the number that is expected now: the terminal does not look into its files."""
    body = msgspec.json.decode(old.body) | {"serial": msgspec.json.decode(new.body)["serial"]}
    return Answer(old.status, old.media_type, msgspec.json.encode(body))


Drawn = Drawing | str


class FilesByName(Documents):
    """Drawings go through files whose name can be another's too."""

    files: ClassVar[dict[str, Drawn]]
    bitten = 0

    def _name(self, order: Reserved, now: datetime) -> str:
        raise NotImplementedError

    def _draw(self, order: Reserved, now: datetime) -> Drawn:
        drawing = super()._draw(order, now)
        self.files[self._name(order, now)] = drawing
        return drawing

    def _settle(self, tx: Any, order: Reserved, request: Any, drawing: Any, now: datetime) -> Any:
        found = self.files[self._name(order, now)]
        type(self).bitten += found is not drawing
        return super()._settle(tx, order, request, found, now)


class OneFileASecond(FilesByName):
    """Kawasaki: named by the second."""

    files: ClassVar[dict[str, Drawn]] = {}

    def _name(self, order: Reserved, now: datetime) -> str:
        return f"{now:%H%M%S}.pdf"


class OneServersNumbers(FilesByName):
    """Takamatsu: numbered by each server for itself, in a folder of all of them, and soon from the first again."""

    files: ClassVar[dict[str, Drawn]] = {}

    def __init__(self, office: Any) -> None:
        super().__init__(office)
        self._numbers: dict[str, int] = {}

    def _name(self, order: Reserved, now: datetime) -> str:
        number = self._numbers.setdefault(order.document.serial, len(self._numbers) % 3)
        return f"{number:04d}.pdf"


class NeighboursRegister:
    """An adapter that is off by one: everybody's record is the next one's, under an own number. No signature finds it;
    the card that opened the session does."""

    def __init__(self, lobby: Lobby) -> None:
        self._own = lobby.office.register
        names = sorted(lobby.people)
        self._next = dict(zip(names, names[1:] + names[:1], strict=True))

    def resident(self, resident: str) -> Resident | None:
        own, other = self._own.resident(resident), self._own.resident(self._next.get(resident, resident))
        if own is None or other is None:
            return own
        return msgspec.structs.replace(other, id=own.id, household=own.household)

    def household(self, household: str) -> tuple[Resident, ...]:
        found = (self.resident(each.id) for each in self._own.household(household))
        return tuple(each for each in found if each is not None)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)


def neighbours(lobby: Lobby) -> None:
    """Put such a register behind every worker."""
    lobby.office = msgspec.structs.replace(lobby.office, register=NeighboursRegister(lobby))
    lobby.network.workers = [lobby.worker() for _ in lobby.network.workers]


class BlindDesk(Desk):
    """A kiosk that prints what comes: the engine is told what it wants to hear."""

    def _prepare(self, command: Prepare) -> Talk[Prepared]:
        order = binding.order_bytes(self._kiosk, command.transaction, command.order, command.card_fingerprint)
        digest = hashlib.sha256(order).hexdigest()
        answer = yield from _asked(wire.prepare_call(command, digest, self._key.sign(order)))
        paper = wire.read(answer, wire.PreparedAnswer)
        claimed = msgspec.json.decode(paper.manifest)
        serial = msgspec.json.decode(answer.body)["serial"]
        document = Document(paper.pdf, hashlib.sha256(paper.pdf).hexdigest(), claimed["pages"], serial)
        told = _told(command, digest, document)
        return Prepared(command.transaction, command.order.line, document, told)


def _told(command: Prepare, digest: str, document: Document) -> Evidence:
    return Evidence(
        signature_ok=True,
        transaction=TransactionId(command.transaction),
        line=LineId(command.order.line),
        order_hash=digest,
        card_fingerprint=command.card_fingerprint,
        serial=document.serial,
        serial_in_text=True,
        transaction_in_metadata=True,
        sha256_ok=True,
        pages_claimed=document.pages,
        pages_found=document.pages,
        applicant_masked="＊＊",
        holders_masked=("＊＊",),
    )

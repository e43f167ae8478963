"""Virtual cards for tests that need no reader: a box made once, a card on an imagined reader, a session over it."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from drivers.card_service import roots
from drivers.card_service.messages import CardEvent
from drivers.card_service.needs import Presence, Roads
from drivers.card_service.number import Number
from drivers.card_service.session import CardSession
from drivers.jpki.cv import Roots
from drivers.jpki.sim import box as boxes
from drivers.jpki.sim.box import Options
from drivers.jpki.sim.card import Fault, VirtualCard
from drivers.jpki.sim.filesystem import Image, Memory, Secret
from kiosk import ports
from kiosk.errors import DeviceTimeout, DeviceUnavailable
from kiosk.ids import DeviceId, SlotId
from kiosk.ports import NumberPart

DEVICE = DeviceId("card1")
PIN = "1234"
PHONE_PIN = "8642"
SIGN_SECRET = "EXAMPLE2026A"


@cache
def box() -> Path:
    """The box of this test run: authorities, Hanako's card and Taro's."""
    folder = Path(mkdtemp(prefix="madoguchi-cards-"))
    atexit.register(shutil.rmtree, folder, True)
    boxes.make(folder, ["hanako", "taro"], PIN, SIGN_SECRET, PHONE_PIN)
    return folder


@cache
def _open(name: str, options: Options) -> tuple[Image, Memory]:
    return boxes.open_card(box(), name, options)


def card(name: str = "hanako", options: Options | None = None, faults: tuple[Fault, ...] = ()) -> VirtualCard:
    """A card with fresh counters that no other test sees."""
    options = options or Options()
    image, stored = _open(name, options)
    image = Image(image.atr, dict(image.directories), image.data_objects)
    secrets = {each: stored[each] for each in stored.names()}
    memory = Memory({k: Secret(v.value, v.left, v.most, v.is_dead) for k, v in secrets.items()})
    return VirtualCard(image, memory, options.is_lenient, faults)


@cache
def cv_roots() -> Roots:
    """Of the box: what a kiosk pins."""
    return roots.load(box() / "pki" / "cv-roots.txt", allow_virtual=True)


def number_b(name: str = "hanako") -> str:
    """What is printed on this card."""
    secret = boxes.open_card(box(), name, Options())[1]["number.b"].value
    assert len(secret) == 14
    return secret


@dataclass
class Still:
    """A clock that tests move."""

    now_s: float = 100.0

    def monotonic_s(self) -> float:
        return self.now_s

    def wall(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True)
class Seen:
    """What a reader says."""

    reader: str = "Imagined 00"
    code: str = ""
    has_card: bool = False
    insertions: int = 0


@dataclass
class Held:
    """A virtual card as the session holds it."""

    card: VirtualCard
    is_removed: bool = False
    is_powered: bool = True
    after: Callable[[int], None] = lambda _: None
    """Called with the number of the exchange, after it."""
    exchanges: int = 0

    def transmit(self, command: bytearray) -> bytes:
        assert self.is_powered, "an APDU to a card without power"
        if self.is_removed:
            raise DeviceUnavailable("card: removed")
        answer = self.card.transmit(command)
        self.exchanges += 1
        self.after(self.exchanges)
        return answer

    def is_gone(self, within_s: float) -> bool:
        return self.is_removed

    def close(self) -> None:
        self.is_powered = False
        self.card.power()


class Slots:
    """A road without a socket."""

    def __init__(self) -> None:
        self.slot: SlotId | None = None
        self.count = 0

    def open(
        self, min_length: int, max_length: int, life_s: float = 0.0, has_letters: bool = False
    ) -> SlotId:
        self.count += 1
        self.slot = SlotId(f"{self.count:032x}")
        return self.slot

    def close(self) -> SlotId | None:
        slot, self.slot = self.slot, None
        return slot


@dataclass
class Desk:
    """A session with everything round it."""

    held: Held
    events: list[CardEvent] = field(default_factory=list)
    slots: Slots = field(default_factory=Slots)
    camera_slots: Slots = field(default_factory=Slots)
    refusal: DeviceTimeout | DeviceUnavailable | None = None
    clock: Still = field(default_factory=Still)
    photos: list[tuple[SlotId, bytes]] = field(default_factory=list)
    roots: Roots = field(default_factory=cv_roots)

    def __post_init__(self) -> None:
        roads = Roads(self.slots, self.camera_slots, self._send_photo)
        self.number = Number(self.clock)
        self.session = CardSession(DEVICE, self.events.append, self._connect, roads, self.number, self.roots)

    def _send_photo(self, slot: SlotId, photo: bytearray) -> bool:
        self.photos.append((slot, bytes(photo)))
        return bool(photo)

    def _connect(self, _: Presence) -> Held:
        if self.refusal is not None:
            raise self.refusal
        return self.held

    def insert(self) -> None:
        self.session.see_reader(Seen())
        self.session.see_reader(Seen(has_card=True, insertions=1))

    def remove(self) -> None:
        self.held.is_removed = True
        self.session.see_reader(Seen(insertions=2))

    def enter(self, digits: bytes) -> bytearray:
        """As the PIN channel does it: the slot is used up, then the secret is taken."""
        self.slots.close()
        secret = bytearray(digits)
        self.session.take_secret(secret)
        return secret

    def type_number(self, digits: str) -> None:
        """照合番号B as a person answers the three questions."""
        parts = (
            (NumberPart.BIRTH, digits[:6]),
            (NumberPart.EXPIRY, digits[6:10]),
            (NumberPart.CODE, digits[10:]),
        )
        for part, typed in parts:
            self.session.obey(ports.OpenNumberSlot(DEVICE, part))
            self.enter(typed.encode())

    def last(self) -> CardEvent:
        return self.events[-1]

    def names(self) -> list[str]:
        return [type(each).__name__ for each in self.events]


def desk(name: str = "hanako", options: Options | None = None, faults: tuple[Fault, ...] = ()) -> Desk:
    return Desk(Held(card(name, options, faults)))

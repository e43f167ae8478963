"""The world of the engine's tests, with staff: real certificates, and a card that signs as a real one does."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from msgspec.structs import replace

from drivers.piv import sim
from drivers.piv.codec import AUTHENTICATION, CARD_AUTHENTICATION
from drivers.piv.sim import Chip
from kiosk import badges, intents, ports
from kiosk.badges import Member
from kiosk.engine.setup import Setup
from kiosk.ids import DeviceId, SlotId
from kiosk.journal.records import AnyRecord
from kiosk.ports import SealedKey
from kiosk.sealed import Envelope
from kiosk.view import Role
from tests.engine.world import SETUP, Physics, World

PEOPLE = {
    "officer": Role.CASH_OFFICER,
    "second": Role.CASH_OFFICER,
    "technician": Role.TECHNICIAN,
    "treasurer": Role.TREASURER,
    "assistant": Role.ASSISTANT,
}


@cache
def cards() -> tuple[bytes, dict[tuple[str, str], Chip]]:
    """The authority (DER), and (person, validity) -> chip: made once."""
    with TemporaryDirectory() as folder:
        box = Path(folder)
        sim.make(box, (*PEOPLE, "stranger"))
        chips = {
            (name, validity): sim.open_card(box, name, validity)[0]
            for name in (*PEOPLE, "stranger")
            for validity in sim.VALIDITIES
        }
        return badges.authorities_of((box / "staff" / "ca.pem").read_bytes())[0], chips


SEALED = {name: Ed25519PrivateKey.from_private_bytes(bytes([at]) * 32) for at, name in enumerate(PEOPLE)}
"""The keys that people's sealed codes make (what makes them of digits is tested in tests/contract)."""


def seals(*names: str) -> tuple[Envelope, ...]:
    keys = {each: SEALED[each].public_key().public_bytes_raw().hex() for each in names}
    return tuple(Envelope(each, PEOPLE[each], SealedKey("0" * 32, keys[each])) for each in names)


def setup_with_staff(setup: Setup = SETUP) -> Setup:
    members = tuple(Member(name, role) for name, role in PEOPLE.items())
    return replace(setup, staff=members, staff_authorities=(cards()[0],))


class StaffWorld(World):
    """`lay`, `staff_pin`, `login`, `touch`: what people with staff cards do."""

    def __init__(
        self, records: list[AnyRecord] | None = None, physics: Physics | None = None, setup: Setup = SETUP
    ) -> None:
        super().__init__(records, physics, setup_with_staff(setup))
        self._chip: Chip | None = None
        self.slots = 0
        self.code_asked: ports.OpenCodeSlot | None = None
        self.at = self.setup.staff_reader or self.setup.card_reader
        self.facts: tuple[tuple[str, str, str], ...] = (("disk", "900 MiB free", "ok"),)

    def boot(self) -> StaffWorld:
        super().boot()
        if self.setup.staff_reader:
            self.event(ports.DeviceArrived(self.setup.staff_reader, "test"))
        return self

    def lay(self, name: str, *, validity: str = "genuine", left: int = 3) -> None:
        """A staff card on the reader where staff lay it: `self.at`."""
        reader = self.at
        self._chip = cards()[1][name, validity]
        shown = {place.reference: self._chip.keys[place.reference][0] for place in _PLACES}
        self.event(ports.CardInserted(reader))
        self.event(
            ports.StaffCardRead(
                reader, shown[AUTHENTICATION.reference], shown[CARD_AUTHENTICATION.reference], left
            )
        )

    def staff_pin(self, *, right: bool = True, left: int = 2) -> None:
        reader = self.at
        self.event(ports.PinAccepted(reader) if right else ports.PinRejected(reader, left))

    def login(self, name: str, *, validity: str = "genuine") -> None:
        self.lay(name, validity=validity)
        self.staff_pin()
        self.take_staff_card()

    def take_staff_card(self) -> None:
        self.event(ports.CardRemoved(self.at))

    def touch(self, name: str, *, validity: str = "genuine") -> None:
        """A floor assistant's badge, on and off."""
        self.lay(name, validity=validity)
        self.take_staff_card()

    def _on_OpenPinSlot(self, command: ports.OpenPinSlot) -> None:
        if command.secret is not ports.SecretKind.STAFF:
            super()._on_OpenPinSlot(command)
            return
        self.slots += 1
        self.later(ports.PinSlotOpened(command.device, SlotId(f"{self.slots:032x}"), 3, 6, 8))

    def _on_SignChallenge(self, command: ports.SignChallenge) -> None:
        if self.loop.state.session is not None:
            super()._on_SignChallenge(command)
        else:
            self._sign(command.device, AUTHENTICATION.reference, command.op, command.message)

    def _on_ProveTap(self, command: ports.ProveTap) -> None:
        self._sign(command.device, CARD_AUTHENTICATION.reference, command.op, command.message)

    def _on_ReadFacts(self, command: ports.ReadFacts) -> None:
        self.later(ports.FactsRead(command.op, self.facts, all(each[2] != "bad" for each in self.facts)))

    def _on_MakePaper(self, command: ports.MakePaper) -> None:
        slip = ports.Slip("test", (ports.SlipLine(text=command.report),))
        pages = (b"%PDF", 1) if command.has_pages else (b"", 0)
        self.later(ports.PaperMade(command.op, slip, "", "", *pages))

    def _sign(self, device: DeviceId, reference: int, op: Any, message: bytes) -> None:
        assert self._chip is not None
        _, key = self._chip.keys[reference]
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        signature = key.sign(message, ec.ECDSA(hashes.SHA256()))
        self.later(ports.ChallengeSigned(device, op, signature, ""))

    def _on_OpenCodeSlot(self, command: ports.OpenCodeSlot) -> None:
        self.slots += 1
        self.later(ports.PinSlotOpened(command.device, SlotId(f"{self.slots:032x}"), 0, 16, 16))
        self.code_asked = command

    def code(self, holder: str) -> None:
        """Somebody enters the code of this holder's envelope; nobody's of the list of keys: a wrong one."""
        asked = self.code_asked
        assert asked is not None
        private = SEALED.get(holder)
        public = private.public_key().public_bytes_raw().hex() if private is not None else ""
        if private is None or public not in [each.public for each in asked.keys]:
            self.event(ports.CodeRejected(asked.device))
        else:
            self.event(ports.CodeSigned(asked.device, asked.op, public, private.sign(asked.message)))

    def do(self, act: intents.AnyStaffIntent) -> None:
        """The act's button at the desk."""
        self.tap(intents.DoAct, act=act)

    def open(self, page: str, of: str = "") -> None:
        self.tap(intents.OpenPage, page=page, of=of)

    @property
    def page(self) -> Any:
        return self.view.body


_PLACES = (AUTHENTICATION, CARD_AUTHENTICATION)

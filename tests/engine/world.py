"""A whole kiosk in one process, for tests of the engine: the real loop, a journal in a list, and devices that obey.

Not a mock of our code: the loop and the engine are the production ones; only what lies beyond the ports is played.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from kiosk import intents, ports
from kiosk.daemon.loop import Loop
from kiosk.engine.inner import Asked
from kiosk.engine.printers import printers
from kiosk.engine.service import start
from kiosk.engine.setup import Brand, Hopper, Setup
from kiosk.engine.state import Kiosk, Phase, Turn
from kiosk.errors import JournalError
from kiosk.guidance import Cheaper, Guidance, Nearest, Purpose
from kiosk.ids import DeviceId, OpId, SlotId
from kiosk.journal.ledger import EMPTY, Ledger, fold, imbalances
from kiosk.journal.records import AnyRecord, StockSet
from kiosk.money import Cash, Denomination, Yen
from kiosk.services.certificate import KONBINI
from kiosk.services.plan import Policy
from kiosk.view import Role, SessionView

FACES = (Denomination.COIN10, Denomination.COIN50, Denomination.COIN100, Denomination.COIN500)
HOPPERS = tuple(Hopper(DeviceId(f"hopper{face.face.value}"), face) for face in FACES)
GUIDANCE = Guidance(
    phone="000-000-0000",
    purposes=(
        Purpose(
            "licence", kind="juminhyo", options=(("honseki", "yes"), ("whom", "nobody")), advice=("honseki",)
        ),
        Purpose("inheritance", advice=("counter",)),
        Purpose("seal", {"ja": "印鑑の証明"}, "inkan_shomei"),
    ),
    cheaper=(
        Cheaper("juminhyo", 10, {"ja": "コンビニ", "en": "a convenience store"}, "2026-11-01", "2026-11-30"),
    ),
    nearest=(Nearest({"ja": "東支所", "en": "East branch"}),),
)
SETUP = Setup(
    kiosk="kiosk-test",
    town={"ja": "例示市", "en": "Reiji City"},
    guidance=GUIDANCE,
    faces=FACES,
    hoppers=HOPPERS,
)
FACE_SETUP = replace(SETUP, plan=KONBINI.under(Policy.PIN_AND_FACE), has_assistant=True)
SHOW_SETUP = replace(
    FACE_SETUP, plan=KONBINI.under(Policy.PIN_AND_FACE, reads_record=True), reads_number=True
)
HOLDER = ports.CardHolder("例示　花子", "1941-03-03", "2")
CERTIFICATE = b"certificate"
FINGERPRINT = "f" * 64
PRICES = (("juminhyo", 200, 300), ("inkan_shomei", 200, 300))
ENTITLEMENTS = (
    ports.Entitlement(
        "juminhyo",
        200,
        5,
        (
            ports.CertificateOption("honseki", ("no", "yes")),
            ports.CertificateOption("whom", ("self", "household")),
        ),
    ),
    ports.Entitlement("inkan_shomei", 200, 5),
)


TERMINAL, CODES, CAMERA = DeviceId("terminal1"), DeviceId("codes1"), SETUP.camera
POI = "POI-0001"
BRANDS = (
    Brand("edy", "emoney", TERMINAL, {"ja": "楽天Edy", "en": "Rakuten Edy"}),
    Brand("waon", "emoney", TERMINAL, {"ja": "WAON"}, void="days"),
    Brand("id", "emoney", TERMINAL, {"ja": "iD"}, void="days", incomplete="not_made"),
    Brand("credit", "credit", TERMINAL, {"ja": "クレジットカード", "en": "Credit card"}, void="days"),
    Brand("scan", "scan", CODES, {"ja": "スマホのコード"}, void="days"),
    Brand("show", "show", CODES, {"ja": "画面のコード"}, void="days"),
)
CASHLESS = replace(SETUP, brands=BRANDS)


class CrashError(Exception):
    """The core dies here."""


class ListJournal:
    """Durable the moment it is appended to. `die_at` kills the core after the nth append; `broken` refuses."""

    def __init__(self, records: list[AnyRecord], before: int = 0) -> None:
        """`before`: so many records came earlier and are not kept."""
        self.records = records
        self._before = before
        self.broken = False
        self.has_room = True
        self.die_at: int | None = None
        self.appends = 0

    def append(self, records: list[AnyRecord]) -> list[int]:
        if self.broken:
            raise JournalError("disk full")
        self.appends += 1
        if self.die_at == -self.appends:
            raise CrashError
        first = self._before + len(self.records) + 1
        self.records.extend(records)
        if self.die_at == self.appends:
            raise CrashError
        return list(range(first, first + len(records)))

    def reserve(self) -> None:
        if not self.has_room:
            raise JournalError("disk full")

    @property
    def head(self) -> tuple[int, str]:
        return self._before + len(self.records), "0" * 64


class Glass:
    """What the screens were given."""

    def __init__(self) -> None:
        self.views: dict[Role, SessionView] = {}
        self.refused: list[int] = []
        self.seen: list[str] = []

    def publish(self, views: Mapping[Role, SessionView]) -> None:
        self.views.update(views)
        if Role.RESIDENT in views:
            name = type(views[Role.RESIDENT].body).__name__
            if not self.seen or self.seen[-1] != name:
                self.seen.append(name)

    def refuse(self, role: Role, step: int, reason: str) -> None:
        self.refused.append(step)


class SteadyClock:
    """Time that tests move."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic_s(self) -> float:
        return self.now_s

    def wall(self) -> datetime:
        return datetime(2026, 11, 20, 1, 24, tzinfo=UTC)


class Terminals:
    """Cashless money where it really is. `next_payments`: how the next ones go; without one each is confirmed."""

    def __init__(self) -> None:
        self.payments: dict[str, dict[str, Any]] = {}
        self.voids: set[str] = set()
        self.next_payments: list[str] = []
        self.next_voids: list[str] = []
        self.knows = True
        """False: it says UNKNOWN to whoever asks again."""
        self.is_up = True
        self.is_deaf = False
        """To a request for its reconciliation."""
        self.in_progress = False
        """It still waits for a card: a status request has no end yet."""

    @property
    def taken(self) -> Yen:
        """Truly taken and not given back."""
        return Yen.sum(
            each["amount"] for each in self.payments.values() if each["is_taken"] and not each["is_void"]
        )


class Physics:
    """Pieces where they really are; survives the core's death."""

    def __init__(self) -> None:
        self.units: dict[str, int] = {hopper.device: 20 for hopper in HOPPERS}
        self.tray: list[Denomination] = []
        self.counters: dict[str, int] = {hopper.device: 0 for hopper in HOPPERS}
        self.lifetime: dict[str, int] = {hopper.device: 0 for hopper in HOPPERS}
        self.ops: dict[str, int] = {}
        self.credits = 0
        self.inserted = Yen(0)
        self.untold: list[Denomination] = []
        self.printed: list[bytes] = []
        self.slips: list[str] = []
        """Kinds of small papers that came out."""
        self.jammed: set[str] = set()
        self.lose_replies: set[str] = set()
        self.deaf: dict[str, int] = {}
        """How many dispenses a hopper does not hear."""
        self.printer_ready = True
        self.boots = 0
        self.terminals = Terminals()
        self.print_outcome: ports.Outcome = ports.Outcome.CONFIRMED
        self.outcome_of: dict[str, ports.Outcome] = {}
        """Of one printer, where it is not every printer's."""
        self.printed_by: list[str] = []
        self.sheets: dict[str, int] = {}
        """What a printer says lies in it; the others do not say."""

    def new_seed(self) -> bytes:
        """Another one for each life, as the operating system gives."""
        self.boots += 1
        return self.boots.to_bytes(32, "big")


class World:
    """The kiosk and everything round it. `insert`, `card`, `tap` … are what people do."""

    def __init__(
        self,
        records: list[AnyRecord] | None = None,
        physics: Physics | None = None,
        setup: Setup = SETUP,
        *,
        base: Ledger = EMPTY,
    ) -> None:
        """`base`: the balances before the first of `records`, as a sealed checkpoint gives them."""
        self.setup = setup
        self.physics = physics or Physics()
        self.clock = SteadyClock()
        self.records: list[AnyRecord] = records if records is not None else _counted()
        self.journal = ListJournal(self.records, base.seq)
        self.glass = Glass()
        ledger = base
        for seq, record in enumerate(self.records, base.seq + 1):
            ledger = fold(ledger, seq, record)
        self.loop = Loop(
            Kiosk(setup=setup, seed=self.physics.new_seed(), ledger=ledger),
            self.journal,
            self.glass,
            self.clock,
        )
        self.commands: list[ports.Command] = []
        self.pending: deque[Callable[[], None]] = deque()
        self.loop.set_issuance(_Player(self, ("issuance",)))
        names = [
            setup.camera,
            setup.card_reader,
            setup.acceptor,
            *printers(setup),
            setup.receipt_printer,
            *(each for each in (setup.lamp, setup.messenger, setup.staff_reader) if each),
        ]
        self.loop.add_driver(_Player(self, (*names, *(hopper.device for hopper in HOPPERS))))
        self.loop.add_driver(_Player(self, (TERMINAL, CODES)))
        self.loop.add_driver(_Player(self, (ports.DESK,)))
        self.loop.add_driver(_Player(self, (READER,)))
        self.perform_instead: set[str] = set()
        """Commands that nobody answers: the core dies before."""
        self.slip_outcome = ports.Outcome.CONFIRMED
        self.late: frozenset[str] = frozenset()
        """Devices that do not come when the kiosk boots."""
        self.server_is_up = True
        self.entitlements: tuple[ports.Entitlement, ...] = ENTITLEMENTS
        self.serial = 0
        self.evidence_changes: dict[str, object] = {}
        self.sides = "one-sided"
        self.fronts: tuple[str, ...] = ()
        self.pages = 1
        """Of every document."""
        self.camera_may_be_open = False
        self.slots_with_open_camera = 0
        self.reading: SlotId | None = None
        """The slot for which a card is being read."""
        self.checking: OpId | None = None
        """The face check that the vision process is at."""

    # --- life

    def boot(self) -> World:
        turn = Turn(self.loop.state)
        start(turn)
        for command in turn.commands:
            self.perform(command)
        for device in (self.setup.card_reader, *printers(self.setup), self.setup.receipt_printer):
            if device not in self.late:
                self.event(ports.DeviceArrived(device, "test"))
        for device in printers(self.setup):
            self.event(self.printer_read(device))
        self.event(ports.DeviceArrived(self.setup.acceptor, "test"))
        for hopper in HOPPERS:
            self.event(ports.DeviceArrived(hopper.device, "test"))
            self.event(self._hopper_read(hopper))
        self.terminals_come()
        return self

    def printer_read(self, device: DeviceId, *reasons: str) -> ports.PrinterRead:
        """What a printer says; with reasons it is not ready."""
        is_ready = self.physics.printer_ready and not reasons
        return ports.PrinterRead(device, is_ready, reasons, self.physics.sheets.get(device))

    def terminals_come(self) -> None:
        if not self.setup.brands or not self.physics.terminals.is_up:
            return
        self.event(ports.DeviceArrived(CAMERA, "test"))
        for device in (TERMINAL, CODES):
            self.event(ports.DeviceArrived(device, "test"))
            self.event(ports.TerminalRead(device, POI, True))

    def terminals_go(self) -> None:
        self.physics.terminals.is_up = False
        for device in (TERMINAL, CODES):
            self.event(ports.DeviceLost(device, "no-answer"))

    def reboot(self) -> World:
        """Power comes back: a new core on the same journal and the same physics."""
        return World(self.records, self.physics, self.setup).boot()

    def _hopper_read(self, hopper: Hopper) -> ports.HopperRead:
        physics = self.physics
        return ports.HopperRead(
            hopper.device,
            hopper.denomination,
            "s1",
            physics.counters[hopper.device],
            physics.lifetime[hopper.device],
            False,
            False,
        )

    def event(self, event: ports.Event) -> None:
        self.loop.take(event)
        self.settle()

    def settle(self) -> None:
        while self.pending:
            self.pending.popleft()()

    def later(self, event: ports.Event) -> None:
        self.pending.append(lambda: self.loop.take(event))

    # --- people

    @property
    def view(self) -> SessionView:
        return self.glass.views[Role.RESIDENT]

    @property
    def phase(self) -> Phase:
        return self.loop.state.phase

    @property
    def ledger(self) -> Ledger:
        return self.loop.state.ledger

    def tap(self, wish: type[intents.Intent], /, **fields: object) -> None:
        self.loop.take(_asked(wish(step=self.loop.state.step, **fields)))
        self.settle()

    def card(self, attempts: int = 3, kind: ports.CardKind = ports.CardKind.MY_NUMBER) -> None:
        reader = self.setup.card_reader
        shown = (b"", "") if kind is ports.CardKind.ANDROID else (CERTIFICATE, FINGERPRINT)
        self.event(ports.CardInserted(reader))
        self.event(ports.CardRead(reader, kind, *shown, attempts))

    def pin(self, *, right: bool = True, left: int = 2) -> None:
        reader = self.setup.card_reader
        self.event(ports.PinAccepted(reader) if right else ports.PinRejected(reader, left))

    def number_part(self, part: ports.NumberPart, *, is_right: bool = True) -> None:
        session = self.loop.state.session
        slot = SlotId(session.slot if session is not None else "")
        kind = ports.NumberPartTaken if is_right else ports.NumberPartRefused
        self.event(kind(self.setup.card_reader, part, slot))

    def number(self) -> None:
        """All three questions, answered as they stand on the card."""
        for part in (ports.NumberPart.BIRTH, ports.NumberPart.EXPIRY, ports.NumberPart.CODE):
            self.number_part(part)

    def show_card(self, *, is_right: bool = True) -> None:
        """The card's front before the camera: read, sent, and what the card process says of it."""
        slot, self.reading = self.reading, None
        if slot is not None:
            self.event(ports.CardHint(self.setup.camera, ports.CardHintCode.HOLD_STILL))
            kind = ports.NumberPartTaken if is_right else ports.NumberPartRefused
            self.event(kind(self.setup.card_reader, ports.NumberPart.WHOLE, slot))
            self.event(ports.NumberReadingEnded(self.setup.camera, slot, ""))

    def not_read(self, reason: str = "time") -> None:
        """The camera could not read it."""
        slot, self.reading = self.reading, None
        if slot is not None:
            self.event(ports.NumberReadingEnded(self.setup.camera, slot, reason))

    def surface(self, code: str = "", fingerprint: str = FINGERPRINT) -> None:
        """What the card's face says: nothing wrong, or `wrong` (number), or a code."""
        reader = self.setup.card_reader
        if code == "wrong":
            self.event(ports.NumberRejected(reader, 9))
        elif code:
            self.event(ports.SurfaceFailed(reader, code))
        else:
            self.event(ports.SurfaceRead(reader, HOLDER, fingerprint))

    def judge(self, outcome: ports.FaceOutcome = ports.FaceOutcome.MATCHED, reason: str = "") -> None:
        """The vision process's verdict on the check that it is at."""
        op, self.checking = self.checking, None
        if op is not None:
            self.event(ports.FaceJudged(self.setup.camera, op, outcome, ports.FaceBand.CLEAR, reason))

    def vouch(self) -> None:
        """Staff, on their own panel."""
        self.loop.take(Asked(Role.ASSISTANT, intents.Vouch(step=self.loop.state.step)))
        self.settle()

    def until_face(self) -> None:
        """To the touch that opens the camera."""
        self.tap(intents.ChooseLanguage, language="ja")
        self.tap(intents.Next)
        self.number()
        self.card()
        self.surface()
        self.pin()

    def take_card(self) -> None:
        self.event(ports.CardRemoved(self.setup.card_reader))

    def insert(self, face: Denomination) -> bool:
        """False: the acceptor gave it back."""
        state = self.loop.state
        if face not in (state.accepting or ()):
            return False
        physics = self.physics
        unit = next(h.device for h in HOPPERS if h.denomination is face)
        physics.units[unit] += 1
        physics.inserted += face.face
        physics.credits += 1
        physics.untold.append(face)
        self._tell_credits()
        return True

    def _tell_credits(self) -> None:
        physics = self.physics
        while physics.untold:
            face = physics.untold.pop(0)
            unit = next(h.device for h in HOPPERS if h.denomination is face)
            told = physics.credits - len(physics.untold)
            event = ports.CoinAccepted(self.setup.acceptor, 1, told, told % 255 or 255, face, unit, "a1")
            try:
                self.event(event)
            except CrashError:
                if not any(getattr(record, "seq", 0) == told for record in self.records):
                    physics.untold.insert(0, face)
                raise

    def take_all(self) -> None:
        """Everything that waits in a tray is taken, and said so."""
        session = self.loop.state.session
        for thing, _ in session.things if session is not None else ():
            self.tap(intents.Taken, thing=thing)

    def lies_in(self, unit: str) -> Cash:
        """What a person who opens it finds."""
        face = next(each.denomination for each in HOPPERS if each.device == unit)
        return Cash({face: self.physics.units[unit]})

    def came_out(self, op: str) -> int:
        """Pieces of this dispense that truly came out."""
        return self.physics.ops.get(op, 0)

    def time_out(self, name: str) -> None:
        self.event(ports.TimerExpired(name))

    def until_choose(self) -> None:
        self.tap(intents.ChooseLanguage, language="ja")
        self.card()
        self.pin()
        self.take_card()

    def until_pay(self, copies: int = 1, kind: str = "juminhyo") -> None:
        self.until_choose()
        self.tap(intents.SetCopies, kind=kind, copies=copies)
        self.tap(intents.Next)
        if self.phase is Phase.CHOOSING_OPTIONS:
            self.tap(intents.Next)
        self.tap(intents.Next)

    # --- devices

    def perform(self, command: ports.Command) -> None:
        self.commands.append(command)
        handler = getattr(self, f"_on_{type(command).__name__}", None)
        if handler is not None and type(command).__name__ not in self.perform_instead:
            handler(command)

    def _on_OpenNumberSlot(self, command: ports.OpenNumberSlot) -> None:
        self.slots_with_open_camera += self.camera_may_be_open
        slot = SlotId(f"{len(self.commands):032x}")
        self.later(ports.NumberSlotOpened(command.device, command.part, slot, 4))

    def _on_AllowCamera(self, _: ports.AllowCamera) -> None:
        self.camera_may_be_open = True

    def _on_ForbidCamera(self, command: ports.ForbidCamera) -> None:
        def shut() -> None:
            self.camera_may_be_open = False
            self.loop.take(ports.CameraForbidden(command.device))

        self.pending.append(shut)

    def _on_StartReadingNumber(self, command: ports.StartReadingNumber) -> None:
        self.reading = command.slot

    def _on_StopReadingNumber(self, command: ports.StopReadingNumber) -> None:
        slot, self.reading = self.reading, None
        if slot is not None:
            self.later(ports.NumberReadingEnded(command.device, slot, "stopped"))

    def _on_StartFaceCheck(self, command: ports.StartFaceCheck) -> None:
        self.checking = command.op
        self.later(ports.PhotoSlotOpened(command.device, command.op, SlotId("ab" * 16)))

    def _on_StopFaceCheck(self, command: ports.StopFaceCheck) -> None:
        op, self.checking = self.checking, None
        if op is not None:
            outcome = ports.FaceOutcome.NOT_JUDGED
            self.later(ports.FaceJudged(command.device, op, outcome, ports.FaceBand.NONE, "stopped"))

    def _on_HandOverPhoto(self, command: ports.HandOverPhoto) -> None:
        self.later(ports.PhotoHandedOver(command.device, command.slot, True))

    def _on_OpenPinSlot(self, command: ports.OpenPinSlot) -> None:
        self.slots_with_open_camera += self.camera_may_be_open
        left = self.loop.state.session.attempts_left if self.loop.state.session else 3
        self.later(ports.PinSlotOpened(command.device, f"slot{len(self.commands)}", left, 4, 4))

    def _on_SignChallenge(self, command: ports.SignChallenge) -> None:
        self.later(ports.ChallengeSigned(command.device, command.op, b"signature", FINGERPRINT))

    def _on_SetAcceptance(self, command: ports.SetAcceptance) -> None:
        self.later(ports.AcceptanceSet(command.device, command.denominations))

    def _on_StartAcceptor(self, command: ports.StartAcceptor) -> None:
        seq = command.mark.seq if command.mark is not None else 0
        physics = self.physics
        missing = physics.credits - seq
        physics.untold = physics.untold[-missing:] if missing > 0 else []
        self.pending.append(self._tell_credits)

    def _on_Dispense(self, command: ports.Dispense) -> None:
        physics, device = self.physics, command.device
        if command.op in physics.ops:
            raise AssertionError("a dispense was sent twice")
        if physics.deaf.get(device, 0) > 0:
            physics.deaf[device] -= 1
            refused = self._ended(command.op, device, ports.Outcome.REFUSED, command.count, 0)
            self.later(replace(refused, code="not-received"))
            return
        face = next(h.denomination for h in HOPPERS if h.device == device)
        paid = 0 if device in physics.jammed else min(command.count, physics.units[device])
        physics.ops[command.op] = paid
        physics.units[device] -= paid
        physics.tray += [face] * paid
        physics.counters[device] = physics.counters[device] % 255 + 1
        physics.lifetime[device] += paid
        if device in physics.lose_replies:
            outcome, proven = ports.Outcome.UNKNOWN, 0
        else:
            outcome = ports.Outcome.CONFIRMED if paid == command.count else ports.Outcome.PARTIAL
            outcome = ports.Outcome.REFUSED if not paid and command.count else outcome
            proven = paid
        self.later(self._ended(command.op, device, outcome, command.count, proven))

    def _ended(
        self, op: str, device: str, outcome: ports.Outcome, asked: int, paid: int
    ) -> ports.DispenseEnded:
        return ports.DispenseEnded(
            op, device, outcome, asked, paid, self.physics.counters[device], self.physics.lifetime[device]
        )

    def _on_ResolveDispense(self, command: ports.ResolveDispense) -> None:
        physics, device = self.physics, command.device
        if physics.counters[device] == command.event_counter_before:
            outcome, paid = ports.Outcome.REFUSED, 0
        else:
            paid = physics.lifetime[device] - command.lifetime_before
            outcome = ports.Outcome.CONFIRMED if paid == command.asked else ports.Outcome.PARTIAL
        self.later(self._ended(command.op, device, outcome, command.asked, paid))

    def _on_PrintDocument(self, command: ports.PrintDocument) -> None:
        outcome = self.physics.outcome_of.get(command.device, self.physics.print_outcome)
        if outcome is ports.Outcome.REFUSED:
            self.later(ports.PrintEnded(command.op, command.device, outcome, 0, "aborted"))
            return
        self.physics.printed.append(command.document)
        self.physics.printed_by.append(command.device)
        self.later(ports.PageImprinted(command.op, command.device, command.pages))
        self.later(ports.PrintEnded(command.op, command.device, outcome, command.pages))

    # a terminal and a gateway: a request twice is an error of ours

    def _on_ReadPrinter(self, command: ports.ReadPrinter) -> None:
        if self.phase is Phase.PROVING:  # elsewhere the tests tell it
            self.later(self.printer_read(command.device))

    def _on_RequestPayment(self, command: ports.RequestPayment) -> None:
        terminals = self.physics.terminals
        if command.op in terminals.payments:
            raise AssertionError("a payment was requested twice")
        if len(command.op) > ports.SERVICE_ID_MAX:
            raise AssertionError("a ServiceID of more than ten letters")
        how = terminals.next_payments.pop(0) if terminals.next_payments else "confirmed"
        is_taken = how in ("confirmed", "partial", "unknown-taken", "silent-taken")
        amount = Yen(command.amount.value - 50) if how == "partial" else command.amount
        terminals.payments[command.op] = {
            "amount": amount,
            "is_taken": is_taken,
            "is_void": False,
            "brand": command.brand,
            "code": command.code,
        }
        if how.startswith("silent") or how == "wait":
            return
        self.later(self._payment_ended(command.op, command.device, how, amount))

    def _payment_ended(self, op: str, device: str, how: str, amount: Yen) -> ports.PaymentEnded:
        outcome = {
            "confirmed": ports.Outcome.CONFIRMED,
            "partial": ports.Outcome.PARTIAL,
            "unknown-taken": ports.Outcome.UNKNOWN,
            "unknown-not": ports.Outcome.UNKNOWN,
        }.get(how, ports.Outcome.REFUSED)
        told = amount if outcome in (ports.Outcome.CONFIRMED, ports.Outcome.PARTIAL) else Yen(0)
        code = {"declined": "declined", "aborted": "aborted"}.get(how, "")
        code = "incomplete" if outcome is ports.Outcome.UNKNOWN else code
        return ports.PaymentEnded(op, device, outcome, told, "00001", code, Yen(900))

    def _on_AbortPayment(self, command: ports.AbortPayment) -> None:
        found = self.physics.terminals.payments.get(command.op)
        if (
            found is not None and not found["is_taken"]
        ):  # else it comes too late, and has no answer of its own
            self.later(self._payment_ended(command.op, command.device, "aborted", Yen(0)))

    def _on_ReadPayment(self, command: ports.ReadPayment) -> None:
        terminals = self.physics.terminals
        if not terminals.is_up or terminals.in_progress:
            return
        found = terminals.payments.get(command.op)
        if not terminals.knows:
            self.later(
                ports.PaymentEnded(command.op, command.device, ports.Outcome.UNKNOWN, code="incomplete")
            )
        elif found is None or not found["is_taken"]:
            code = "not-received" if found is None else "declined"
            self.later(ports.PaymentEnded(command.op, command.device, ports.Outcome.REFUSED, code=code))
        else:
            outcome = ports.Outcome.CONFIRMED if found["amount"] == command.amount else ports.Outcome.PARTIAL
            self.later(ports.PaymentEnded(command.op, command.device, outcome, found["amount"], "00001"))

    def _on_RequestReversal(self, command: ports.RequestReversal) -> None:
        terminals = self.physics.terminals
        if command.op in terminals.voids:
            raise AssertionError("a void was requested twice")
        how = terminals.next_voids.pop(0) if terminals.next_voids else "confirmed"
        found = terminals.payments[command.of]
        if found["is_void"] or not found["is_taken"] or found["amount"] != command.amount:
            raise AssertionError("a void of what was not taken")
        if how in ("confirmed", "unknown-done", "silent-done"):
            found["is_void"] = True
            terminals.voids.add(command.op)
        if how.startswith("silent"):
            return
        outcome = ports.Outcome.UNKNOWN if how.startswith("unknown") else ports.Outcome.CONFIRMED
        outcome = ports.Outcome.REFUSED if how == "refused" else outcome
        self.later(ports.ReversalEnded(command.op, command.device, outcome))

    def _on_ReadReversal(self, command: ports.ReadReversal) -> None:
        terminals = self.physics.terminals
        if not terminals.is_up:
            return
        is_done = command.op in terminals.voids
        outcome = ports.Outcome.CONFIRMED if is_done else ports.Outcome.REFUSED
        outcome = outcome if terminals.knows else ports.Outcome.UNKNOWN
        self.later(ports.ReversalEnded(command.op, command.device, outcome))

    def _on_Reconcile(self, command: ports.Reconcile) -> None:
        """Its own count of what it took since it was asked last; `is_deaf`: it does not answer."""
        terminals = self.physics.terminals
        if len(command.op) > ports.SERVICE_ID_MAX:
            raise AssertionError("a ServiceID of more than ten letters")
        if terminals.is_deaf:
            outcome = ports.Outcome.UNKNOWN
            self.later(ports.ReconciliationEnded(command.op, command.device, outcome, (), "no-answer"))
            return
        if command.device != TERMINAL:
            self.later(ports.ReconciliationEnded(command.op, command.device, ports.Outcome.CONFIRMED, ()))
            return
        taken = [each for each in terminals.payments.values() if each["is_taken"] and not each.get("is_old")]
        totals = []
        for brand in sorted({each["brand"] for each in taken}):
            paid = [each["amount"] for each in taken if each["brand"] == brand]
            back = [each["amount"] for each in taken if each["brand"] == brand and each["is_void"]]
            totals.append(ports.BrandTotal(brand, len(paid), Yen.sum(paid), len(back), Yen.sum(back)))
        for each in taken:
            each["is_old"] = True
        self.later(
            ports.ReconciliationEnded(command.op, command.device, ports.Outcome.CONFIRMED, tuple(totals))
        )

    def _on_PrintSlip(self, command: ports.PrintSlip) -> None:
        if self.slip_outcome is ports.Outcome.CONFIRMED:
            self.physics.slips.append(command.slip.kind)
        self.later(ports.SlipPrinted(command.op, command.device, self.slip_outcome))

    def _on_ReadIssuance(self, _: ports.ReadIssuance) -> None:
        if self.server_is_up:
            self.later(ports.IssuanceStatus(True, "", "17:15", PRICES))
        else:
            self.later(ports.IssuanceFailed("ReadIssuance", "unreachable"))

    def _server(self, command: ports.Command, answer: ports.Event) -> None:
        if self.server_is_up:
            self.later(answer)
            return
        name = type(command).__name__
        transaction, line = getattr(command, "transaction", None), getattr(command, "line", None)
        self.later(ports.IssuanceFailed(name, "unreachable", transaction, line))

    def _on_RequestChallenge(self, command: ports.RequestChallenge) -> None:
        self._server(command, ports.ChallengeIssued(command.transaction, b"c" * 32))

    def _on_Authenticate(self, command: ports.Authenticate) -> None:
        self._server(command, ports.Authenticated(command.transaction, self.entitlements))

    def _on_Prepare(self, command: ports.Prepare) -> None:
        self.serial += 1
        serial = f"例示-{self.serial:06d}-{command.order.line[:6]}"
        document = ports.Document(
            f"%PDF {serial}".encode(), "0" * 64, self.pages, serial, self.sides, self.fronts
        )
        fields: dict[str, object] = {
            "signature_ok": True,
            "transaction": command.transaction,
            "line": command.order.line,
            "order_hash": "0" * 64,
            "card_fingerprint": command.card_fingerprint,
            "serial": serial,
            "serial_in_text": True,
            "transaction_in_metadata": True,
            "sha256_ok": True,
            "pages_claimed": self.pages,
            "pages_found": self.pages,
            "applicant_masked": "例＊＊",
            "holders_masked": ("例＊＊",),
            "card": ports.CardEvidence(True, True, True, True, True) if command.holder else None,
        }
        evidence = ports.Evidence(**{**fields, **self.evidence_changes})
        self._server(command, ports.Prepared(command.transaction, command.order.line, document, evidence))

    def _on_Commit(self, command: ports.Commit) -> None:
        self._server(command, ports.Committed(command.transaction, command.line))

    def _on_ReportPrinted(self, command: ports.ReportPrinted) -> None:
        self._server(command, ports.PrintedAcknowledged(command.transaction, command.line))

    def _on_ReportVoid(self, command: ports.ReportVoid) -> None:
        self._server(command, ports.VoidAcknowledged(command.transaction, command.line))

    # --- truth

    def check(self) -> None:
        """Books and boxes agree, to the piece, unless something is openly unknown."""
        assert imbalances(self.ledger) == ()
        if not self.ledger.doubts and not self.physics.untold and not self.ledger.dispenses:
            for hopper in HOPPERS:
                assert (
                    self.ledger.units[hopper.device].count[hopper.denomination]
                    == self.physics.units[hopper.device]
                )

    @property
    def given(self) -> Yen:
        return Yen.sum(face.face for face in self.physics.tray)


READER = "reader1"
"""Reads a certificate to its owner, where a test gives a setup that has it."""


class _Player:
    """A driver whose devices the world plays."""

    def __init__(self, world: World, devices: tuple[str, ...]) -> None:
        self._world = world
        self.devices = tuple(DeviceId(each) for each in devices)

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def perform(self, command: ports.Command) -> None:
        self._world.perform(command)


def _counted() -> list[AnyRecord]:
    return [StockSet(hopper.device, Cash({hopper.denomination: 20}), "tester") for hopper in HOPPERS]


def _asked(intent: intents.Intent) -> ports.Event:
    return Asked(Role.RESIDENT, intent)

"""One card on the reader, from insertion to removal: what it is, its PIN, one signature, the end.

No thread, socket or clock: reader states, commands and secrets come in by calls, events go out through
`post`. The card is a `Card`: over PC/SC in the process, the virtual card itself in tests.

After `CardRemoved` nothing more is posted and `is_over` is true: the process ends, a fresh one takes the
next card.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Callable
from typing import Final

from drivers.card_service.messages import CardCommand, CardEvent
from drivers.card_service.needs import Card, Presence, Roads
from drivers.card_service.number import Number
from drivers.card_service.questions import NumberQuestions
from drivers.card_service.record import LENGTH as RECORD_LENGTH
from drivers.card_service.record import PinWrong, RecordByPin
from drivers.card_service.sealed import SealedCode
from drivers.card_service.staff import PIN_LENGTHS, StaffCard
from drivers.card_service.surface import NumberWrong, Surface, SurfaceUnusable, read_surface
from drivers.jpki import codec
from drivers.jpki.apdu import Command, Ins
from drivers.jpki.application import Jpki, NotAllowed, NotFound, Verified, WrongSecret
from drivers.jpki.cv import Roots
from drivers.jpki.processors import GetResponse, Plain, Processor, ShortOnly
from drivers.jpki.profile import AUTH, MY_NUMBER, KeySet, profile_of
from kiosk import ports
from kiosk.errors import DeviceTimeout, DeviceUnavailable, PeerProtocolError
from kiosk.ids import DeviceId, OpId, SlotId
from kiosk.ports import CardKind, SecretKind

MAX_WRONG_HERE: Final = 2
"""Wrong PINs that one session may cost its owner, who has three (facts/card.md §8.1)."""

APPROVED_TRIES: Final = 3
"""Said of a secret that is not needed."""

COVER: Final = Command(0x00, Ins.SELECT, 0x04, 0x0C, bytes(codec.SIGN_PASSWORD_MAX))
"""A SELECT of nothing, as long as the longest VERIFY: pcscd keeps the last command in a buffer that it does not wipe
(measured), and so may a reader's driver. A signature is longer and covers it by itself."""

GONE_WITHIN_S: Final = 1.0
"""A reader that lost a card says so within this time (PC/SC polls every 0.4 s)."""


class Phase(enum.Enum):
    EMPTY = "empty"
    USABLE = "usable"
    ENDED = "ended"
    """A card lies there, without power; only its removal is awaited."""
    REMOVED = "removed"


class Removed(Exception):  # noqa: N818  # ends an operation
    """The card was taken away in the middle of it."""


class CardSession:
    def __init__(
        self,
        device: DeviceId,
        post: Callable[[CardEvent], None],
        connect: Callable[[Presence], Card],
        roads: Roads,
        number: Number,
        roots: Roots,
    ) -> None:
        """`connect` raises DeviceUnavailable (in use, or gone at once) or DeviceTimeout (mute)."""
        self.phase = Phase.EMPTY
        self.exchanges = 0
        """APDUs of this session, for the benchmark."""
        self._device = device
        self._post = post
        self._connect = connect
        self._slots, self._send_photo = roads.screen, roads.photo
        self._number = NumberQuestions(device, post, roads.screen, roads.camera, number)
        self._code = SealedCode(device, post, roads.screen)
        self._roots = roots
        self._surface: Surface | None = None
        self._presence: Presence | None = None
        self._said_of_reader: tuple[str, str] | None = None
        self._card: Card | None = None
        self._plain: Plain | None = None
        self._processor: Processor | None = None
        self._jpki: Jpki | None = None
        self._staff: StaffCard | None = None
        """The card is one of the town's staff, not a resident's."""
        self._profile = MY_NUMBER
        self._keys = AUTH
        """Which of the card's keys this session is about: the authentication key until another secret is asked for."""
        self._certificate = b""
        self._attempts_left = 0
        self._wrong_here = 0
        self._is_verified = False
        self._record: RecordByPin | None = None
        """A slot is open for its PIN."""
        self._goes_on = False
        """Only an unreadable card was here, and a number waits: the next card is this session's."""
        self._is_uncovered = False
        """The last command that carried data was a secret."""

    @property
    def is_over(self) -> bool:
        return self.phase is Phase.REMOVED

    # --- what comes in --------------------------------------------------------------------------------------

    def see_reader(self, now: Presence) -> None:
        """The reader's state, as often as it changes."""
        match self.phase:
            case Phase.EMPTY:
                self._say_reader(now)
                if now.has_card:
                    self._presence = now
                    self._guarded(self._insert)
            case Phase.USABLE | Phase.ENDED:
                before = self._presence
                if not now.has_card or before is None or now.insertions != before.insertions:
                    self._remove()
                    if not self.is_over:  # it goes on, and the next card may be there already
                        self.see_reader(now)
            case Phase.REMOVED:
                pass

    def obey(self, command: CardCommand) -> None:
        """Do it. Without a usable card there is nothing to do: what the core says then crossed an event of ours."""
        if self._code.is_asking and not isinstance(command, ports.ForgetNumber):
            self.close_slot()  # whatever is asked for now, it is no code any more
        if self.phase in (Phase.EMPTY, Phase.USABLE) or self._goes_on:  # the number may come before its card
            match command:
                case ports.OpenNumberSlot(part=part):
                    self._number.ask(part)
                case ports.ForgetNumber():
                    self._number.wipe()
        match command:
            case ports.OpenCodeSlot():
                self._code.ask(command)
        if self.phase is not Phase.USABLE:
            return
        match command:
            case ports.HandOverPhoto(slot=slot):
                self._hand_over_photo(slot)
            case ports.OpenPinSlot(secret=secret):
                self._guarded(lambda: self._open_slot(secret))
            case ports.ClosePinSlot():
                self.close_slot()
            case ports.SignChallenge(op=op, message=message):
                self._guarded(lambda: self._sign(op, message))
            case ports.ProveTap(op=op, message=message):
                self._guarded(lambda: self._sign_as_staff(op, message, is_tap=True))
            case ports.EndCardSession():
                self.end()

    def take_secret(self, secret: bytearray) -> None:
        """The slot's packet came: one VERIFY, never another by itself. `secret` is wiped."""
        try:
            if self._code.is_asking:
                self._code.answer(secret)
            elif self._number.is_asking:
                if self._number.answer(secret) and self.phase is Phase.USABLE:
                    self._guarded(self._read_surface)
            elif self.phase is Phase.USABLE and (record := self._take_record()) is not None:
                self._guarded(lambda: self._read_record(record, secret))
            elif self.phase is Phase.USABLE:
                self._guarded(lambda: self._verify(secret))
        finally:
            secret[:] = bytes(len(secret))

    def _take_record(self) -> RecordByPin | None:
        """The open slot was for the record's PIN."""
        record, self._record = self._record, None
        return record

    def close_slot(self) -> None:
        """The slot ends without a VERIFY."""
        self._record = None
        slot = self._slots.close()
        if slot is not None:
            self.slot_spoilt(slot)

    def slot_spoilt(self, slot: SlotId) -> None:
        """A slot ended without a secret: its time, a packet in a wrong form, a command."""
        if self._code.is_asking:
            self._code.spoilt(slot)
        elif self._number.is_asking:
            self._number.forget()
        else:
            self._post(ports.PinSlotClosed(self._device, slot))

    def check_time(self) -> None:
        """Forget a number whose card does not come."""
        self._number.check_time()

    def end(self) -> None:
        """Power the card off and forget everything; its removal is still told. Without a card: nothing."""
        if self._code.is_asking:
            self.close_slot()
        self._number.close()
        self._power_off()
        if self.phase is Phase.USABLE:
            self.phase = Phase.ENDED

    # --- insertion ------------------------------------------------------------------------------------------

    def _say_reader(self, now: Presence) -> None:
        if self._said_of_reader == (now.reader, now.code):
            return
        self._said_of_reader = (now.reader, now.code)
        if now.reader:
            self._post(ports.DeviceArrived(self._device, now.reader))
        else:
            self._post(ports.DeviceLost(self._device, now.code))

    def _insert(self) -> None:
        self._post(ports.CardInserted(self._device))
        self.phase = Phase.USABLE
        code = self._open_card()
        if not code:
            code = self._identify()
        if code:
            self._goes_on = self._number.is_waiting
            self._take_power()
            self.phase = Phase.ENDED
            if not self._goes_on:
                self.end()
            self._post(ports.CardUnreadable(self._device, code, self._goes_on))
        elif self._number.is_complete:
            self._read_surface()

    def _open_card(self) -> str:
        """Connect; a code when it cannot be used."""
        if self._presence is None:
            return "mute"
        try:
            self._card = self._connect(self._presence)
        except DeviceTimeout:
            return "mute"
        except DeviceUnavailable:
            return "busy"
        self._plain = Plain(self._card)
        self._processor = ShortOnly(GetResponse(self._plain))
        self._jpki = Jpki(self._processor)
        return ""

    def _identify(self) -> str:
        """Read what can be read without a PIN, in four exchanges; a code when this card will not do."""
        jpki, missing = self._application(), "not-my-number"
        try:
            try:
                jpki.open()
            except NotFound:
                return missing if self._number.is_waiting else self._identify_staff()
            missing = "no-certificate"
            profile = profile_of(jpki.token())
            if profile is None:
                return "not-my-number"
            self._profile, kind = profile, profile.kind
            self._use_keys(SecretKind.AUTH)
            if self._keys.is_certificate_free:
                self._certificate = _certificate(jpki, self._keys)
            if self._attempts_left == 0 and kind is CardKind.MY_NUMBER and not jpki.has_sign_certificate():
                kind = CardKind.NO_PIN
        except (NotFound, NotAllowed):
            return missing
        except (PeerProtocolError, DeviceTimeout) as why:
            self._check_gone()
            return "protocol" if isinstance(why, PeerProtocolError) else "mute"
        self._post(
            ports.CardRead(
                self._device,
                kind,
                self._certificate,
                codec.fingerprint(self._certificate) if self._certificate else "",
                self._attempts_left,
            )
        )
        return ""

    def _identify_staff(self) -> str:
        """No My Number Card: one of the town's staff, perhaps."""
        if self._processor is None:
            return "mute"
        self._staff = StaffCard(self._processor)
        self._attempts_left = self._staff.attempts_left
        self._post(self._staff.told(self._device))
        return ""

    def _use_keys(self, secret: SecretKind) -> None:
        """From now on it is about these keys: ask their tries, burning none. A phone whose owner has approved on it
        already wants no secret; a card that says so lies, for nothing was verified since it got its power.
        """
        self._keys = self._profile.keys[secret]
        self._is_verified = False
        left = self._application().tries_of(self._keys)
        if left is None and not self._profile.owner_may_approve:
            raise PeerProtocolError("card: it asks for no secret")
        self._is_verified = left is None
        self._attempts_left = APPROVED_TRIES if left is None else left

    # --- the card's face --------------------------------------------------------------------------------------

    def _read_surface(self) -> None:
        """With the number, once. The PIN's application is selected again at the end."""
        jpki, processor = self._application(), self._processor
        if processor is None:
            return
        if not self._profile.has_surface:
            self._number.wipe()
            self._post(ports.SurfaceFailed(self._device, "no-surface"))
            return
        self._is_verified, self._is_uncovered = False, True
        event: CardEvent
        try:
            self._surface = read_surface(processor, self._number.take(), self._roots)
            event = ports.SurfaceRead(
                self._device, self._surface.holder, codec.fingerprint(self._certificate)
            )
        except NumberWrong as wrong:
            event = ports.NumberRejected(self._device, wrong.left)
        except SurfaceUnusable as why:
            self._check_gone()
            event = ports.SurfaceFailed(self._device, why.code)
        self._cover_secret()
        jpki.open()
        self._post(event)

    def _open_record_slot(self) -> None:
        """For the record's own PIN; the keys' application is selected again, so that no state is left between."""
        try:
            if not self._profile.has_surface or self._processor is None:
                raise SurfaceUnusable("no-surface")
            if self._wrong_here >= MAX_WRONG_HERE:
                raise SurfaceUnusable("few-tries")
            record = RecordByPin(self._processor, self._roots)
            left = record.tries()
            slot = self._slots.open(RECORD_LENGTH, RECORD_LENGTH)
        except SurfaceUnusable as why:
            self._check_gone()
            self._post(ports.SurfaceFailed(self._device, why.code))
            return
        except OSError:
            self._fail("no-slot")
            return
        self._record = record
        self._post(ports.PinSlotOpened(self._device, slot, left, RECORD_LENGTH, RECORD_LENGTH))

    def _read_record(self, record: RecordByPin, pin: bytearray) -> None:
        self._is_verified, self._is_uncovered = False, True
        event: CardEvent
        try:
            holder = record.read(pin)
            event = ports.SurfaceRead(self._device, holder, codec.fingerprint(self._certificate))
        except PinWrong as wrong:
            self._wrong_here += 1
            event = ports.PinRejected(self._device, wrong.left)
        except SurfaceUnusable as why:
            self._check_gone()
            event = ports.SurfaceFailed(self._device, why.code)
        self._cover_secret()
        self._application().open()
        self._post(event)

    def _hand_over_photo(self, slot: SlotId) -> None:
        photo = self._surface.photo if self._surface is not None else bytearray()
        self._post(ports.PhotoHandedOver(self._device, slot, self._send_photo(slot, photo)))

    # --- PIN ------------------------------------------------------------------------------------------------

    def _open_slot(self, secret: SecretKind) -> None:
        self.close_slot()
        if secret is SecretKind.RECORD and self._staff is None:
            self._open_record_slot()
            return
        if (self._staff is not None) is not (secret is SecretKind.STAFF):
            self._fail("order")
            return
        if self._staff is None and self._profile.keys[secret] is not self._keys:
            self._use_keys(secret)
            self._certificate = b""
        if self._is_verified:
            self._accept()
        elif self._attempts_left == 0:
            self._post(ports.PinBlocked(self._device))
        elif self._staff is None and self._wrong_here >= MAX_WRONG_HERE:
            self._fail("too-many-here")
        else:
            keys = self._keys
            shortest, longest = PIN_LENGTHS if self._staff else (keys.min_length, keys.max_length)
            try:
                slot = self._slots.open(shortest, longest, has_letters=not self._staff and keys.has_letters)
            except OSError:
                self._fail("no-slot")
                return
            self._post(ports.PinSlotOpened(self._device, slot, self._attempts_left, shortest, longest))

    def _accept(self) -> None:
        """The secret was right, or is not needed. What the card shows only now is read and told first."""
        if not self._certificate and self._staff is None:
            self._certificate = _certificate(self._application(), self._keys)
            self._post(
                ports.CertificateRead(self._device, self._certificate, codec.fingerprint(self._certificate))
            )
        self._is_verified = True
        self._post(ports.PinAccepted(self._device))

    def _verify(self, secret: bytearray) -> None:
        self._is_verified = False
        self._is_uncovered = True
        try:
            if self._staff is not None:
                end = self._staff.verify(secret)
            else:
                end = self._application().verify_secret(self._keys, secret)
        except DeviceTimeout:
            self._check_gone()
            end = self._ask_after_silence()
        if end.wrong is None:
            self._accept()
            return
        self._attempts_left = end.left or 0
        self._wrong_here += 1
        self._cover_secret()
        if end.wrong is WrongSecret.BLOCKED:
            self._post(ports.PinBlocked(self._device))
        else:
            self._post(ports.PinRejected(self._device, self._attempts_left))

    def _ask_after_silence(self) -> Verified:
        """No answer to a VERIFY: the counter tells whether it was burnt. Whether it was right is not known
        then.
        """
        left = self._staff.tries() if self._staff else self._application().tries_of(self._keys)
        if left is not None and left < self._attempts_left:
            return Verified(WrongSecret.REJECTED if left else WrongSecret.BLOCKED, left)
        raise DeviceTimeout("card: no answer to VERIFY")

    # --- signature ------------------------------------------------------------------------------------------

    def _sign(self, op: OpId, message: bytes) -> None:
        if not self._is_verified:
            self._fail("order")
            return
        if self._staff is not None:
            self._sign_as_staff(op, message, is_tap=False)
            return
        try:
            signature = self._application().sign_message(self._keys, message)
        except NotAllowed:  # the card forgot the PIN: it lost power, or it is another one
            self._fail("not-verified")
            return
        self._is_uncovered = False
        if not codec.is_signed_by(self._certificate, message, signature):
            self._fail("other-card")
            return
        self._post(ports.ChallengeSigned(self._device, op, signature, codec.fingerprint(self._certificate)))

    def _sign_as_staff(self, op: OpId, message: bytes, *, is_tap: bool) -> None:
        if self._staff is None:
            self._fail("order")
            return
        certificate, signature = self._staff.sign(message, is_tap=is_tap)
        self._is_uncovered = False
        self._post(ports.ChallengeSigned(self._device, op, signature, codec.fingerprint(certificate)))

    # --- the ways out ---------------------------------------------------------------------------------------

    def _guarded(self, operation: Callable[[], None]) -> None:
        """Run it; whatever the card does wrong becomes one event."""
        try:
            operation()
        except (Removed, DeviceUnavailable):
            self._remove()
        except DeviceTimeout:
            self._fail_unless_gone("no-answer")
        except (PeerProtocolError, NotFound, NotAllowed):
            self._fail_unless_gone("protocol")

    def _check_gone(self) -> None:
        """Silence, and nonsense too, may be the first that is heard of a card being pulled."""
        if self._card is not None and self._card.is_gone(GONE_WITHIN_S):
            raise Removed

    def _fail_unless_gone(self, code: str) -> None:
        try:
            self._check_gone()
        except Removed:
            self._remove()
        else:
            self._fail(code)

    def _fail(self, code: str) -> None:
        self.end()
        self._post(ports.CardFailed(self._device, code))

    def _remove(self) -> None:
        """The end; but not where only a card was here that could not be read, and a number waits for the right one."""
        if self._goes_on and self._number.is_waiting:
            self._goes_on = False
            self.phase = Phase.EMPTY
        else:
            self._number.close()
            self._power_off()
            self.phase = Phase.REMOVED
        self._post(ports.CardRemoved(self._device))

    def _cover_secret(self) -> None:
        """Whatever the card says to it, also that it is gone: it is pcscd that must have seen it."""
        plain, is_due = self._plain, self._is_uncovered
        self._is_uncovered = False
        if plain is not None and is_due:
            with contextlib.suppress(DeviceUnavailable, DeviceTimeout, PeerProtocolError):
                plain.send(COVER)

    def _power_off(self) -> None:
        self._take_power()
        self._forget_person()

    def _take_power(self) -> None:
        self._record = None
        self._cover_secret()
        card, self._card, self._jpki, self._processor = self._card, None, None, None
        self._staff = None
        self._is_verified = False
        self._certificate = b""
        if self._plain is not None:
            self.exchanges, self._plain = self._plain.sent, None
        if card is not None:
            card.close()

    def _forget_person(self) -> None:
        self._number.wipe()
        surface, self._surface = self._surface, None
        if surface is not None:
            surface.photo[:] = bytes(len(surface.photo))

    def _application(self) -> Jpki:
        if self._jpki is None:
            raise DeviceUnavailable("card: no session")
        return self._jpki


def _certificate(jpki: Jpki, keys: KeySet) -> bytes:
    """Read, and of a form that a signature can be checked with. NotFound, NotAllowed, PeerProtocolError."""
    found = jpki.certificate(keys)
    codec.rsa_public_key(found)
    return found

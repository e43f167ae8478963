"""One card session over the virtual card itself: no reader, no socket, no clock."""

from __future__ import annotations

import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from drivers.jpki.apdu import Command, Sw
from drivers.jpki.sim.box import Options
from drivers.jpki.sim.card import Fault
from drivers.jpki.sim.commands import Interpreter, Refused
from kiosk import ports
from kiosk.errors import DeviceTimeout, DeviceUnavailable
from kiosk.ids import OpId
from kiosk.ports import CardKind
from tests.contract.cards import DEVICE, PHONE_PIN, PIN, SIGN_SECRET, Desk, Seen, box, desk

MESSAGE = b"madoguchi/auth/1\n" + bytes(range(32)) + b"\nkiosk-1\n" + b"0" * 32 + b"\n"
OPEN = ports.OpenPinSlot(DEVICE)
OPEN_SIGN = ports.OpenPinSlot(DEVICE, ports.SecretKind.SIGN)
SIGN = ports.SignChallenge(DEVICE, OpId("a" * 32), MESSAGE)
END = ports.EndCardSession(DEVICE)
WHOLE_WAY = 6
"""Exchanges of one authentication: select, token, tries, certificate, verify, sign."""


def _authenticate(on: Desk) -> None:
    on.insert()
    if not on.session.is_over:
        on.session.obey(OPEN)
        on.enter(PIN.encode())
    on.session.obey(SIGN)


def test_a_right_pin_gives_a_signature_that_others_verify() -> None:
    on = desk()
    _authenticate(on)
    assert on.names() == [
        "DeviceArrived",
        "CardInserted",
        "CardRead",
        "PinSlotOpened",
        "PinAccepted",
        "ChallengeSigned",
    ]
    read, signed = on.events[2], on.events[5]
    assert isinstance(read, ports.CardRead) and isinstance(signed, ports.ChallengeSigned)
    assert read.kind is CardKind.MY_NUMBER and read.attempts_left == 3
    assert read.certificate == (box() / "cards" / "hanako" / "auth.cer").read_bytes()
    assert read.fingerprint == signed.fingerprint == hashlib.sha256(read.certificate).hexdigest()
    key = x509.load_der_x509_certificate(read.certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(signed.signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())


def test_an_authentication_is_six_exchanges() -> None:
    on = desk()
    _authenticate(on)
    assert on.held.card.commands == [
        "00A4040C D392F000260100000001 Ne 0",
        "00B08600 [0] Ne 32",
        "00200098 [0] Ne 0",
        "00B08A00 [0] Ne 2048",
        "00200098 [4] Ne 0",
        "802A0097 [51] Ne 256",
    ]


def test_a_wrong_pin_costs_one_try_and_is_never_sent_again() -> None:
    on = desk()
    on.insert()
    on.session.obey(OPEN)
    secret = on.enter(b"9999")
    assert on.last() == ports.PinRejected(DEVICE, 2)
    assert on.held.card.memory["jpki.auth"].left == 2
    assert secret == bytes(4)
    assert sum(each.startswith("00200098 [4]") for each in on.held.card.commands) == 1


def test_two_wrong_pins_are_all_a_session_may_cost() -> None:
    on = desk()
    on.insert()
    for _ in range(2):
        on.session.obey(OPEN)
        on.enter(b"9999")
    on.session.obey(OPEN)
    assert on.last() == ports.CardFailed(DEVICE, "too-many-here")
    assert on.held.card.memory["jpki.auth"].left == 1
    assert not on.held.is_powered


def test_the_last_try_blocks() -> None:
    on = desk()
    on.held.card.memory["jpki.auth"].left = 1
    on.insert()
    on.session.obey(OPEN)
    opened = on.last()
    assert isinstance(opened, ports.PinSlotOpened) and opened.attempts_left == 1
    on.enter(b"9999")
    assert on.last() == ports.PinBlocked(DEVICE)


def test_a_blocked_pin_is_known_before_anything_is_asked() -> None:
    on = desk()
    on.held.card.memory["jpki.auth"].left = 0
    on.insert()
    read = on.last()
    assert isinstance(read, ports.CardRead)
    assert (read.kind, read.attempts_left) == (CardKind.MY_NUMBER, 0)
    on.session.obey(OPEN)
    assert on.last() == ports.PinBlocked(DEVICE)
    assert on.slots.count == 0


def test_a_card_without_a_pin_is_known() -> None:
    on = desk(options=Options(device="faceonly"))
    on.insert()
    read = on.last()
    assert isinstance(read, ports.CardRead) and read.kind is CardKind.NO_PIN


@pytest.mark.parametrize(("device", "kind"), [("android", CardKind.ANDROID), ("iphone", CardKind.IPHONE)])
def test_a_phone_signs_with_a_certificate_of_its_own_after_its_own_pin(device: str, kind: CardKind) -> None:
    on = desk(options=Options(device=device))
    on.insert()
    read = on.last()
    assert isinstance(read, ports.CardRead) and (read.kind, read.attempts_left) == (kind, 3)
    on.session.obey(OPEN)
    on.enter(PIN.encode())
    assert on.last() == ports.PinRejected(DEVICE, 2)  # the card's PIN is not the phone's
    on.session.obey(OPEN)
    on.enter(PHONE_PIN.encode())
    on.session.obey(SIGN)
    certificate, signed = (box() / "cards" / "hanako" / "phone" / "auth.cer").read_bytes(), on.last()
    assert isinstance(signed, ports.ChallengeSigned)
    shown = [each for each in on.events if isinstance(each, ports.CertificateRead)]
    if device == "android":  # it shows its certificate to nobody before the PIN
        assert (read.certificate, read.fingerprint) == (b"", "")
        assert [each.certificate for each in shown] == [certificate]
        assert on.names()[-3:] == ["CertificateRead", "PinAccepted", "ChallengeSigned"]
    else:
        assert (read.certificate, shown) == (certificate, [])
    assert signed.fingerprint == hashlib.sha256(certificate).hexdigest()
    assert certificate != (box() / "cards" / "hanako" / "auth.cer").read_bytes()


@pytest.mark.parametrize("device", ["android", "iphone"])
def test_a_phone_costs_no_more_exchanges_than_a_card(device: str) -> None:
    on = desk(options=Options(device=device))
    on.insert()
    on.session.obey(OPEN)
    on.enter(PHONE_PIN.encode())
    on.session.obey(SIGN)
    assert len(on.held.card.commands) == WHOLE_WAY


@pytest.mark.parametrize("device", ["android", "iphone"])
def test_an_owner_who_approved_on_the_phone_is_asked_for_no_pin(device: str) -> None:
    on = desk(options=Options(device=device, is_approved=True))
    on.insert()
    on.session.obey(OPEN)
    assert on.last() == ports.PinAccepted(DEVICE)
    assert on.slots.count == 0
    on.session.obey(SIGN)
    assert isinstance(on.last(), ports.ChallengeSigned)
    assert not any(each.startswith("00200098 [4]") for each in on.held.card.commands)


def test_a_card_that_wants_no_pin_is_no_card() -> None:
    """Nothing was verified since it got its power: whoever answers so imitates one."""
    on = desk()
    real = on.held.card.answer
    on.held.card.answer = lambda raw: b"\x90\x00" if raw == bytes.fromhex("00200098") else real(raw)  # type: ignore[method-assign]  # a card of another make
    on.insert()
    assert on.last() == ports.CardUnreadable(DEVICE, "protocol")


def test_a_phone_that_never_shows_its_certificate_fails_and_signs_nothing() -> None:
    on = desk(options=Options(device="android"), faults=(Fault("wrong-sw", 5, 0x6982),))
    on.insert()
    on.session.obey(OPEN)
    on.enter(PHONE_PIN.encode())
    assert on.last() == ports.CardFailed(DEVICE, "protocol")
    on.session.obey(SIGN)
    assert on.last() == ports.CardFailed(DEVICE, "protocol")


# --- the signing certificate's password: a road that no service takes yet --------------------------------------------


def test_a_sign_password_opens_the_other_key_and_shows_its_certificate() -> None:
    on = desk()
    on.insert()
    on.session.obey(OPEN_SIGN)
    opened = on.last()
    assert isinstance(opened, ports.PinSlotOpened)
    assert (opened.attempts_left, opened.min_length, opened.max_length) == (5, 6, 16)
    on.enter(SIGN_SECRET.encode())
    on.session.obey(SIGN)
    shown, accepted, signed = on.events[-3:]
    assert isinstance(shown, ports.CertificateRead) and isinstance(accepted, ports.PinAccepted)
    assert shown.certificate == (box() / "cards" / "hanako" / "sign.cer").read_bytes()
    assert isinstance(signed, ports.ChallengeSigned) and signed.fingerprint == shown.fingerprint
    key = x509.load_der_x509_certificate(shown.certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(signed.signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())
    assert on.held.card.memory["jpki.auth"].left == 3


def test_a_right_pin_is_no_right_to_the_other_key() -> None:
    on = desk()
    _authenticate(on)
    on.session.obey(OPEN_SIGN)
    on.session.obey(SIGN)
    assert on.last() == ports.CardFailed(DEVICE, "order")


def test_wrong_passwords_count_like_wrong_pins() -> None:
    on = desk()
    on.insert()
    for left in (4, 3):
        on.session.obey(OPEN_SIGN)
        on.enter(b"WRONG2026")
        assert on.last() == ports.PinRejected(DEVICE, left)
    on.session.obey(OPEN_SIGN)
    assert on.last() == ports.CardFailed(DEVICE, "too-many-here")


@pytest.mark.parametrize(
    "options",
    [Options(is_long_form=True), Options(is_lenient=True), Options(atr="typeb"), Options(is_lenient=False)],
)
def test_every_profile_of_the_card_is_read(options: Options) -> None:
    on = desk(options=options)
    _authenticate(on)
    assert on.names()[-1] == "ChallengeSigned"


@pytest.mark.parametrize("at", range(1, WHOLE_WAY + 1))
@pytest.mark.parametrize("how", ["within", "after"])
def test_a_card_pulled_at_any_exchange_is_removed_once(at: int, how: str) -> None:
    on = desk(faults=(Fault("vanish-at", at),) if how == "within" else ())

    def pull(count: int) -> None:
        if count == at:
            on.held.is_removed = True

    on.held.after = pull if how == "after" else lambda _: None
    _authenticate(on)
    on.remove()
    assert on.names().count("CardRemoved") == 1
    assert on.names()[-1] == "CardRemoved"
    assert on.session.is_over and not on.held.is_powered


@pytest.mark.parametrize("at", range(1, 9))
@pytest.mark.parametrize("how", ["vanish-at", "mute-at", "wrong-sw", "truncate"])
@pytest.mark.parametrize("road", ["android", "iphone", "password"])
def test_the_other_roads_end_as_cleanly_at_any_exchange(road: str, how: str, at: int) -> None:
    """Phones, and the signing password (eight exchanges: the tries are asked anew, the certificate is read after)."""
    device = "card" if road == "password" else road
    on = desk(options=Options(device=device), faults=(Fault(how, at, 0x6F00),))
    secret = SIGN_SECRET if road == "password" else PHONE_PIN
    on.insert()
    on.session.obey(OPEN_SIGN if road == "password" else OPEN)
    if on.slots.slot is not None:
        on.enter(secret.encode())
    on.session.obey(SIGN)
    on.remove()
    assert on.names()[-1] == "CardRemoved" and on.names().count("CardRemoved") == 1
    assert on.session.is_over and not on.held.is_powered
    spent = [each for each in on.held.card.commands if each.startswith("0020") and "[0]" not in each]
    assert len(spent) <= 1, "one VERIFY at most"
    for each in on.events:
        if isinstance(each, ports.ChallengeSigned):
            shown = [e for e in on.events if isinstance(e, ports.CardRead | ports.CertificateRead)]
            assert each.fingerprint == shown[-1].fingerprint


@pytest.mark.parametrize("at", range(1, WHOLE_WAY + 1))
def test_a_card_swapped_between_two_looks_ends_the_session(at: int) -> None:
    on = desk()
    insertions = 1

    def swap(count: int) -> None:
        nonlocal insertions
        if count == at:
            insertions = 3

    on.held.after = swap
    on.insert()
    on.session.see_reader(Seen(has_card=True, insertions=insertions))
    on.session.obey(OPEN)
    on.enter(PIN.encode())
    on.session.see_reader(Seen(has_card=True, insertions=insertions))
    on.session.obey(SIGN)
    on.session.see_reader(Seen(has_card=True, insertions=3))
    assert on.names().count("CardRemoved") == 1 and on.names()[-1] == "CardRemoved"


@pytest.mark.parametrize("at", range(1, WHOLE_WAY + 1))
def test_silence_at_any_exchange_ends_in_one_event_and_one_verify(at: int) -> None:
    on = desk(faults=(Fault("mute-at", at),))
    _authenticate(on)
    ends = [each for each in on.events if isinstance(each, ports.CardFailed | ports.CardUnreadable)]
    if at == 4:  # an extended read that a reader swallows is asked again in short pieces
        assert on.names()[-1] == "ChallengeSigned"
    else:
        assert ends
    assert sum(each.startswith("00200098 [4]") for each in on.held.card.commands) <= 1
    assert "PinRejected" not in on.names()


@pytest.mark.parametrize("sw", [0x6F00, 0x6982, 0x6985, 0x6D00, 0x9000, 0x6283])
@pytest.mark.parametrize("at", range(1, WHOLE_WAY + 1))
def test_a_wrong_status_word_at_any_exchange_is_one_event(at: int, sw: int) -> None:
    on = desk(faults=(Fault("wrong-sw", at, sw),))
    _authenticate(on)
    on.remove()
    assert on.names()[-1] == "CardRemoved"
    is_asked_in_pieces = at == 4 and sw == 0x6D00
    assert ("ChallengeSigned" in on.names()) is is_asked_in_pieces
    assert sum(each.startswith("00200098 [4]") for each in on.held.card.commands) <= 1


@pytest.mark.parametrize("at", range(1, WHOLE_WAY + 1))
def test_a_truncated_answer_is_never_believed(at: int) -> None:
    on = desk(faults=(Fault("truncate", at),))
    _authenticate(on)
    signed = [each for each in on.events if isinstance(each, ports.ChallengeSigned)]
    assert all(len(each.signature) == 256 for each in signed)
    if at in (2, 6):
        assert not signed


def test_a_signature_by_another_key_is_not_passed_on() -> None:
    on = desk(faults=(Fault("bad-signature"),))
    _authenticate(on)
    assert on.last() == ports.CardFailed(DEVICE, "other-card")


def test_another_card_behind_the_same_reader_cannot_sign_for_the_first() -> None:
    on, other = desk(), desk("taro")
    on.insert()
    on.session.obey(OPEN)
    on.enter(PIN.encode())
    other.insert()
    other.session.obey(OPEN)
    other.enter(PIN.encode())
    on.held.card = other.held.card  # the most skilful swap: even the PIN is verified
    on.session.obey(SIGN)
    assert on.last() == ports.CardFailed(DEVICE, "other-card")


def test_signing_needs_the_pin_first() -> None:
    on = desk()
    on.insert()
    on.session.obey(SIGN)
    assert on.last() == ports.CardFailed(DEVICE, "order")


def test_after_the_end_the_card_has_no_power_and_only_its_removal_is_told() -> None:
    on = desk()
    _authenticate(on)
    on.session.obey(END)
    assert not on.held.is_powered
    count = len(on.events)
    on.session.see_reader(Seen(has_card=True, insertions=1))
    assert len(on.events) == count
    on.remove()
    assert on.last() == ports.CardRemoved(DEVICE)
    assert on.session.is_over


def test_ending_without_a_card_changes_nothing() -> None:
    on = desk()
    on.session.see_reader(Seen())
    on.session.obey(END)
    _authenticate(on)
    assert on.names()[-1] == "ChallengeSigned"


def test_a_closed_slot_is_told_and_can_be_opened_again() -> None:
    on = desk()
    on.insert()
    on.session.obey(OPEN)
    on.session.obey(ports.ClosePinSlot(DEVICE))
    assert isinstance(on.last(), ports.PinSlotClosed)
    on.session.obey(OPEN)
    on.enter(PIN.encode())
    assert on.last() == ports.PinAccepted(DEVICE)


@pytest.mark.parametrize(
    ("refusal", "code"),
    [(DeviceTimeout("card: no answer"), "mute"), (DeviceUnavailable("card: in use"), "busy")],
)
def test_a_card_that_cannot_be_opened_is_unreadable(
    refusal: DeviceTimeout | DeviceUnavailable, code: str
) -> None:
    on = desk()
    on.refusal = refusal
    on.insert()
    assert on.names() == ["DeviceArrived", "CardInserted", "CardUnreadable"]
    assert on.last() == ports.CardUnreadable(DEVICE, code)
    on.remove()
    assert on.names()[-1] == "CardRemoved"


@pytest.mark.parametrize("sw", [0x6A82, 0x6A81, 0x6A86, 0x6D00, 0x6E00, 0x6999, 0x6F00])
def test_another_card_is_not_a_my_number_card_in_whatever_words(sw: int) -> None:
    on = desk(faults=(Fault("wrong-sw", 0, sw),))
    on.insert()
    assert on.last() == ports.CardUnreadable(DEVICE, "not-my-number")


def test_a_reader_that_comes_and_goes_is_told_once() -> None:
    on = desk()
    for now in (
        Seen(reader="", code="no-service"),
        Seen(reader="", code="no-service"),
        Seen(),
        Seen(insertions=5),
        Seen(reader="", code="no-reader"),
    ):
        on.session.see_reader(now)
    assert on.events == [
        ports.DeviceLost(DEVICE, "no-service"),
        ports.DeviceArrived(DEVICE, "Imagined 00"),
        ports.DeviceLost(DEVICE, "no-reader"),
    ]


def test_a_reader_unplugged_with_a_card_inside_is_a_removal() -> None:
    on = desk()
    on.insert()
    on.session.see_reader(Seen(reader="", code="no-reader"))
    assert on.names()[-1] == "CardRemoved"


def test_an_older_card_without_short_identifiers_or_long_answers_is_read() -> None:
    on = desk()
    assert isinstance(on.held.card._interpreter, Interpreter)
    whole = on.held.card._interpreter._table

    def strict(command: Command) -> bytes:
        if command.p1 & 0x80:
            raise Refused(Sw.WRONG_P1P2)
        if command.ne > 256:
            raise Refused(Sw.WRONG_LENGTH)
        return real(command)

    real = whole[0x00, 0xB0]
    whole[0x00, 0xB0] = strict
    _authenticate(on)
    assert on.names()[-1] == "ChallengeSigned"

"""照合番号B and the card's face over the virtual card: before the card, with it, wrong, forged, pulled anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from drivers.card_service import number as numbers
from drivers.card_service import roots as pinned
from drivers.card_service.messages import CardEvent
from drivers.card_service.number import HELD_S, Number
from drivers.card_service.surface import FEWEST_TRIES
from drivers.jpki.sim.box import Options
from drivers.jpki.sim.card import Fault
from kiosk import ports
from kiosk.errors import ConfigError, DeviceTimeout
from kiosk.ids import OpId, SlotId
from kiosk.ports import CardHolder, NumberPart, SecretKind
from tests.contract.cards import DEVICE, PHONE_PIN, PIN, Desk, Held, Seen, Still, box, desk, number_b

SIGN = ports.SignChallenge(DEVICE, OpId("a" * 32), b"madoguchi/auth/1\n")
SLOT = SlotId("cd" * 16)
HANAKO = CardHolder("例示　花子", "1941-03-03", "2")


def _whole(on: Desk, number: str = "") -> None:
    """A session with everything in it: number, card, face, PIN, signature, photo."""
    on.type_number(number or number_b())
    on.insert()
    if not on.session.is_over:
        on.session.obey(ports.OpenPinSlot(DEVICE))
        on.enter(PIN.encode())
    on.session.obey(SIGN)
    on.session.obey(ports.HandOverPhoto(DEVICE, SLOT))


def test_the_card_says_who_it_belongs_to_and_its_photo_waits() -> None:
    on = desk()
    _whole(on)
    assert on.names() == [
        *["NumberSlotOpened", "NumberPartTaken"] * 3,
        *["DeviceArrived", "CardInserted", "CardRead", "SurfaceRead"],
        *["PinSlotOpened", "PinAccepted", "ChallengeSigned", "PhotoHandedOver"],
    ]
    read = next(each for each in on.events if isinstance(each, ports.SurfaceRead))
    card = next(each for each in on.events if isinstance(each, ports.CardRead))
    assert read.holder == HANAKO and read.fingerprint == card.fingerprint
    assert on.photos[0][0] == SLOT and on.photos[0][1].startswith(bytes.fromhex("0000000C6A502020"))


def test_no_words_of_a_person_are_in_what_a_traceback_would_print() -> None:
    assert repr(HANAKO) == "CardHolder()"
    assert "花子" not in repr(ports.SurfaceRead(DEVICE, HANAKO, "f" * 64))


def test_nothing_of_it_survives_the_end() -> None:
    on = desk()
    _whole(on)
    surface = on.session._surface
    assert surface is not None and any(surface.photo)
    on.session.obey(ports.EndCardSession(DEVICE))
    assert not any(surface.photo) and on.session._surface is None
    assert not any(on.number._digits)


def test_a_number_that_the_card_does_not_know_costs_one_try_and_no_more() -> None:
    on = desk()
    wrong = number_b()[:10] + "0000"
    _whole(on, wrong)
    assert on.held.card.memory["number.b"].left == 9
    assert ports.NumberRejected(DEVICE, 9) in on.events
    assert on.names()[-2:] == ["ChallengeSigned", "PhotoHandedOver"]  # the PIN is not the number's fault
    assert on.photos == [(SLOT, b"")]


def test_a_phone_has_no_face_to_read_and_its_pin_still_serves() -> None:
    on = desk(options=Options(device="iphone"))
    on.type_number(number_b())
    on.insert()
    assert on.last() == ports.SurfaceFailed(DEVICE, "no-surface")
    assert not any(on.number._digits)
    on.session.obey(ports.OpenPinSlot(DEVICE))
    on.enter(PHONE_PIN.encode())
    assert on.last() == ports.PinAccepted(DEVICE)


def test_a_card_with_few_tries_left_is_not_tried_at_all() -> None:
    on = desk()
    on.held.card.memory["number.b"].left = FEWEST_TRIES - 1
    _whole(on)
    assert ports.SurfaceFailed(DEVICE, "few-tries") in on.events
    assert on.held.card.memory["number.b"].left == FEWEST_TRIES - 1


@pytest.mark.parametrize("record", ["bad-signature", "other-photo", "copied"])
def test_a_face_that_is_forged_swapped_or_copied_is_not_believed(record: str) -> None:
    on = desk(options=Options(record=record))
    _whole(on)
    assert ports.SurfaceFailed(DEVICE, "not-believed") in on.events
    assert "SurfaceRead" not in on.names() and on.photos == [(SLOT, b"")]


def test_without_pinned_roots_no_face_is_believed() -> None:
    on = desk()
    on.session._roots = {}
    _whole(on)
    assert ports.SurfaceFailed(DEVICE, "no-roots") in on.events
    assert on.held.card.memory["number.b"].left == 10


def test_the_number_may_also_come_when_the_card_lies_there() -> None:
    on = desk()
    on.insert()
    on.type_number(number_b())
    assert isinstance(on.last(), ports.SurfaceRead)
    on.session.obey(ports.OpenPinSlot(DEVICE))
    on.enter(PIN.encode())
    assert on.last() == ports.PinAccepted(DEVICE)  # the PIN's application is back


def test_the_camera_has_a_road_of_its_own() -> None:
    on = desk()
    on.session.obey(ports.OpenNumberSlot(DEVICE, NumberPart.WHOLE))
    assert on.camera_slots.slot is not None and on.slots.slot is None
    on.camera_slots.close()
    on.session.take_secret(bytearray(number_b().encode()))
    on.insert()
    assert isinstance(on.last(), ports.SurfaceRead)


@pytest.mark.parametrize(
    ("part", "digits"),
    [
        (NumberPart.BIRTH, "161303"),
        (NumberPart.BIRTH, "160230"),
        (NumberPart.BIRTH, "160400"),
        (NumberPart.BIRTH, "160431"),
        (NumberPart.EXPIRY, "1999"),
        (NumberPart.EXPIRY, "2999"),
        (NumberPart.WHOLE, "16130320300000"),
        (NumberPart.WHOLE, "16030319990000"),
        (NumberPart.CODE, "123"),
    ],
)
def test_what_no_card_can_say_is_refused_before_there_is_a_card(part: NumberPart, digits: str) -> None:
    on = desk()
    on.session.obey(ports.OpenNumberSlot(DEVICE, part))
    on.camera_slots.close()
    on.enter(digits.encode())
    assert isinstance(on.last(), ports.NumberPartRefused)
    assert not any(on.number._digits)


def test_a_leap_day_may_be_a_birthday() -> None:
    assert Number(Still()).put(NumberPart.BIRTH, bytearray(b"160229"))


def test_a_whole_number_is_held_for_a_minute_and_then_gone() -> None:
    on = desk()
    on.type_number(number_b())
    on.clock.now_s += HELD_S - 1
    on.session.check_time()
    assert on.number.is_complete
    on.clock.now_s += 1
    on.session.check_time()
    assert on.last() == ports.NumberForgotten(DEVICE)
    assert not any(on.number._digits)
    on.insert()
    assert on.names()[-1] == "CardRead"  # the card is read as ever, its face is not


def test_the_core_can_have_it_forgotten_and_a_spoilt_slot_forgets_too() -> None:
    on = desk()
    on.session.obey(ports.OpenNumberSlot(DEVICE, NumberPart.BIRTH))
    on.enter(b"160303")
    on.session.obey(ports.ForgetNumber(DEVICE))
    assert not any(on.number._digits)
    on.session.obey(ports.OpenNumberSlot(DEVICE, NumberPart.BIRTH))
    slot = on.slots.close()
    assert slot is not None
    on.session.slot_spoilt(slot)
    assert on.last() == ports.NumberForgotten(DEVICE)


def test_the_secret_that_was_typed_is_wiped_whatever_becomes_of_it() -> None:
    on = desk()
    for part, digits in (
        (NumberPart.BIRTH, b"160303"),
        (NumberPart.BIRTH, b"169999"),
        (NumberPart.CODE, b"1001"),
    ):
        on.session.obey(ports.OpenNumberSlot(DEVICE, part))
        assert not any(on.enter(digits))


# --- one session, one card: the matrix over every exchange of a whole session -----------------------------------------

WHOLE = 23
"""Exchanges of a whole session on the virtual card; the test below holds it to it."""


def test_a_whole_session_has_so_many_exchanges() -> None:
    on = desk()
    _whole(on)
    assert on.held.exchanges == WHOLE, on.held.card.commands


def _ends_cleanly(on: Desk) -> None:
    assert on.names().count("CardRemoved") == 1 and on.names()[-1] == "CardRemoved"
    assert on.session.is_over and not on.held.is_powered
    assert not any(on.number._digits) and on.session._surface is None


@pytest.mark.parametrize("at", range(1, WHOLE + 1))
@pytest.mark.parametrize("how", ["within", "after"])
def test_a_card_pulled_at_any_exchange_of_a_whole_session_ends_it_once(at: int, how: str) -> None:
    on = desk(faults=(Fault("vanish-at", at),) if how == "within" else ())

    def pull(count: int) -> None:
        if count == at:
            on.held.is_removed = True

    on.held.after = pull if how == "after" else lambda _: None
    _whole(on)
    on.remove()
    _ends_cleanly(on)
    verifies = [each for each in on.held.card.commands if each.startswith("0020") and "[0]" not in each]
    assert len(verifies) == len(set(verifies)) <= 3  # number twice, in two applications, PIN once; none again


@pytest.mark.parametrize("at", range(1, WHOLE + 1))
def test_a_card_swapped_at_any_exchange_never_signs_or_shows_a_face_for_the_first(at: int) -> None:
    """The swap that no reader reports: from one exchange to the next, another card answers."""
    on, other = desk(), desk("taro")
    first = on.held.card

    def swap(count: int) -> None:
        if count == at:
            on.held.card = other.held.card

    on.held.after = swap
    _whole(on)
    read = [each for each in on.events if isinstance(each, ports.CardRead)]
    seen = {
        each.fingerprint for each in on.events if isinstance(each, ports.ChallengeSigned | ports.SurfaceRead)
    }
    seen |= {each.fingerprint for each in read}
    assert len(seen) <= 1, "one session, two cards"
    if at < WHOLE - 1 and any(isinstance(each, ports.ChallengeSigned) for each in on.events):
        assert first is not on.held.card  # only a swap before anything of the first was used goes unseen
    holders = {each.holder.name for each in on.events if isinstance(each, ports.SurfaceRead)}
    assert len(holders) <= 1


@pytest.mark.parametrize("at", range(1, WHOLE + 1))
def test_a_reader_that_tells_of_a_swap_ends_the_session(at: int) -> None:
    on = desk()
    insertions = 1

    def swap(count: int) -> None:
        nonlocal insertions
        if count == at:
            insertions = 3

    on.held.after = swap
    on.type_number(number_b())
    on.insert()
    on.session.see_reader(Seen(has_card=True, insertions=insertions))
    on.session.obey(ports.OpenPinSlot(DEVICE))
    on.enter(PIN.encode())
    on.session.see_reader(Seen(has_card=True, insertions=insertions))
    on.session.obey(SIGN)
    on.session.see_reader(Seen(has_card=True, insertions=3))
    _ends_cleanly(on)


@pytest.mark.parametrize("at", range(1, WHOLE + 1))
@pytest.mark.parametrize("kind", ["mute-at", "wrong-sw", "truncate"])
def test_silence_and_nonsense_at_any_exchange_never_burn_a_second_try(at: int, kind: str) -> None:
    on = desk(faults=(Fault(kind, at),))
    _whole(on)
    on.remove()
    assert on.names()[-1] == "CardRemoved" and on.names().count("CardRemoved") == 1
    assert on.held.card.memory["jpki.auth"].left >= 2
    assert on.held.card.memory["number.b"].left >= 9


# --- pinned roots ------------------------------------------------------------------------------------------------


def test_the_roots_of_test_cards_are_refused_where_no_virtual_card_is_allowed() -> None:
    path = box() / "pki" / "cv-roots.txt"
    assert len(pinned.load(path, allow_virtual=True)) == 2
    with pytest.raises(ConfigError, match=r"cv-roots.txt:1: the root of a test card"):
        pinned.load(path, allow_virtual=False)


@pytest.mark.parametrize("line", ["zz 00 01", "50000233" * 4, "5000023F c2 010001", "é"])
def test_a_file_that_is_no_list_of_roots_is_refused(line: str, tmp_path: Path) -> None:
    path = tmp_path / "roots.txt"
    path.write_text(f"# ours\n{line}\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        pinned.load(path, allow_virtual=True)
    with pytest.raises(ConfigError):
        pinned.load(tmp_path / "none", allow_virtual=True)


def test_the_parts_are_fourteen_digits() -> None:
    parts = (NumberPart.BIRTH, NumberPart.EXPIRY, NumberPart.CODE)
    assert sum(map(numbers.length_of, parts)) == numbers.length_of(NumberPart.WHOLE) == 14


def test_a_card_placed_wrong_costs_no_number() -> None:
    """Upside down first: the same process waits for the card again, and the number with it."""
    on = desk()
    on.type_number(number_b())
    on.refusal = DeviceTimeout("card: no answer")
    on.insert()
    assert on.last() == ports.CardUnreadable(DEVICE, "mute", goes_on=True)
    on.session.see_reader(Seen(insertions=2))
    assert on.names()[-1] == "CardRemoved" and not on.session.is_over
    on.refusal = None
    on.session.see_reader(Seen(has_card=True, insertions=3))
    assert "SurfaceRead" in on.names()
    on.session.see_reader(Seen(insertions=4))
    assert on.names()[-1] == "CardRemoved" and on.session.is_over


def test_a_swap_of_an_unreadable_card_is_the_next_card() -> None:
    on = desk()
    on.type_number(number_b())
    on.refusal = DeviceTimeout("card: no answer")
    on.insert()
    on.refusal = None
    on.session.see_reader(Seen(has_card=True, insertions=3))
    assert on.names()[-4:] == ["CardRemoved", "CardInserted", "CardRead", "SurfaceRead"]


@pytest.mark.parametrize("how", ["forgotten", "late"])
def test_a_number_that_waits_behind_an_unreadable_card_is_forgotten_as_ever(how: str) -> None:
    on = desk()
    on.type_number(number_b())
    on.refusal = DeviceTimeout("card: no answer")
    on.insert()
    if how == "late":
        on.clock.now_s += HELD_S + 1
        on.session.check_time()
    else:
        on.session.obey(ports.ForgetNumber(DEVICE))
    on.session.see_reader(Seen(insertions=2))
    assert on.session.is_over, "the next person's card meets a fresh process"


# --- the record by its own PIN ----------------------------------------------------------------------------------------


def record_slot(on: Desk) -> CardEvent:
    on.insert()
    on.session.obey(ports.OpenPinSlot(DEVICE, SecretKind.RECORD))
    return on.last()


def test_the_records_own_pin_opens_who_the_holder_is_and_no_photo() -> None:
    on = desk()
    opened = record_slot(on)
    assert isinstance(opened, ports.PinSlotOpened)
    assert (opened.attempts_left, opened.min_length, opened.max_length) == (3, 4, 4)
    secret = on.enter(PIN.encode())
    assert secret == bytes(4)
    read = on.last()
    assert isinstance(read, ports.SurfaceRead) and read.holder.birth == "1941-03-03"
    on.session.obey(ports.HandOverPhoto(DEVICE, SlotId("0" * 32)))
    assert not any(photo for _, photo in on.photos)
    on.session.obey(ports.OpenPinSlot(DEVICE))
    on.enter(PIN.encode())
    assert on.last() == ports.PinAccepted(DEVICE), "the PIN that signs is asked as ever"
    on.session.obey(ports.SignChallenge(DEVICE, OpId("a" * 32), b"message"))
    assert isinstance(on.last(), ports.ChallengeSigned)


def test_one_pin_is_never_tried_on_the_other_reference() -> None:
    on = desk()
    record_slot(on)
    on.enter(b"9999")
    assert on.last() == ports.PinRejected(DEVICE, 2)
    memory = on.held.card.memory
    assert (memory["text.pin"].left, memory["jpki.auth"].left) == (2, 3)


def test_two_wrong_ones_are_all_that_a_session_costs_and_the_last_try_is_never_used() -> None:
    on = desk()
    record_slot(on)
    on.enter(b"9999")
    on.session.obey(ports.OpenPinSlot(DEVICE, SecretKind.RECORD))
    on.enter(b"9998")
    assert on.last() == ports.PinRejected(DEVICE, 1)
    on.session.obey(ports.OpenPinSlot(DEVICE, SecretKind.RECORD))
    assert on.last() == ports.SurfaceFailed(DEVICE, "few-tries")
    again = Desk(Held(on.held.card))
    assert record_slot(again) == ports.SurfaceFailed(DEVICE, "few-tries")
    assert on.held.card.memory["text.pin"].left == 1


def test_a_record_that_is_not_believed_is_none() -> None:
    on = desk(options=Options(record="bad-signature"))
    record_slot(on)
    on.enter(PIN.encode())
    assert on.last() == ports.SurfaceFailed(DEVICE, "not-believed")


def _with_record(on: Desk) -> None:
    """A session under `record_by_pin`."""
    record_slot(on)
    on.enter(PIN.encode())
    on.session.obey(ports.OpenPinSlot(DEVICE))
    on.enter(PIN.encode())
    on.session.obey(SIGN)


def test_a_session_with_the_records_pin_has_its_matrix_too() -> None:
    """Pulled, silent or nonsense at any exchange: it ends once, and no secret is sent a second time."""
    on = desk()
    _with_record(on)
    whole = on.held.exchanges
    assert isinstance(on.last(), ports.ChallengeSigned) and whole > 10
    for at in range(1, whole + 1):
        for kind in ("vanish-at", "mute-at", "wrong-sw", "truncate"):
            on = desk(faults=(Fault(kind, at),))
            _with_record(on)
            on.remove()
            _ends_cleanly(on)
            assert on.held.card.memory["jpki.auth"].left >= 2 and on.held.card.memory["text.pin"].left >= 2
            verifies = [
                each for each in on.held.card.commands if each.startswith("0020") and "[0]" not in each
            ]
            assert len(verifies) <= 2, (at, kind, verifies)

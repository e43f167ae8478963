"""A staff card on the reader: a PIV card, its PIN once, its signature; by the card process and by OpenSC."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from drivers.jpki.apdu import Command, Sw
from drivers.jpki.sim.card import VirtualCard
from drivers.jpki.sim.filesystem import Image, Memory, Secret
from drivers.piv import codec, sim
from kiosk import badges, ports
from kiosk.errors import PeerProtocolError
from kiosk.ids import OpId
from kiosk.ports import SecretKind
from kiosk.view import Role
from tests.contract.cards import DEVICE, Desk, Held, Seen

OPEN = ports.OpenPinSlot(DEVICE, SecretKind.STAFF)
MESSAGE = badges.challenge("kiosk-test", "a" * 32)
SIGN = ports.SignChallenge(DEVICE, OpId("a" * 32), MESSAGE)
TAP = ports.ProveTap(DEVICE, OpId("b" * 32), MESSAGE)


@cache
def folder() -> Path:
    made = Path(mkdtemp(prefix="madoguchi-staff-"))
    sim.make(made, ("clerk",))
    return made


@dataclass
class Staff:
    """A card with a counter of its own on an imagined reader."""

    chip: sim.Chip = field(default_factory=lambda: sim.open_card(folder(), "clerk")[0])

    def __post_init__(self) -> None:
        self.memory = Memory({sim.PIN_NAME: Secret(sim.DEFAULT_PIN, 3, 3)})
        self.card = VirtualCard(
            Image(sim.ATR, {}), self.memory, answers=sim.PivInterpreter(self.chip, self.memory)
        )
        self.desk = Desk(Held(self.card))

    def certificate(self, reference: int) -> bytes:
        return self.chip.keys[reference][0]


def test_it_is_read_without_a_try_and_signs_after_its_pin() -> None:
    on = Staff()
    on.desk.insert()
    read = on.desk.last()
    assert isinstance(read, ports.StaffCardRead)
    assert (read.certificate, read.tap_certificate) == (on.certificate(0x9A), on.certificate(0x9E))
    assert read.attempts_left == 3 == on.memory[sim.PIN_NAME].left
    on.desk.session.obey(OPEN)
    opened = on.desk.last()
    assert isinstance(opened, ports.PinSlotOpened) and (opened.min_length, opened.max_length) == (6, 8)
    secret = on.desk.enter(b"123456")
    assert on.desk.last() == ports.PinAccepted(DEVICE) and secret == bytes(6)
    on.desk.session.obey(SIGN)
    signed = on.desk.last()
    assert isinstance(signed, ports.ChallengeSigned)
    assert badges.has_signed(on.certificate(0x9A), MESSAGE, signed.signature)
    assert not badges.has_signed(on.certificate(0x9E), MESSAGE, signed.signature)


def test_a_touch_signs_with_the_key_that_wants_no_pin() -> None:
    on = Staff()
    on.desk.insert()
    on.desk.session.obey(TAP)
    signed = on.desk.last()
    assert isinstance(signed, ports.ChallengeSigned)
    assert badges.has_signed(on.certificate(0x9E), MESSAGE, signed.signature)


def test_without_the_pin_its_first_key_signs_nothing() -> None:
    on = Staff()
    on.desk.insert()
    on.desk.session.obey(SIGN)
    assert on.desk.last() == ports.CardFailed(DEVICE, "order")


def test_a_wrong_pin_costs_one_try_and_the_last_one_blocks() -> None:
    on = Staff()
    on.desk.insert()
    on.desk.session.obey(OPEN)
    on.desk.enter(b"999999")
    assert on.desk.last() == ports.PinRejected(DEVICE, 2)
    on.memory[sim.PIN_NAME].left = 1
    on.desk.session.obey(OPEN)
    on.desk.enter(b"999999")
    assert on.desk.last() == ports.PinBlocked(DEVICE)
    assert sum(each.startswith("00200080 [8]") for each in on.card.commands) == 2


def test_a_number_that_waits_for_a_residents_card_is_not_said_to_a_staff_card() -> None:
    on = Staff()
    on.desk.session.see_reader(Seen())
    on.desk.type_number("030303" + "2031" + "1001")
    on.desk.session.see_reader(Seen(has_card=True, insertions=1))
    assert on.desk.names()[-1] == "CardUnreadable", "where a resident's card is awaited it is another card"
    assert not any(each.startswith("0020") and "[0]" not in each for each in on.card.commands)


def test_the_card_counts_and_not_the_session() -> None:
    on = Staff()
    on.desk.insert()
    for left in (2, 1):
        on.desk.session.obey(OPEN)
        on.desk.enter(b"999999")
        assert on.desk.last() == ports.PinRejected(DEVICE, left)
    on.desk.session.obey(OPEN)
    on.desk.enter(b"123456")
    assert on.desk.last() == ports.PinAccepted(DEVICE)


def test_what_pcscd_kept_of_the_pin_is_covered() -> None:
    """A shorter command leaves the secret's end in a buffer: after the VERIFY comes something longer."""
    on = Staff()
    on.desk.insert()
    on.desk.session.obey(OPEN)
    on.desk.enter(b"999999")
    assert on.card.commands[-1].startswith("00A4040C")


def test_a_residents_secret_is_not_asked_of_a_staff_card_nor_the_other_way_round() -> None:
    on = Staff()
    on.desk.insert()
    on.desk.session.obey(ports.OpenPinSlot(DEVICE))
    assert on.desk.last() == ports.CardFailed(DEVICE, "order")


def test_an_rsa_card_signs_by_chained_commands() -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = sim.certificate(folder() / "staff", "clerk", key, "genuine")
    on = Staff(sim.Chip({0x9A: (certificate, key)}, bytes(16)))
    on.desk.insert()
    on.desk.session.obey(OPEN)
    on.desk.enter(b"123456")
    on.desk.session.obey(SIGN)
    signed = on.desk.last()
    assert isinstance(signed, ports.ChallengeSigned)
    assert badges.has_signed(certificate, MESSAGE, signed.signature)
    assert any(each.startswith("10870") for each in on.card.commands)


@given(st.binary(max_size=300))
def test_whatever_a_card_says_ends_in_data_or_a_protocol_error(said: bytes) -> None:
    for read in (codec.certificate_of, codec.signature_of):
        try:
            assert read(said)
        except PeerProtocolError:
            pass
    assert badges.member_of(said, (), (said,)) is None
    assert not badges.has_signed(said, b"", said)
    assert badges.validity_of(said) is None


@given(st.lists(st.binary(min_size=4, max_size=64), max_size=6))
def test_whatever_a_reader_says_the_virtual_card_answers(said: list[bytes]) -> None:
    on = Staff()
    for each in said:
        assert len(on.card.answer(each)) >= 2


def test_who_is_on_the_list() -> None:
    certificate = Staff().certificate(0x9A)
    authority = badges.authorities_of((folder() / "staff" / "ca.pem").read_bytes())
    clerk = badges.Member("clerk", Role.TECHNICIAN)
    assert badges.member_of(certificate, (clerk,), authority) == clerk
    assert badges.member_of(certificate, (clerk,), ()) is None, "nobody vouches for that name"
    assert badges.member_of(certificate, (), authority) is None
    other = badges.Member("other", Role.CASH_OFFICER, (_fingerprint(certificate),))
    assert badges.member_of(certificate, (clerk, other), ()) == other


def _fingerprint(certificate: bytes) -> str:
    import hashlib  # noqa: PLC0415

    return hashlib.sha256(certificate).hexdigest()


def test_the_virtual_card_refuses_what_a_card_refuses() -> None:
    card = Staff().card

    def answer(command: Command) -> str:
        return card.answer(bytes(command.encode()))[-2:].hex()

    assert answer(Command(0x00, 0xCB, 0x3F, 0xFF, codec.object_request(b"\x5f\xc1\x05"), 256)) == "6985"
    assert answer(Command(0x00, 0xA4, 0x04, 0x00, b"\xa0\x00\x00\x00\x01")) == f"{Sw.NOT_FOUND:04x}"


@pytest.mark.system
def test_opensc_takes_it_for_a_piv_card() -> None:
    from tests.contract.card_bench import Bench, wait_for  # noqa: PLC0415

    with Bench() as bench:
        sim.make(bench.root / "run/sim/box", ("clerk",))
        bench.run("root", ["chown", "-R", "kiosk-sim", "/run/sim/box"])
        bench.start_pcscd()
        bench.start_sim()
        bench.sim("place-card", "staff:clerk")
        wait_for(lambda: b"Yes" in bench.run("kiosk-card", ["opensc-tool", "-l"]).stdout)
        name = bench.run("kiosk-card", ["opensc-tool", "-n"])
        assert b"PIV" in name.stdout or b"Personal Identity" in name.stdout, (name.stdout, name.stderr)
        listed = bench.run("kiosk-card", ["pkcs15-tool", "-D"])
        assert b"Certificate for PIV Authentication" in listed.stdout, (listed.stdout, listed.stderr)
        script = f"""
set -e
mkdir -p /run/kiosk/card/t && cd /run/kiosk/card/t
echo message > m && openssl dgst -sha256 -binary m > h
piv-tool --serial >/dev/null
pkcs15-crypt --sign --sha-256 --raw --signature-format openssl --pin {sim.DEFAULT_PIN} -k 01 -i h -o s
pkcs15-tool --read-certificate 01 -o c.pem
openssl x509 -in c.pem -noout -pubkey > p.pem
openssl dgst -sha256 -verify p.pem -signature s m
"""
        done = bench.run("kiosk-card", ["sh", "-c", script])
        assert b"Verified OK" in done.stdout, (done.stdout, done.stderr)

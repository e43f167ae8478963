"""The card process end to end: pcscd, the virtual reader, real uids, the core's own client."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drivers.jpki import codec
from drivers.piv import sim as piv
from kiosk import ports
from kiosk.ids import DeviceId, OpId
from kiosk.ports import NumberPart
from tests.contract.card_bench import Bench, Core, wait_for
from tests.contract.cards import number_b
from tests.contract.test_card_surface import WHOLE

pytestmark = pytest.mark.system

DEVICE = DeviceId("card1")
MESSAGE = b"madoguchi/auth/1\n" + bytes(32)
OPEN = ports.OpenPinSlot(DEVICE)
SIGN = ports.SignChallenge(DEVICE, OpId("a" * 32), MESSAGE)
END = ports.EndCardSession(DEVICE)


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as made:
        made.start_pcscd()
        made.start_sim()
        made.start_card_listener("--allow-virtual")
        yield made


def _begin(bench: Bench) -> Core:
    core = bench.core()
    core.expect(ports.DeviceArrived)
    return core


def _insert(bench: Bench, core: Core, name: str = "hanako") -> ports.CardRead:
    bench.sim("place-card", name)
    core.expect(ports.CardInserted)
    return core.expect(ports.CardRead)


def _enter(bench: Bench, core: Core, digits: bytes) -> str:
    core.send(OPEN)
    return bench.send_pin(core.expect(ports.PinSlotOpened).slot, digits)


def test_two_residents_one_after_the_other_each_with_a_process_of_their_own(bench: Bench) -> None:
    core = _begin(bench)
    first = bench.card_processes()
    for name in ("hanako", "taro"):
        read = _insert(bench, core, name)
        assert _enter(bench, core, b"1234") == "accepted"
        core.expect(ports.PinAccepted)
        core.send(SIGN)
        signed = core.expect(ports.ChallengeSigned)
        assert codec.is_signed_by(read.certificate, MESSAGE, signed.signature)
        assert bench.sim("status")["count"] == 6
        core.send(END)
        bench.sim("remove-card")
        core.expect(ports.CardRemoved)
    wait_for(lambda: bench.card_processes() not in ([], first))
    assert not set(first) & set(bench.card_processes())


def test_wrong_then_wrong_and_no_third_time_here(bench: Bench) -> None:
    core = _begin(bench)
    _insert(bench, core)
    for left in (2, 1):
        assert _enter(bench, core, b"0000") == "accepted"
        assert core.expect(ports.PinRejected).attempts_left == left
    core.send(OPEN)
    assert core.expect(ports.CardFailed).code == "too-many-here"
    bench.sim("remove-card")
    core.expect(ports.CardRemoved)
    assert _insert(bench, core).attempts_left == 1  # the card remembers
    assert _enter(bench, core, b"0000") == "accepted"
    core.expect(ports.PinBlocked)
    bench.sim("remove-card")
    core.expect(ports.CardRemoved)
    assert _insert(bench, core).attempts_left == 0
    core.send(OPEN)
    core.expect(ports.PinBlocked)
    assert not (bench.root / "run/kiosk/pin/pin.sock").exists()


def test_only_the_screen_may_send_a_pin(bench: Bench) -> None:
    core = _begin(bench)
    _insert(bench, core)
    core.send(OPEN)
    slot = core.expect(ports.PinSlotOpened).slot
    path = bench.root / "run/kiosk/pin/pin.sock"
    assert path.stat().st_mode & 0o777 == 0o660
    assert path.group() == "kiosk-ui" and path.owner() == "kiosk-card"
    assert bench.send_pin(slot, b"1234", user="kiosk-core").startswith("gone")  # the folder keeps it out
    assert bench.send_pin(slot, b"1234", user="root") != "accepted"  # the kernel's word keeps it out
    assert bench.send_pin("f" * 32, b"1234") == "refused"
    assert bench.send_pin(slot, b"1234") == "accepted"
    core.expect(ports.PinAccepted)
    assert not path.exists()
    assert bench.send_pin(slot, b"1234").startswith("gone")


def test_what_is_no_pin_ends_the_slot_and_burns_nothing(bench: Bench) -> None:
    """A packet of another size; digits of another form, which never reach the card."""
    core = _begin(bench)
    _insert(bench, core)

    def refused(send: Callable[[str, bytes], str], data: bytes) -> str:
        core.send(OPEN)
        slot = core.expect(ports.PinSlotOpened).slot
        answer = send(slot, data)
        assert core.expect(ports.PinSlotClosed).slot == slot
        return answer

    for packet in (bytes(70), bytes(1), b"\xff" * 32, b"\xff" * 34):
        refused(lambda _, data: bench.send_packet(data), packet)
    for digits in (b"123", b"12345", b"12a4", b""):
        assert refused(bench.send_pin, digits) == "refused"
    assert bench.sim("status")["tries"]["jpki.auth"] == 3
    assert _enter(bench, core, b"1234") == "accepted"
    core.expect(ports.PinAccepted)


def test_a_card_pulled_at_any_exchange_is_told_once_and_the_next_is_served(bench: Bench) -> None:
    core = _begin(bench)
    for at in range(1, 7):
        bench.sim("fault", "vanish-at", str(at))
        bench.sim("place-card", "hanako")
        core.expect(ports.CardInserted)
        event = core.next()
        if isinstance(event, ports.CardRead):
            _enter(bench, core, b"1234")
            event = core.next()
        if isinstance(event, ports.PinAccepted):
            core.send(SIGN)
            event = core.next()
        assert event == ports.CardRemoved(DEVICE), at
        bench.sim("fault", "none")
        _insert(bench, core)
        bench.sim("remove-card")
        core.expect(ports.CardRemoved)


def test_a_card_that_stays_silent_is_unreadable_when_it_is_taken_away(bench: Bench) -> None:
    core = _begin(bench)
    bench.sim("fault", "mute-at", "1")
    bench.sim("place-card", "hanako")
    core.expect(ports.CardInserted)
    bench.sim("remove-card")
    core.expect(ports.CardRemoved)


def test_swapping_cards_without_a_pause_ends_the_session(bench: Bench) -> None:
    core = _begin(bench)
    _insert(bench, core)
    bench.sim("place-card", "taro")
    core.expect(ports.CardRemoved)
    core.expect(ports.CardInserted)
    core.expect(ports.CardRead)


def test_nothing_that_was_verified_outlives_the_session(bench: Bench) -> None:
    core = _begin(bench)
    _insert(bench, core)
    assert _enter(bench, core, b"1234") == "accepted"
    core.expect(ports.PinAccepted)
    core.send(END)
    wait_for(lambda: b"AA: 6982" in _sign_as_a_stranger(bench))


def _sign_as_a_stranger(bench: Bench) -> bytes:
    """Another program takes the card that was left on the reader."""
    script = (
        "from drivers.transport.pcsc import *\n"
        "c = PcscCard('Virtual PCD 00 00', 0)\n"
        "c.transmit(bytearray.fromhex('00A4040C0AD392F000260100000001'))\n"
        "a = c.transmit(bytearray.fromhex('802A00970401020304' + '00'))\n"
        "print('AA:', a.hex())\n"
    )
    return bench.run("kiosk-card", [sys.executable, "-c", script]).stdout


def test_when_the_core_goes_the_process_goes(bench: Bench) -> None:
    core = _begin(bench)
    _insert(bench, core)
    core.send(OPEN)
    core.expect(ports.PinSlotOpened)
    (pid,) = bench.card_processes()
    core.end()
    wait_for(lambda: pid not in bench.card_processes())
    assert not (bench.root / "run/kiosk/pin/pin.sock").exists()
    assert b"AA: 6982" in _sign_as_a_stranger(bench)


def test_a_process_that_dies_with_a_card_inside_is_a_failure_and_is_followed_by_a_fresh_one(
    bench: Bench,
) -> None:
    core = _begin(bench)
    _insert(bench, core)
    (pid,) = bench.card_processes()
    os.kill(pid, signal.SIGKILL)
    assert core.expect(ports.CardFailed).code == "process-lost"
    core.expect(ports.CardInserted)
    core.expect(ports.CardRead)


def test_a_process_that_hangs_is_left_and_killed_and_the_next_one_serves(bench: Bench) -> None:
    """SIGSTOP stands for a driver that never returns, SIGKILL for the unit's watchdog."""
    core = bench.core("impatient")
    core.expect(ports.DeviceArrived)
    _insert(bench, core)
    (pid,) = bench.card_processes()
    os.kill(pid, signal.SIGSTOP)
    assert core.expect(ports.CardFailed).code == "process-hangs"
    core.expect(ports.CardInserted)  # the next process sees a card that the other still holds
    assert core.expect(ports.CardUnreadable).code == "busy"
    os.kill(pid, signal.SIGKILL)
    bench.sim("remove-card")
    core.expect(ports.CardRemoved)
    assert _insert(bench, core).attempts_left == 3


def test_a_card_pulled_at_any_exchange_of_a_session_with_its_face_is_told_once() -> None:
    """All of it real: pcscd, the process, the core's client; number, face, PIN, signature."""
    with Bench() as bench:
        bench.start_pcscd()
        bench.start_sim()
        bench.start_card_listener("--allow-virtual", "--cv-roots", "/run/sim/box/pki/cv-roots.txt")
        core = _begin(bench)
        for at in range(1, WHOLE + 1):
            bench.sim("fault", "none")
            bench.sim("fault", "vanish-at", str(at))
            events = _with_its_face(bench, core)
            assert events[-1] == ports.CardRemoved(DEVICE), (at, events)
            assert [type(each) for each in events].count(ports.CardRemoved) == 1
        bench.sim("fault", "none")
        events = _with_its_face(bench, core)
        assert isinstance(events[-1], ports.ChallengeSigned)
        assert bench.sim("status")["count"] == WHOLE
        assert bench.sim("status")["tries"] | {"jpki.auth": 3, "number.b": 10} == bench.sim("status")["tries"]


def _with_its_face(bench: Bench, core: Core) -> list[ports.Event]:
    """One session as far as it goes."""
    number = number_b().encode()
    parts = (
        (NumberPart.BIRTH, number[:6]),
        (NumberPart.EXPIRY, number[6:10]),
        (NumberPart.CODE, number[10:]),
    )
    for part, digits in parts:
        core.send(ports.OpenNumberSlot(DEVICE, part))
        bench.send_pin(core.expect(ports.NumberSlotOpened).slot, digits)
        core.expect(ports.NumberPartTaken)
    bench.sim("place-card", "hanako")
    events: list[ports.Event] = []
    while not events or not isinstance(events[-1], ports.CardRemoved | ports.ChallengeSigned):
        events.append(core.next())
        match events[-1]:
            case ports.SurfaceRead():
                core.send(OPEN)
            case ports.PinSlotOpened(slot=slot):
                bench.send_pin(slot, b"1234")
            case ports.PinAccepted():
                core.send(SIGN)
    return events


def test_the_process_cannot_be_read_by_its_own_user(bench: Bench) -> None:
    core = _begin(bench)
    _insert(bench, core)
    (pid,) = bench.card_processes()
    status = Path(f"/proc/{pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    assert Path(f"/proc/{pid}/mem").stat().st_uid == 0  # not dumpable: root's, though the process is not
    assert "Max core file size        0                    0" in Path(f"/proc/{pid}/limits").read_text()


def test_a_reader_and_its_daemon_may_come_later_and_go() -> None:
    with Bench() as bench:
        bench.start_card_listener("--allow-virtual")
        core = bench.core()
        assert core.expect(ports.DeviceLost).code == "no-service"
        bench.start_pcscd()
        core.expect(ports.DeviceArrived)
        assert bench.pcscd is not None
        bench.run("root", ["sh", "-c", "kill $(cat /run/pcscd/pcscd.pid)"])
        assert core.expect(ports.DeviceLost).code == "no-service"


def test_a_virtual_reader_is_refused_unless_it_was_allowed(bench: Bench) -> None:
    bench.run("root", ["rm", "/run/kiosk/card/card.sock"])
    bench.start_card_listener()
    core = bench.core()
    assert core.expect(ports.DeviceLost).code == "virtual-reader"


def test_a_core_in_use_hears_nothing_of_a_virtual_reader(bench: Bench) -> None:
    """Also where the card process was started with --allow-virtual: the second lock."""
    core = bench.core("no-virtual")
    while core.expect(ports.DeviceLost).code != "virtual-reader":
        continue  # under load the listener may not be there at the first knock: `no-process`
    bench.sim("place-card", "hanako")
    core.send(ports.EndCardSession(DEVICE))
    bench.sim("remove-card")
    assert all(isinstance(each, ports.DeviceLost) for each in core.until_silence())


def test_a_reader_of_another_name_is_not_taken_and_the_loss_of_pcscd_is_still_seen(bench: Bench) -> None:
    core = bench.core("reader=Nothing")
    assert core.expect(ports.DeviceLost).code == "no-reader"
    _two_readers(bench)
    bench.run("root", ["sh", "-c", "kill $(cat /run/pcscd/pcscd.pid)"])
    assert core.expect(ports.DeviceLost).code == "no-service"


def _two_readers(bench: Bench) -> None:
    """The residents' and the staff's, each with its processes: a staff card comes and goes while a resident's is in
    and her PIN is awaited, and she notices nothing.
    """
    second, there = "run/sim/second.sock", "00 01"
    piv.make(bench.root / "run/sim/box", ("officer",))
    bench.run("root", ["chown", "-R", "kiosk-sim:kiosk-sim", "/run/sim/box"])
    bench.start_sim("--port", "35964", socket=second)
    resident, staff = bench.core(f"not_reader={there}"), bench.core(f"reader={there}")
    assert resident.expect(ports.DeviceArrived).identity == "Virtual PCD 00 00"
    assert staff.expect(ports.DeviceArrived).identity == "Virtual PCD 00 01"
    _insert(bench, resident)
    resident.send(OPEN)
    slot = resident.expect(ports.PinSlotOpened).slot
    bench.sim("place-card", "staff:officer", socket=second)
    staff.expect(ports.CardInserted)
    assert staff.expect(ports.StaffCardRead).attempts_left == 3
    staff.send(END)  # what the core answers to it in a visit
    bench.sim("remove-card", socket=second)
    staff.expect(ports.CardRemoved)
    assert bench.send_pin(slot, b"1234") == "accepted"
    resident.expect(ports.PinAccepted)
    resident.send(END)
    bench.sim("remove-card")
    resident.expect(ports.CardRemoved)
    wait_for(lambda: len(bench.card_processes()) == 3)  # a fresh one ahead for each core
    assert bench.sim("status", socket=second)["occupied"] is False
    for each in (resident, staff):
        each.end()


def test_a_wrong_start_ends_at_once_in_words(bench: Bench) -> None:
    for argv in ([], ["--fd", "7"], ["--core-user", "nobody"], ["--screen-user", "kiosk-nobody-at-all"]):
        done = bench.run("kiosk-card", [sys.executable, "-m", "drivers.card_service.main", *argv])
        assert done.returncode == 1, argv
        assert done.stderr.startswith(b"CRITICAL configuration refused: "), argv
        assert b"Traceback" not in done.stderr, argv


def test_only_the_core_may_command(bench: Bench) -> None:
    script = (
        "import socket\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "s.connect('/run/kiosk/card/card.sock')\n"
        "print('said:', s.recv(100))\n"
    )
    assert b"said: b''" in bench.run("kiosk-card", [sys.executable, "-c", script]).stdout
    assert b"said" not in bench.run("kiosk-ui", [sys.executable, "-c", script]).stdout


def test_nobody_else_reaches_the_reader(bench: Bench) -> None:
    for user in ("kiosk-core", "kiosk-ui", "kiosk-vision"):
        assert b"Virtual PCD" not in bench.run(user, ["opensc-tool", "-l"]).stdout
    assert b"Virtual PCD" in bench.run("kiosk-card", ["opensc-tool", "-l"]).stdout

"""照合番号B goes its road, right, wrong, forgotten and with the card pulled; afterwards it is nowhere to be found."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk import ports
from kiosk.ids import DeviceId
from kiosk.ports import NumberPart
from tests.contract.card_bench import Bench, Core
from tests.contract.cards import number_b

pytestmark = pytest.mark.system

DEVICE = DeviceId("card1")
ROOTS = "/run/sim/box/pki/cv-roots.txt"


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as made:
        made.start_pcscd()
        made.start_sim()
        made.start_card_listener("--allow-virtual", "--cv-roots", ROOTS)
        yield made


def _forms(number: bytes) -> list[bytes]:
    """As itself, BCD, hex, base64."""
    return [number, bytes.fromhex(number.decode()), number.hex().encode(), base64.b64encode(number)[:16]]


def _type(bench: Bench, core: Core, number: bytes) -> None:
    parts = (
        (NumberPart.BIRTH, number[:6]),
        (NumberPart.EXPIRY, number[6:10]),
        (NumberPart.CODE, number[10:]),
    )
    for part, digits in parts:
        core.send(ports.OpenNumberSlot(DEVICE, part))
        assert bench.send_pin(core.expect(ports.NumberSlotOpened).slot, digits) == "accepted"
        core.expect(ports.NumberPartTaken)


def _end(bench: Bench, core: Core, case: str) -> ports.Event:
    number = number_b().encode()
    if case == "wrong":
        number = number[:10] + b"7391"
    if case == "pulled":
        bench.sim("fault", "vanish-at", "7")  # at the VERIFY
    _type(bench, core, number)
    if case == "forgotten":
        core.send(ports.ForgetNumber(DEVICE))
    bench.sim("place-card", "hanako")
    core.expect(ports.CardInserted)
    read = core.expect(ports.CardRead)
    return read if case == "forgotten" else core.next()


CASES: dict[str, type[ports.Event]] = {
    "right": ports.SurfaceRead,
    "wrong": ports.NumberRejected,
    "pulled": ports.CardRemoved,
    "forgotten": ports.CardRead,
}


@pytest.mark.parametrize("case", CASES)
def test_no_log_socket_or_file_has_the_number(bench: Bench, case: str) -> None:
    core = bench.core()
    core.expect(ports.DeviceArrived)
    assert isinstance(_end(bench, core, case), CASES[case])
    bench.sim("remove-card")
    number = number_b().encode()
    whole = number[:10] + b"7391" if case == "wrong" else number
    assert core.lines, "the socket was watched"
    for form in _forms(whole):
        assert all(form not in each for each in core.lines)
        for log in (path for path in (bench.root / "run/logs").iterdir() if path.is_file()):
            assert form not in log.read_bytes(), log.name


@pytest.mark.parametrize("case", ["right", "wrong", "forgotten"])
def test_no_memory_has_the_number_when_the_card_has_judged_it(bench: Bench, case: str) -> None:
    core = bench.core()
    core.expect(ports.DeviceArrived)
    assert isinstance(_end(bench, core, case), CASES[case])
    number = number_b().encode()
    whole = number[:10] + b"7391" if case == "wrong" else number
    for pid in (bench.outside_pid("pcscd"), *bench.card_processes()[:1]):
        memory = list(_memory(pid))
        assert any(b"Virtual PCD 00 00" in part for part in memory), "the memory was read"
        assert not any(whole in part for part in memory)


def test_only_the_screen_may_say_the_number_and_only_vision_may_read_it_off_the_card(bench: Bench) -> None:
    """The camera's socket is in a folder of its own, and each socket knows one sender."""
    bench.run(
        "root", ["install", "-d", "-o", "kiosk-card", "-g", "kiosk-vision", "-m", "2750", "/run/kiosk/number"]
    )
    core = bench.core()
    core.expect(ports.DeviceArrived)
    core.send(ports.OpenNumberSlot(DEVICE, NumberPart.BIRTH))
    slot = core.expect(ports.NumberSlotOpened).slot
    assert bench.send_pin(slot, b"160303", user="kiosk-vision").startswith("gone")  # the folder keeps it out
    assert bench.send_pin(slot, b"160303", user="root") != "accepted"  # the kernel's word keeps it out
    core.send(ports.OpenNumberSlot(DEVICE, NumberPart.WHOLE))
    slot = core.expect(ports.NumberSlotOpened).slot
    road = bench.root / "run/kiosk/number/number.sock"
    assert road.stat().st_mode & 0o777 == 0o660 and road.group() == "kiosk-vision"
    number = number_b().encode()
    said = {
        user: bench.send_pin(slot, number, user=user, socket="/run/kiosk/number/number.sock")
        for user in ("kiosk-ui", "root", "kiosk-vision")
    }
    assert said["kiosk-ui"].startswith("gone")  # the folder keeps it out
    assert said["root"] != "accepted"  # the kernel's word keeps it out
    assert said["kiosk-vision"] == "accepted"
    assert core.expect(ports.NumberPartTaken).part is NumberPart.WHOLE
    bench.sim("place-card", "hanako")
    core.expect(ports.CardInserted)
    core.expect(ports.CardRead)
    core.expect(ports.SurfaceRead)


def _memory(pid: int) -> Iterator[bytes]:
    """Every readable page of a process, as only root may see it."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, mode = line.split()[:2]
            begin, end = (int(each, 16) for each in place.split("-"))
            if "r" in mode and "[v" not in line:
                memory.seek(begin)
                with contextlib.suppress(OSError):  # a mapping beyond its file's end
                    yield memory.read(end - begin)

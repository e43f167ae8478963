"""A canary PIN goes its road, right, wrong and blocked; afterwards it is nowhere that anybody can look."""

from __future__ import annotations

import base64
import contextlib
import re
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.card_service.tenkey import EVENT
from kiosk import ports
from kiosk.errors import DeviceTimeout, DeviceUnavailable, PeerProtocolError
from kiosk.ids import DeviceId, OpId
from tests.contract.card_bench import Bench, Core
from tests.contract.cards import desk

DEVICE = DeviceId("card1")
CANARY = b"7391"
"""Not in any key, date or number of the test cards; four digits may still stand in a random number, so it is looked for
where text is, not in cryptographic values."""

OPEN = ports.OpenPinSlot(DEVICE)
SIGN = ports.SignChallenge(DEVICE, OpId("a" * 32), b"challenge")


def _forms(secret: bytes) -> list[bytes]:
    """As itself, BCD, hex, base64."""
    return [secret, bytes.fromhex(secret.decode()), secret.hex().encode(), base64.b64encode(secret)[:5]]


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as made:
        made.start_pcscd()
        made.start_sim()
        made.start_card_listener("--allow-virtual", "--ten-key", "/run/kiosk/card/pad")
        yield made


def _try(bench: Bench, core: Core) -> ports.Event:
    core.send(OPEN)
    slot = core.expect(ports.PinSlotOpened).slot
    assert bench.send_pin(slot, CANARY) == "accepted"
    return core.next()


@pytest.mark.system
@pytest.mark.parametrize("case", ["right", "wrong", "blocked", "pulled"])
def test_no_log_socket_or_file_has_the_pin(bench: Bench, case: str) -> None:
    core = bench.core()
    core.expect(ports.DeviceArrived)
    if case == "right":
        _set_pin(bench)
    if case == "pulled":
        bench.sim("fault", "vanish-at", "5")
    bench.sim("place-card", "hanako")
    core.expect(ports.CardInserted)
    core.expect(ports.CardRead)
    end = _try(bench, core)
    if case == "blocked":
        _try(bench, core)
        bench.sim("remove-card")
        core.expect(ports.CardRemoved)
        bench.sim("place-card", "hanako")
        core.expect(ports.CardInserted)
        core.expect(ports.CardRead)
        end = _try(bench, core)
    expected: dict[str, type[ports.Event]] = {
        "right": ports.PinAccepted,
        "wrong": ports.PinRejected,
        "blocked": ports.PinBlocked,
        "pulled": ports.CardRemoved,
    }
    assert isinstance(end, expected[case])
    bench.sim("remove-card")
    told = [each for each in core.lines if b'"CardRead"' not in each and b'"PinSlotOpened"' not in each]
    assert told, "the socket was watched"
    for form in _forms(CANARY):
        assert all(form not in each for each in told)
        for log in _files(bench):
            assert form not in log.read_bytes(), log.name


@pytest.mark.system
@pytest.mark.parametrize("case", ["right", "wrong", "cancelled", "pulled"])
def test_no_memory_has_the_pin_when_the_card_has_judged_it(bench: Bench, case: str) -> None:
    core = bench.core()
    core.expect(ports.DeviceArrived)
    if case in ("right", "cancelled"):
        _set_pin(bench)
    if case == "pulled":
        bench.sim("fault", "vanish-at", "5")
    bench.sim("place-card", "hanako")
    core.expect(ports.CardInserted)
    core.expect(ports.CardRead)
    (pid,) = bench.card_processes()
    _try(bench, core)
    if case == "right":
        core.send(SIGN)
        core.expect(ports.ChallengeSigned)
    elif case == "cancelled":
        core.send(ports.EndCardSession(DEVICE))
        bench.sim("remove-card")
        core.expect(ports.CardRemoved)
    searched = [bench.outside_pid("pcscd"), *([pid] if case in ("right", "wrong") else [])]
    verify = bytes.fromhex("0020009804") + CANARY  # with its header, so that no chance finds it
    for each in searched:
        memory = list(_memory(each))
        assert any(b"Virtual PCD 00 00" in part for part in memory), "the memory was read"
        for form in (verify, bytes([len(CANARY)]) + CANARY + bytes(12)):
            assert not any(form in part for part in memory)


@pytest.mark.system
def test_what_is_typed_on_the_ten_key_is_nowhere_but_in_the_card(bench: Bench) -> None:
    """Its digits are in no packet: outside the card process there is only how many they are."""
    pad = bench.root / "run/kiosk/card/pad"
    bench.run("root", ["mkfifo", "-m", "0640", "/run/kiosk/card/pad"])
    bench.run("root", ["chgrp", "kiosk-card", "/run/kiosk/card/pad"])
    _set_pin(bench)
    core = bench.core()
    core.expect(ports.DeviceArrived)
    bench.sim("place-card", "hanako")
    core.expect(ports.CardInserted)
    core.expect(ports.CardRead)
    pids = bench.card_processes()
    core.send(OPEN)
    core.expect(ports.PinSlotOpened)
    with pad.open("r+b", buffering=0) as keys:
        codes = dict(zip(b"0123456789", (82, 79, 80, 81, 75, 76, 77, 71, 72, 73), strict=True))
        for count, each in enumerate(CANARY, 1):
            keys.write(EVENT.pack(0, 0, 1, codes[each], 1) + EVENT.pack(0, 0, 1, codes[each], 0))
            assert core.expect(ports.DigitsEntered).count == count
        keys.write(EVENT.pack(0, 0, 1, 96, 1))
        core.expect(ports.PinAccepted)
        core.send(SIGN)
        core.expect(ports.ChallengeSigned)
    told = [each for each in core.lines if b'"CardRead"' not in each and b'"ChallengeSigned"' not in each]
    told = [re.sub(rb'"slot":"[0-9a-f]*"', b"", each) for each in told]
    assert told and all(form not in each for each in told for form in _forms(CANARY))
    verify = bytes.fromhex("0020009804") + CANARY
    for pid in (min(pids), bench.outside_pid("pcscd")):
        assert not any(verify in part for part in _memory(pid))


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


def _set_pin(bench: Bench) -> None:
    memory = bench.root / "run/sim/box/cards/hanako/memory.json"
    memory.write_text(memory.read_text().replace('"1234"', f'"{CANARY.decode()}"'))


def _files(bench: Bench) -> list[Path]:
    """Every file that this run made, the card's own memory excepted."""
    run = bench.root / "run"
    found = [each for each in run.rglob("*") if each.is_file() and "code" not in each.parts]
    assert any(each.name == "card.log" and each.stat().st_size for each in found)
    return [each for each in found if "box" not in each.parts]


@pytest.mark.parametrize("failure", [DeviceTimeout, DeviceUnavailable, PeerProtocolError, ValueError])
def test_no_exception_or_repr_has_the_pin(failure: type[Exception]) -> None:
    on = desk()
    on.insert()
    on.session.obey(OPEN)
    seen: list[bytearray] = []

    def fail(command: bytearray) -> bytes:
        seen.append(command)
        raise failure("card: as tested")

    on.held.transmit = fail  # type: ignore[method-assign]  # a card that fails in its own way
    text = ""
    secret = bytearray(CANARY)
    try:
        on.session.take_secret(secret)
    except ValueError as why:  # our own bug: it may leave the session, without what it was about
        text = "".join(traceback.format_exception(why))
    assert secret == bytes(4)
    told = text + repr(on.events) + repr(vars(on.session))
    told = re.sub(r"\bat 0x[0-9a-f]+", "", told)  # where objects lie: four digits turn up there by chance
    told = re.sub(r"\b[0-9a-f]{16,}\b", "", told)  # and in random ids
    assert CANARY.decode() not in told


def test_the_secret_is_overwritten_wherever_it_was() -> None:
    on = desk()
    on.insert()
    on.session.obey(OPEN)
    seen: list[bytearray] = []
    real = on.held.card.transmit

    def remember(command: bytearray) -> bytes:
        seen.append(command)
        return real(command)

    on.held.card.transmit = remember  # type: ignore[method-assign]  # to look at it afterwards
    secret = on.enter(CANARY)
    assert secret == bytes(4)
    assert seen and all(not any(each) for each in seen)

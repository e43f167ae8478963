"""A canary of sixteen characters, as the 署名用 password may have: right, wrong, blocked, pulled, and with the card
process killed at each step. Afterwards it is nowhere: events, views, records, logs, sockets, files, core files.

No service that ships asks for this password. SIGN_PLAN below is a plan of these tests only.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from drivers.card_service.messages import CardCommand
from kiosk import intents, ports
from kiosk.engine.state import Phase
from kiosk.ids import DeviceId, OpId
from kiosk.plain import encode
from kiosk.services.certificate import KONBINI
from kiosk.services.plan import Plan
from tests.contract.card_bench import Bench, Core, wait_for
from tests.contract.cards import DEVICE, SIGN_SECRET, desk
from tests.engine.world import SETUP, World

CANARY = "CANARY7391502846"
DIGITS = "7391502846"
WRONG = "YRANAC6482051937"
CARD1 = DeviceId("card1")
OPEN = ports.OpenPinSlot(CARD1, ports.SecretKind.SIGN)
SIGN = ports.SignChallenge(CARD1, OpId("a" * 32), b"challenge")
SIGN_PLAN = Plan(
    name="tests-only", steps=KONBINI.steps, bar=KONBINI.bar, binds_kinds=False, secret=ports.SecretKind.SIGN
)


def forms(secret: str) -> list[bytes]:
    """ASCII and its small letters, UTF-16, hex, base64; the digits as BCD, packed and not."""
    digits = "".join(each for each in secret if each.isdigit())
    return [
        secret.encode(),
        secret.lower().encode(),
        secret.encode("utf-16-le"),
        secret.encode().hex().encode(),
        secret.encode().hex().upper().encode(),
        base64.b64encode(secret.encode())[:20],
        bytes.fromhex(digits),
        bytes(int(each) for each in digits),
        digits.encode(),
    ]


def test_the_forms_find_it() -> None:
    for form in forms(CANARY):
        assert form in b"..." + form + b"..."
    assert CANARY.encode().hex().encode() in forms(CANARY) and bytes.fromhex(DIGITS) in forms(CANARY)


# --- engine, session and card in one process ------------------------------------------------------------------------


class SignWorld(World):
    """The engine with the tests' own plan, over the real card session and the virtual card."""

    def __init__(self, password: str) -> None:
        super().__init__(setup=replace(SETUP, plan=SIGN_PLAN, card_reader=DEVICE))
        self.desk = desk()
        self.desk.held.card.memory["jpki.sign"].value = password
        self._told = 0

    def tell(self) -> None:
        """What the card process said since the last time."""
        while self._told < len(self.desk.events):
            event = self.desk.events[self._told]
            self._told += 1
            self.event(event)

    def perform(self, command: ports.Command) -> None:
        """The card's commands go to the real session, the others to the world's own people and devices."""
        if isinstance(command, ports.OpenPinSlot | ports.SignChallenge | ports.EndCardSession):
            self.commands.append(command)
            self.pending.append(lambda: self._obey(command))
        else:
            super().perform(command)

    def _obey(self, command: CardCommand) -> None:
        self.desk.session.obey(command)
        self.tell()

    def enter(self, password: str) -> None:
        secret = self.desk.enter(password.encode())
        assert not any(secret)
        self.tell()


@pytest.mark.parametrize(
    ("password", "wrong", "phase", "code"),
    [
        (CANARY, 0, Phase.RETURNING_CARD, ""),
        (WRONG, 2, Phase.NOTIFIED, "P-201"),
        (WRONG, 1, Phase.NOTIFIED, "P-202"),
    ],
    ids=["right", "wrong", "blocked"],
)
def test_a_visit_leaves_it_in_no_event_view_or_record(
    password: str, wrong: int, phase: Phase, code: str
) -> None:
    world = SignWorld(password)
    if code == "P-202":
        world.desk.held.card.memory["jpki.sign"].left = 1
    world.boot()
    world.tap(intents.ChooseLanguage, language="ja")
    world.desk.insert()
    world.tell()
    if code == "P-202":
        assert world.phase is Phase.ENTERING_PIN
    for _ in range(max(1, wrong)):
        world.enter(CANARY)
    assert world.phase is phase
    assert getattr(world.view.body, "code", "") == code
    if not code:
        assert any(isinstance(each, ports.ChallengeSigned) for each in world.desk.events)
    told = b"".join(
        encode(each) for each in (*world.glass.views.values(), *world.commands, *world.desk.events)
    )
    told += repr((world.records, world.loop.state, vars(world.desk.session), world.glass.seen)).encode()
    assert all(form not in told for form in forms(CANARY)[:6])


# --- the real card process -----------------------------------------------------------------------------------------


@pytest.fixture
def bench() -> Iterator[Bench]:
    with Bench() as made:
        memory = made.root / "run/sim/box/cards/hanako/memory.json"
        memory.write_text(memory.read_text().replace(f'"{SIGN_SECRET}"', f'"{CANARY}"'))
        made.start_pcscd()
        made.start_sim()
        made.start_card_listener("--allow-virtual")
        yield made


def begin(bench: Bench) -> Core:
    core = bench.core()
    core.expect(ports.DeviceArrived)
    bench.sim("place-card", "hanako")
    core.expect(ports.CardInserted)
    core.expect(ports.CardRead)
    return core


def enter(bench: Bench, core: Core, password: str) -> None:
    core.send(OPEN)
    slot = core.expect(ports.PinSlotOpened).slot
    assert bench.send_pin(slot, password.encode()) == "accepted"


def look_everywhere(bench: Bench, core: Core, secret: str) -> None:
    """Files of this run with the card's own memory and the code left out, core files anywhere, the core's socket."""
    run = bench.root / "run"
    files = [each for each in run.rglob("*") if each.is_file() and not {"code", "box"} & set(each.parts)]
    assert any(each.name == "card.log" for each in files)
    places = [bench.root / place for place in ("", "tmp", "var/crash", "run", "run/kiosk/card")]
    dumps = [each for place in places for name in ("core", "core.[0-9]*") for each in place.glob(name)]
    assert dumps == []
    told = [each for each in core.lines if not any(name in each for name in (b"Certificate", b'"CardRead"'))]
    assert told, "the socket was watched"
    for form in forms(secret)[:6]:
        assert all(form not in each for each in told)
        for each in files:
            assert form not in each.read_bytes(), each.name


@pytest.mark.system
@pytest.mark.parametrize("case", ["right", "wrong", "blocked", "pulled"])
def test_no_log_socket_or_file_has_it(bench: Bench, case: str) -> None:
    secret = CANARY if case in ("right", "pulled") else WRONG
    memory = bench.root / "run/sim/box/cards/hanako/memory.json"
    if case == "blocked":
        memory.write_text(memory.read_text().replace('"left": 5', '"left": 1'))
    if case == "pulled":
        bench.sim("fault", "vanish-at", "6")  # the VERIFY: after four, and the question for the tries
    core = begin(bench)
    enter(bench, core, secret)
    if case == "right":
        core.expect(ports.CertificateRead)
        core.expect(ports.PinAccepted)
        core.send(SIGN)
        core.expect(ports.ChallengeSigned)
    else:
        kinds: dict[str, type[ports.Event]] = {
            "wrong": ports.PinRejected,
            "blocked": ports.PinBlocked,
            "pulled": ports.CardRemoved,
        }
        core.expect(kinds[case])
    bench.sim("remove-card")
    look_everywhere(bench, core, secret)


@pytest.mark.system
@pytest.mark.parametrize("step", ["slot open", "in VERIFY", "accepted", "signed"])
@pytest.mark.parametrize("by", [signal.SIGSEGV, signal.SIGKILL], ids=["fault", "kill"])
def test_a_process_that_dies_leaves_nothing_behind(bench: Bench, step: str, by: signal.Signals) -> None:
    if step == "in VERIFY":
        bench.sim("fault", "mute-at", "6")
    core = begin(bench)
    pid = min(
        bench.card_processes()
    )  # the first one has the card; the next is started ahead of the next card
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE), limits
    if step == "slot open":
        core.send(OPEN)
        core.expect(ports.PinSlotOpened)
    else:
        enter(bench, core, CANARY)
    if step in ("accepted", "signed"):
        core.expect(ports.CertificateRead)
        core.expect(ports.PinAccepted)
    if step == "signed":
        core.send(SIGN)
        core.expect(ports.ChallengeSigned)
    os.kill(pid, by)
    assert core.expect(ports.CardFailed).code == "process-lost"
    wait_for(lambda: not Path(f"/proc/{pid}").exists())
    look_everywhere(bench, core, CANARY)


def test_a_core_file_would_be_found_if_there_were_one(tmp_path: Path) -> None:
    """The same death without our limits: where this machine writes core files beside a process, one lies there."""
    pattern = Path("/proc/sys/kernel/core_pattern").read_text().strip()
    script = f'import ctypes,os; x=bytearray(b"{CANARY}"); ctypes.string_at(0)'
    subprocess.run(
        ["bash", "-c", f"ulimit -c unlimited; exec python3 -c '{script}'"],
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    found = list(tmp_path.glob("core*"))
    assert bool(found) is not pattern.startswith(("|", "/"))
    with contextlib.suppress(IndexError):
        assert CANARY.encode() in found[0].read_bytes()

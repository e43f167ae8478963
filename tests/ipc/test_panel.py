"""The assistant's panel beside the resident's screen, over real sockets and the real engine: racing, unplugged, slow,
hostile; and the same through the TLS relay to another computer."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from kiosk import intents, rights
from kiosk.clock import SystemClock
from kiosk.engine.inner import Asked
from kiosk.engine.state import Phase
from kiosk.errors import ConfigError, DeviceUnavailable, PeerProtocolError
from kiosk.intents import AnyIntent
from kiosk.ipc import wire
from kiosk.ipc.client import ViewClient
from kiosk.ipc.server import ViewServer
from kiosk.journal.records import StaffHelped
from kiosk.relay import keys
from kiosk.relay.main import Relay, connect, serve
from kiosk.relay.pump import IntentSieve
from kiosk.view import Assisted, ChooseKinds, ChooseOptions, Role, SessionView
from tests.engine.world import World

PATIENCE_S = 20.0
TURNS = 2000
"""Of a resident's screen, at most, until a panel that takes nothing is closed."""
LINES = 40_000 if "CAMPAIGN" in os.environ else 400
"""Of a hostile panel."""
KINDS: tuple[type[intents.Intent], ...] = AnyIntent.__args__


@dataclass
class Table:
    """One kiosk with a visit at 「証明書を選ぶ」, and a socket for each role: the loop runs in a thread, as it does."""

    place: Path
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.world.boot()
        self.world.until_choose()
        self.world.tap(intents.SetCopies, kind="juminhyo", copies=1)
        loop = self.world.loop
        uid = os.geteuid()
        self.servers = {
            role: ViewServer(
                self.place / f"{role.value}.sock", {uid: role}, loop.ask, stall_s=0.5, intents_per_s=5000
            )
            for role in (Role.RESIDENT, Role.ASSISTANT)
        }
        for server in self.servers.values():
            server.start()
        self.refused: list[tuple[Role, int]] = []
        self.screens: list[Screen] = []
        loop._screens = self
        self._thread = threading.Thread(target=loop.run, args=(lambda: None, 0.2), daemon=True)
        self.world.clock = loop._clock = SystemClock()  # type: ignore[assignment]
        loop._timers.clear()
        loop._views.clear()
        self._thread.start()
        loop.ask(Role.RESIDENT, intents.SetVoice(step=loop.state.step, is_on=True))  # the first views

    def publish(self, views: Any) -> None:
        self.world.glass.publish(views)
        for role, view in views.items():
            self.servers[role].publish({role: view})

    def refuse(self, role: Role, step: int, reason: str) -> None:
        self.refused.append((role, step))
        self.servers[role].refuse(role, step, reason)

    def close(self) -> None:
        for screen in self.screens:
            screen.close()
        self.world.loop.stop()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        for server in self.servers.values():
            assert server.is_running
            server.stop()

    def client(self, role: Role, path: Path | None = None) -> Screen:
        screen = Screen(path or self.place / f"{role.value}.sock")
        self.screens.append(screen)
        return screen

    @property
    def panels(self) -> int:
        return len(self.servers[Role.ASSISTANT]._clients)

    def until_panels(self, count: int) -> None:
        """Until so many panels are connected."""
        pause = threading.Event()
        for _ in range(int(PATIENCE_S / 0.01)):
            if self.panels == count:
                return
            pause.wait(0.01)
        raise AssertionError(f"{self.panels} panels, never {count}")

    def helped(self) -> list[str]:
        return [each.act for each in self.world.records if isinstance(each, StaffHelped)]


class Screen:
    """A client that keeps the newest view."""

    def __init__(self, path: Path) -> None:
        self.client = ViewClient(path)
        self.client.connect()
        self.view: SessionView | None = None
        self.refused = 0

    def until(self, is_so: Callable[[SessionView], bool]) -> SessionView:
        while self.view is None or not is_so(self.view):
            self.take()
        return self.view

    def take(self) -> None:
        message = self.client.receive(PATIENCE_S)
        assert message is not None, "the core closed this screen"
        if isinstance(message, wire.ViewPublished):
            self.view = message.view
        else:
            self.refused += 1

    def send(self, wish: type[intents.Intent], /, **fields: Any) -> None:
        assert self.view is not None
        self.client.send(wish(step=self.view.step, **fields))  # type: ignore[arg-type]

    def insist(
        self, is_so: Callable[[SessionView], bool], wish: type[intents.Intent], /, **fields: Any
    ) -> None:
        """Presses again when the screen had changed under the finger."""
        while True:
            refused = self.refused
            self.send(wish, **fields)
            while self.refused == refused:
                if self.view is not None and is_so(self.view):
                    return
                self.take()

    def close(self) -> None:
        self.client.close()


@pytest.fixture
def table() -> Iterator[Table]:
    with tempfile.TemporaryDirectory(prefix="kp", dir="/run" if os.geteuid() == 0 else None) as made:
        table = Table(Path(made))
        try:
            yield table
        finally:
            table.close()


def test_two_clients_race_on_one_session_and_each_step_is_taken_once(table: Table) -> None:
    """Both press 「もどる」 on the same step at the same moment, again and again: one of the two is too late."""
    rounds = 60
    resident, assistant = table.client(Role.RESIDENT), table.client(Role.ASSISTANT)
    assistant.until(lambda _: True)
    resident.until(lambda _: True)
    assistant.send(intents.BeginHelp)
    for _ in range(rounds):
        resident.until(lambda view: isinstance(view.body, ChooseKinds) and view.is_helped)
        resident.send(intents.Next)
        step = resident.until(lambda view: isinstance(view.body, ChooseOptions)).step
        assistant.until(partial(_is_at, step))
        barrier = threading.Barrier(2)

        def press(screen: Screen, barrier: threading.Barrier = barrier) -> None:
            barrier.wait(PATIENCE_S)
            screen.send(intents.Back)

        both = [threading.Thread(target=press, args=(each,)) for each in (resident, assistant)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join(PATIENCE_S)
        resident.until(lambda view: isinstance(view.body, ChooseKinds))
    assert resident.view is not None
    assistant.until(partial(_is_at, resident.view.step))
    assistant.send(intents.EndHelp)
    resident.until(_is_alone)
    late = [role for role, _ in table.refused]
    assert len(late) == rounds, "each time exactly one of the two was too late"
    assert table.helped().count("Back") == rounds - late.count(Role.ASSISTANT)
    for each in (resident, assistant):
        each.close()


def _is_at(step: int, view: SessionView) -> bool:
    return view.step == step


def _is_helped(view: SessionView) -> bool:
    return view.is_helped


def _is_alone(view: SessionView) -> bool:
    return not view.is_helped


def _has(copies: int, view: SessionView) -> bool:
    return isinstance(view.body, ChooseKinds) and view.body.copies == copies


def test_a_panel_that_is_unplugged_or_slow_costs_the_resident_nothing(table: Table) -> None:
    resident, assistant = table.client(Role.RESIDENT), table.client(Role.ASSISTANT)
    assistant.until(lambda _: True)
    assistant.send(intents.BeginHelp)
    resident.until(_is_helped)
    raw: Any = assistant.client._socket
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()  # the cable
    assistant.client._socket = None
    table.until_panels(0)
    deaf = table.client(Role.ASSISTANT)  # never reads a byte
    table.until_panels(1)
    # Views that come in one breath are told as one: how many turns fill a line is not known.
    for turn in range(TURNS):
        if not table.panels:
            break  # who takes nothing is closed
        resident.send(intents.SetCopies, kind="juminhyo", copies=turn % 5 + 1)
        resident.until(partial(_has, turn % 5 + 1))
    table.until_panels(0)
    again = table.client(Role.ASSISTANT)
    view = again.until(_is_helped)
    assert isinstance(view.body, Assisted) and view.body.kinds, "all of it, in one view"
    resident.send(intents.EndHelp)
    again.until(_is_alone)
    for each in (resident, deaf, again):
        each.close()


# --- a hostile panel --------------------------------------------------------------------------------------------------


def message(dice: random.Random, step: int) -> bytes:
    """A line that a panel should not send: any intent, any step, any field, broken in any way."""
    kind = dice.choice(KINDS)
    fields = {}
    for each in msgspec.structs.fields(kind):
        if each.name != "step":
            fields[each.name] = dice.choice(
                [
                    "juminhyo",
                    "",
                    "main",
                    "key 1",
                    "pin",
                    "x" * 300,
                    "ja",
                    "XL",
                    "yellow",
                    1,
                    99,
                    -1,
                    True,
                    None,
                    "1234",
                ]
            )
    said: Any = {
        "type": kind.__name__,
        "step": dice.choice([step, step, step, step - 1, 0, -1, 2**40]),
        **fields,
    }
    data = msgspec.json.encode(said)
    for _ in range(dice.choice([0, 0, 0, 1, 3])):
        at = dice.randrange(len(data))
        data = data[:at] + bytes([dice.randrange(256)]) + data[at + dice.choice([0, 1]) :]
    ends: list[Callable[[], bytes]] = [
        lambda: data + b"\n",
        lambda: data + b"\n" + data + b"\n",
        lambda: data[: dice.randrange(len(data) + 1)],
        lambda: b"\x00" * dice.randrange(2000) + b"\n",
        lambda: b"[" * dice.randrange(9000),
    ]
    return dice.choice([ends[0], ends[0], ends[0], *ends])()


def assault(table: Table, path: Path, seed: int, lines: int) -> int:
    """Sends so many; comes back whenever it is thrown out. How often that was."""
    dice, out = random.Random(seed), 0
    peer: socket.socket | None = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    peer.settimeout(PATIENCE_S)
    peer.connect(str(path))
    peer.sendall(wire.line(intents.BeginHelp(step=table.world.loop.state.step)))  # it begins as a good one
    for _ in range(lines):
        try:
            if peer is None:
                peer = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                peer.settimeout(PATIENCE_S)
                peer.connect(str(path))
            peer.sendall(message(dice, table.world.loop.state.step))
        except OSError:
            if peer is not None:
                peer.close()
            peer, out = None, out + 1
    if peer is not None:
        peer.close()
    return out


def survives(table: Table, path: Path, seed: int, lines: int) -> None:
    """Whatever a panel says: no act that is not an assistant's, no state but the table's, and the resident goes on."""
    state = table.world.loop.state
    resident = table.client(Role.RESIDENT)
    resident.until(lambda _: True)
    assert assault(table, path, seed, lines) > 0, "who breaks the protocol is closed"
    table.until_panels(0)  # all that it said has been read
    resident.insist(partial(_has_of, "juminhyo", 3), intents.SetCopies, kind="juminhyo", copies=3)
    resident.insist(partial(_has_of, "juminhyo", 2), intents.SetCopies, kind="juminhyo", copies=2)
    allowed = {kind.__name__ for kind in KINDS if Role.ASSISTANT in rights.MAY[kind]}
    assert set(table.helped()) <= allowed
    after = table.world.loop.state
    assert after.session is not None and state.session is not None
    assert after.session.transaction == state.session.transaction
    assert after.phase is Phase.CHOOSING_KINDS and not after.session.lines, "nothing was confirmed or paid"
    resident.close()


def _has_of(kind: str, copies: int, view: SessionView) -> bool:
    return isinstance(view.body, ChooseKinds) and dict_of(view)[kind] == copies


def dict_of(view: SessionView) -> dict[str, int]:
    assert isinstance(view.body, ChooseKinds)
    return {each.kind: each.copies for each in view.body.kinds}


def test_a_hostile_panel_is_closed_and_can_do_nothing_else(table: Table) -> None:
    survives(table, table.place / "assistant.sock", seed=1, lines=LINES)
    assert table.helped(), "with what an assistant may it did get through"


# --- on another computer ----------------------------------------------------------------------------------------------


@dataclass
class Away:
    """Both ends of the relay."""

    table: Table
    folder: Path
    kiosk: Relay
    panel: Relay
    local: Path

    @property
    def port(self) -> int:
        return int(self.kiosk.listener.getsockname()[1])


@pytest.fixture
def away(table: Table, tmp_path: Path) -> Iterator[Away]:
    keys.make(tmp_path, ["127.0.0.1"], ["tablet-1", "tablet-2"], SystemClock().wall())
    kiosk = serve(("127.0.0.1", 0), tmp_path, str(table.place / "assistant.sock"))
    port = int(kiosk.listener.getsockname()[1])
    local = table.place / "panel.sock"
    panel = connect(("127.0.0.1", port), tmp_path, "tablet-1", local)
    threads = [threading.Thread(target=each.run, daemon=True) for each in (kiosk, panel)]
    for each in threads:
        each.start()
    try:
        yield Away(table, tmp_path, kiosk, panel, local)
    finally:
        panel.stop()
        kiosk.stop()
        for each in threads:
            each.join(PATIENCE_S)
            assert not each.is_alive()


def test_a_panel_far_away_helps_as_one_that_is_near(away: Away) -> None:
    resident, assistant = away.table.client(Role.RESIDENT), away.table.client(Role.ASSISTANT, away.local)
    view = assistant.until(lambda _: True)
    assert view.role is Role.ASSISTANT
    assistant.send(intents.BeginHelp)
    resident.until(_is_helped)
    assistant.until(_is_helped)
    assistant.send(intents.SetCopies, kind="juminhyo", copies=4)
    resident.until(partial(_has_of, "juminhyo", 4))
    resident.send(intents.Next)
    body = assistant.until(
        lambda view: isinstance(view.body, Assisted) and view.body.screen == "ChooseOptions"
    ).body
    assert isinstance(body, Assisted) and body.kind == "juminhyo"
    assistant.close()
    again = away.table.client(Role.ASSISTANT, away.local)
    assert again.until(lambda _: True).is_helped, "who comes back gets all of it"
    for each in (resident, again):
        each.close()


def test_a_hostile_panel_far_away_reaches_the_core_with_nothing_but_intents(away: Away) -> None:
    survives(away.table, away.local, seed=2, lines=LINES)


def test_nobody_comes_in_without_a_certificate_that_is_on_the_list(away: Away, tmp_path: Path) -> None:
    known = (away.folder / "panels").read_text().splitlines()
    assert len(keys.read_panels(away.folder / "panels")) == 2
    keys.make(tmp_path / "stranger", ["127.0.0.1"], ["stranger"], SystemClock().wall())

    def knock(folder: Path, name: str, ca: Path) -> bytes:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(ca / "ca.pem")
        if name:
            context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
        with (
            socket.create_connection(("127.0.0.1", away.port), PATIENCE_S) as peer,
            context.wrap_socket(peer, server_hostname="127.0.0.1") as tls,
        ):
            return tls.recv(10)

    assert knock(away.folder, "tablet-2", away.folder), "a view"
    for folder, name in ((tmp_path / "stranger", "stranger"), (away.folder, "")):
        with pytest.raises((ssl.SSLError, OSError)):
            assert knock(folder, name, away.folder), "not a byte"
            raise OSError
    with pytest.raises(ssl.SSLError):
        knock(away.folder, "tablet-2", tmp_path / "stranger")  # nor does a panel talk to another kiosk
    (away.folder / "panels").write_text(known[0].replace("assistant", "resident") + "\n")
    second = serve(("127.0.0.1", 0), away.folder, str(away.table.place / "assistant.sock"))
    thread = threading.Thread(target=second.run, daemon=True)
    thread.start()
    port = away.kiosk
    away.kiosk = second
    try:
        for name in ("tablet-1", "tablet-2"):  # another role; taken off the list
            assert knock(away.folder, name, away.folder) == b""
    finally:
        away.kiosk = port
        second.stop()
        thread.join(PATIENCE_S)


def test_the_sieve_passes_intents_and_nothing_else() -> None:
    sieve = IntentSieve()
    said = b'{ "type":"BeginHelp" , "step" : 7 }\n'
    assert sieve(said[:9]) == b""
    assert sieve(said[9:]) == wire.line(intents.BeginHelp(step=7))
    for wrong in (b"{}\n", b'{"type":"BeginHelp","step":7,"more":1}\n', b"x" * (wire.LINE_MAX + 1)):
        with pytest.raises(PeerProtocolError):
            IntentSieve()(wrong)


def test_a_list_that_is_not_understood_stops_the_relay(tmp_path: Path) -> None:
    (tmp_path / "panels").write_text("abc assistant tablet\n")
    with pytest.raises(ConfigError):
        keys.read_panels(tmp_path / "panels")
    with contextlib.suppress(DeviceUnavailable):
        ViewClient(tmp_path / "nobody.sock").connect()


def test_an_intent_of_another_role_is_not_even_asked(table: Table) -> None:
    """What the panel may never do is refused by the core, whoever relays it."""
    before = table.world.loop.state.step
    for kind in (intents.Next, intents.Cancel, intents.Begin):
        table.world.loop.ask(Role.ASSISTANT, kind(step=before))
    table.world.loop.post(Asked(Role.ASSISTANT, intents.Vouch(step=before)))
    resident = table.client(Role.RESIDENT)
    resident.until(lambda _: True)
    resident.insist(
        partial(_has_of, "juminhyo", 3), intents.SetCopies, kind="juminhyo", copies=3
    )  # all is heard
    state = table.world.loop.state
    assert (state.step, state.phase, table.helped()) == (before, Phase.CHOOSING_KINDS, [])
    resident.close()

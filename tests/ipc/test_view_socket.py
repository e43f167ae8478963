"""The view socket with real sockets: who gets what, and what happens to those who misbehave."""

from __future__ import annotations

import os
import queue
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk import intents
from kiosk.errors import ContractError, DeviceUnavailable, PeerProtocolError
from kiosk.ipc import wire
from kiosk.ipc.client import ViewClient, connect_forever
from kiosk.ipc.peer import NOBODY
from kiosk.ipc.server import ViewServer
from kiosk.view import Role, SessionView
from tests.ipc.test_wire import a_view

Asked = queue.Queue[tuple[Role, intents.AnyIntent]]
PATIENCE_S = 20.0


@pytest.fixture
def place() -> Iterator[Path]:
    """A short directory that every uid may enter (a socket path is at most 107 bytes)."""
    with tempfile.TemporaryDirectory(prefix="kv", dir="/run" if os.geteuid() == 0 else None) as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture
def asked() -> Asked:
    return queue.Queue()


@pytest.fixture
def server(place: Path, asked: Asked) -> Iterator[ViewServer]:
    roles = {os.geteuid(): Role.RESIDENT}
    made = ViewServer(place / "view.sock", roles, lambda *each: asked.put(each), stall_s=0.3)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def client(place: Path, server: ViewServer) -> Iterator[ViewClient]:
    made = ViewClient(place / "view.sock")
    made.connect()
    yield made
    made.close()


def view_of(client: ViewClient) -> SessionView:
    message = client.receive(PATIENCE_S)
    assert isinstance(message, wire.ViewPublished)
    return message.view


def is_closed(client: ViewClient) -> bool:
    """Read to the end; False when nothing more comes but the connection stays."""
    try:
        while client.receive(PATIENCE_S) is not None:
            pass
    except TimeoutError:
        return False
    return True


def test_a_view_goes_out_and_an_intent_comes_in(server: ViewServer, client: ViewClient, asked: Asked) -> None:
    server.publish({Role.RESIDENT: a_view(rev=1)})
    assert view_of(client) == a_view(rev=1)
    client.send(intents.Cancel(step=3))
    assert asked.get(timeout=PATIENCE_S) == (Role.RESIDENT, intents.Cancel(step=3))
    server.refuse(Role.RESIDENT, 3, "stale")
    assert client.receive(PATIENCE_S) == wire.IntentRefused(3, "stale")


def test_a_screen_that_connects_later_gets_the_view_at_once(place: Path, server: ViewServer) -> None:
    server.publish({Role.RESIDENT: a_view(rev=1)})
    server.publish({Role.RESIDENT: a_view(rev=2)})
    for _ in range(2):
        late = ViewClient(place / "view.sock")
        late.connect()
        assert view_of(late).rev == 2
        late.close()


def test_nobody_sees_the_view_of_another_role(server: ViewServer, client: ViewClient) -> None:
    server.publish({Role.ASSISTANT: a_view(rev=1, role=Role.ASSISTANT)})
    server.refuse(Role.ASSISTANT, 1, "stale")
    server.publish({Role.RESIDENT: a_view(rev=2)})
    assert view_of(client).role is Role.RESIDENT
    with pytest.raises(ContractError):
        server.publish({Role.RESIDENT: a_view(role=Role.ASSISTANT)})


def test_receive_can_time_out_without_losing_anything(server: ViewServer, client: ViewClient) -> None:
    with pytest.raises(TimeoutError):
        client.receive(0.01)
    server.publish({Role.RESIDENT: a_view(rev=1)})
    assert view_of(client).rev == 1


def test_a_slow_screen_finds_the_newest_view_and_few_old_ones(server: ViewServer, client: ViewClient) -> None:
    for rev in range(1, 2000):
        server.publish({Role.RESIDENT: a_view(rev=rev)})
    seen = 0
    while view_of(client).rev != 1999:
        seen += 1
    assert seen < 1000  # a socket buffer's worth, not the history


def test_a_screen_that_takes_nothing_is_closed(place: Path, server: ViewServer) -> None:
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        deaf.connect(str(place / "view.sock"))
        town = "例" * 15_000
        watching = ViewClient(place / "view.sock")
        watching.connect()
        for rev in range(20):
            server.publish({Role.RESIDENT: a_view(rev=rev, town=town)})
            assert view_of(watching).rev == rev  # nobody waits for the deaf one
        with pytest.raises(ConnectionError):
            for _ in range(400):
                deaf.send(wire.line(intents.Next(step=1)))
                threading.Event().wait(0.05)
        watching.close()


@pytest.mark.parametrize(
    "data",
    [b"GET / HTTP/1.1\r\n\r\n", b"\0" * (wire.LINE_MAX + 1), wire.line(intents.Next(step=1)) * 200],
    ids=["garbage", "too long", "too often"],
)
def test_who_breaks_the_protocol_is_closed_and_the_others_go_on(
    place: Path, server: ViewServer, client: ViewClient, data: bytes
) -> None:
    with socket.socket(socket.AF_UNIX) as rude:
        rude.settimeout(PATIENCE_S)
        rude.connect(str(place / "view.sock"))
        try:
            rude.sendall(data)
            assert rude.recv(1) == b""
        except ConnectionError:
            pass
    server.publish({Role.RESIDENT: a_view(rev=5)})
    assert view_of(client).rev == 5


def test_half_a_line_and_away_is_no_intent(
    place: Path, server: ViewServer, client: ViewClient, asked: Asked
) -> None:
    with socket.socket(socket.AF_UNIX) as hasty:
        hasty.connect(str(place / "view.sock"))
        hasty.sendall(wire.line(intents.Next(step=1))[:-1])
    client.send(intents.Back(step=2))
    assert asked.get(timeout=PATIENCE_S)[1] == intents.Back(step=2)
    assert asked.empty()


def test_too_many_screens_of_one_role_are_turned_away(place: Path, server: ViewServer) -> None:
    server.publish({Role.RESIDENT: a_view()})
    inside = [ViewClient(place / "view.sock") for _ in range(4)]
    for each in inside:
        each.connect()
        view_of(each)
    outside = ViewClient(place / "view.sock")
    outside.connect()
    assert outside.receive(PATIENCE_S) is None
    inside.pop().close()
    outside.connect()
    assert view_of(outside).rev == 1
    for each in (*inside, outside):
        each.close()


def test_who_leaves_makes_room_for_who_knocks_in_the_same_moment(place: Path) -> None:
    busy, go_on = threading.Event(), threading.Event()

    def hold(*_: object) -> None:
        busy.set()
        go_on.wait(PATIENCE_S)

    server = ViewServer(place / "view.sock", {os.geteuid(): Role.RESIDENT}, hold, screens_per_role=2)
    server.start()
    server.publish({Role.RESIDENT: a_view()})
    staying, leaving, coming = (ViewClient(place / "view.sock") for _ in range(3))
    for each in (staying, leaving):
        each.connect()
        view_of(each)
    staying.send(intents.Cancel(step=3))
    assert busy.wait(PATIENCE_S)
    coming.connect()
    leaving.close()
    go_on.set()
    assert view_of(coming).rev == a_view().rev
    staying.close()
    coming.close()
    server.stop()


def test_a_uid_without_a_role_is_closed_at_once(place: Path) -> None:
    server = ViewServer(place / "view.sock", {os.geteuid() + 1: Role.RESIDENT}, lambda *_: None)
    server.start()
    client = ViewClient(place / "view.sock")
    client.connect()
    assert client.receive(PATIENCE_S) is None
    assert not client.has_received
    server.stop()


def test_the_overflow_uid_can_have_no_role(place: Path) -> None:
    with pytest.raises(ContractError):
        ViewServer(place / "view.sock", {NOBODY: Role.RESIDENT}, lambda *_: None)


def test_the_socket_is_for_owner_and_group_only_and_goes_away(place: Path, server: ViewServer) -> None:
    assert stat.S_IMODE((place / "view.sock").stat().st_mode) == 0o660
    server.stop()
    assert not (place / "view.sock").exists()


def test_a_second_core_is_refused_and_a_dead_ones_socket_is_taken_over(
    place: Path, server: ViewServer
) -> None:
    second = ViewServer(place / "view.sock", {}, lambda *_: None)
    with pytest.raises(DeviceUnavailable):
        second.start()
    left = place / "left.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(left))
    heir = ViewServer(left, {os.geteuid(): Role.RESIDENT}, lambda *_: None)
    heir.start()
    assert heir.is_running
    heir.stop()
    (place / "file").write_text("not ours")
    with pytest.raises(DeviceUnavailable):
        ViewServer(place / "file", {}, lambda *_: None).start()
    assert (place / "file").read_text() == "not ours"


def test_the_client_tells_a_core_that_is_away(place: Path) -> None:
    client = ViewClient(place / "none.sock")
    with pytest.raises(DeviceUnavailable):
        client.connect()
    with pytest.raises(DeviceUnavailable):
        client.send(intents.Next(step=1))
    assert client.receive() is None


def test_the_client_refuses_a_core_that_is_none(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "view.sock"))
        listener.listen()
        client = ViewClient(place / "view.sock")
        client.connect()
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b'{"type":"ViewPublished"}\n')
            with pytest.raises(PeerProtocolError):
                client.receive(PATIENCE_S)
        assert client.receive(PATIENCE_S) is None


def test_close_ends_a_receive_in_another_thread(server: ViewServer, client: ViewClient) -> None:
    ended: queue.Queue[object] = queue.Queue()
    thread = threading.Thread(target=lambda: ended.put(client.receive()))
    thread.start()
    threading.Event().wait(0.05)
    client.close()
    assert ended.get(timeout=PATIENCE_S) is None
    thread.join()


def test_connect_forever_survives_a_restart_of_the_core(place: Path) -> None:
    stop, revs = threading.Event(), queue.Queue[int]()

    def screen() -> None:
        for client in connect_forever(place / "view.sock", stop):
            while (message := client.receive()) is not None:
                assert isinstance(message, wire.ViewPublished)
                revs.put(message.view.rev)

    thread = threading.Thread(target=screen)
    thread.start()
    for life in (1, 2):
        server = ViewServer(place / "view.sock", {os.geteuid(): Role.RESIDENT}, lambda *_: None)
        server.publish({Role.RESIDENT: a_view(rev=life)})
        server.start()
        assert revs.get(timeout=PATIENCE_S) == life
        if life == 2:
            stop.set()
        server.stop()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()


AS_ANOTHER = """
import os, sys
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[3]))
from kiosk.ipc.client import ViewClient
client = ViewClient(sys.argv[1])
try:
    client.connect()
except Exception as error:
    print("outside", type(error).__name__); sys.exit()
message = client.receive(20)
print("closed" if message is None else message.view.role.value)
"""


@pytest.mark.system
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become other users")
@pytest.mark.parametrize(
    ("uid", "gid", "answer"),
    [
        (64001, 64000, "resident"),
        (64002, 64000, "assistant"),
        (64003, 64000, "closed"),  # in the group, but nobody we know
        (NOBODY, 64000, "closed"),
        (64001, 64009, "outside DeviceUnavailable"),  # not in the group: the mode keeps it out
    ],
)
def test_the_role_follows_the_uid(place: Path, uid: int, gid: int, answer: str) -> None:
    server = ViewServer(place / "view.sock", {64001: Role.RESIDENT, 64002: Role.ASSISTANT}, lambda *_: None)
    server.publish({role: a_view(role=role) for role in Role})
    server.start()
    os.chown(place / "view.sock", 0, 64000)
    result = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER, str(place / "view.sock"), str(gid), str(uid)],
        capture_output=True,
        text=True,
        timeout=60,
        cwd="/",
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        check=False,
    )
    server.stop()
    assert result.stdout.strip() == answer, result.stderr

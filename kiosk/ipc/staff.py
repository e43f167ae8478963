"""The core's end of the staff socket, and `kiosk-cash`'s. A thread per person, few of them, none can hold the core up.

The peer's uid (SO_PEERCRED) names the person through the list of staff; root is not on it, so root is nobody here.
"""

from __future__ import annotations

import contextlib
import os
import queue
import socket
import threading
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Generic, TypeVar

from kiosk.errors import DeviceUnavailable, PeerProtocolError
from kiosk.intents import AnyStaffIntent
from kiosk.ipc import staff_wire as wire
from kiosk.ipc.peer import NOBODY, uid_of
from kiosk.ipc.server import remove_stale
from kiosk.messages import Message, say

SILENT_S = 60.0
"""A peer that says nothing for so long is let go."""
ANSWER_S = 15.0
"""The core answers an act within this, or the journal died under it."""
PEOPLE = 8
_RECEIVE_BYTES = 64 * 1024

Person = TypeVar("Person")


class StaffServer(Generic[Person]):
    """Hands acts to `ask` (which answers later, by number) and papers to `read` (in the person's own thread)."""

    def __init__(
        self,
        path: Path | str,
        people: Mapping[int, Person],
        ask: Callable[[int, Person, AnyStaffIntent], None],
        read: Callable[[Person, wire.Read], wire.Answer],
    ) -> None:
        """`people`: uid -> person."""
        self._path = Path(path)
        self._people = {uid: each for uid, each in people.items() if uid not in (0, NOBODY)}
        self._ask = ask
        self._read = read
        self._numbers = count(1)
        self._waiting: dict[int, queue.SimpleQueue[wire.Answer]] = {}
        self._lock = threading.Lock()
        self._seats = threading.BoundedSemaphore(PEOPLE)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._peers: set[socket.socket] = set()
        self._thread = threading.Thread(target=self._accept_all, name="staff-server", daemon=True)

    def start(self) -> None:
        """Listen. DeviceUnavailable when the socket cannot be made."""
        try:
            remove_stale(self._path)
            os.fchmod(self._listener.fileno(), 0o600)
            self._listener.bind(str(self._path))
            self._path.chmod(0o660)  # the folder's group decides who may knock
            self._listener.listen()
        except OSError as error:
            self._listener.close()
            raise DeviceUnavailable(f"core: staff socket, errno {error.errno}") from None
        self._thread.start()

    def answer(self, number: int, answer: wire.Answer) -> None:
        """From the core's loop; returns at once. An answer that nobody waits for any more is dropped."""
        with self._lock:
            waiting = self._waiting.get(number)
        if waiting is not None:
            waiting.put(answer)

    def stop(self) -> None:
        """Close everything and remove the socket."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            peers = list(self._peers)
        for each in peers:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        if self._thread.is_alive():
            self._thread.join()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    # --- threads ------------------------------------------------------------------------------------------------------

    def _accept_all(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            person = self._people.get(uid_of(peer))
            if person is None or not self._seats.acquire(blocking=False):
                peer.close()
                continue
            with self._lock:
                self._peers.add(peer)
            threading.Thread(target=self._serve, args=(peer, person), name="staff-peer", daemon=True).start()

    def _serve(self, peer: socket.socket, person: Person) -> None:
        try:
            peer.settimeout(SILENT_S)
            lines = _Lines(peer, wire.ASK_MAX)
            while (data := lines.next()) is not None:
                peer.sendall(wire.line(self._answered(person, wire.read_ask(data))))
        except (OSError, PeerProtocolError):
            pass  # whoever breaks the rules, or goes, is let go
        finally:
            with self._lock:
                self._peers.discard(peer)
            peer.close()
            self._seats.release()

    def _answered(self, person: Person, ask: wire.AnyAsk) -> wire.Answer:
        if isinstance(ask, wire.Read):
            return self._paper(person, ask)
        number, waiting = next(self._numbers), queue.SimpleQueue[wire.Answer]()
        with self._lock:
            self._waiting[number] = waiting
        try:
            self._ask(number, person, ask.intent)
            return waiting.get(timeout=ANSWER_S)
        except queue.Empty:
            return wire.Answer(
                "no-answer",
                "返事がありません。記録されたかを「kiosk-cash list」で確かめてから、やり直してください。",
                "No answer. See with `kiosk-cash list` whether it was written before you do it again.",
            )
        finally:
            with self._lock:
                del self._waiting[number]

    def _paper(self, person: Person, ask: wire.Read) -> wire.Answer:
        """A fault in a paper costs the paper, never the machine that serves residents."""
        try:
            return self._read(person, ask)
        except Exception as error:  # whatever is wrong with one report, the core goes on
            say(Message.REPORT_FAILED, report=ask.report, error=type(error).__name__)
            return wire.Answer(
                "failed",
                "帳票を作れませんでした。記録は変わっていません。",
                "The paper could not be made. Nothing that is written has changed.",
            )


class _Lines:
    """Whole lines of a socket; None at its end."""

    def __init__(self, peer: socket.socket, longest: int) -> None:
        self._peer = peer
        self._longest = longest
        self._buffer = bytearray()

    def next(self) -> bytes | None:
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > self._longest:
                raise PeerProtocolError("a line is too long")
            data = self._peer.recv(_RECEIVE_BYTES)
            if not data:
                return None
            self._buffer += data
        found = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return found


def ask_core(path: Path | str, message: wire.AnyAsk) -> wire.Answer:
    """One question to the running core. DeviceUnavailable: nobody listens there, or it does not know this uid."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as peer:
        peer.settimeout(SILENT_S)
        try:
            peer.connect(str(path))
            peer.sendall(wire.line(message))
            data = _Lines(peer, wire.ANSWER_MAX).next()
        except OSError as error:
            raise DeviceUnavailable(f"core: staff socket, errno {error.errno}") from None
    if data is None:
        raise DeviceUnavailable("core: staff socket, closed")
    return wire.read_answer(data)

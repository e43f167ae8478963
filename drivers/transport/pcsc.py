"""PC/SC: the one module that knows pyscard, and of it only the plain functions of `smartcard.scard`.

pyscard's card objects notify observers of every command, with its bytes. A PIN passes here, so there are no
observers: `transmit` is one call into the library and back, and what it was given is wiped. What we cannot
wipe: the library's and pcscd's own copies (both free theirs at once), and pcscd started with `--apdu`,
which is forbidden (README of drivers/card_service).

pcscd may come later, go and come again; readers too. A swap of cards between two looks shows in the event
counter, the high word of a reader's state.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from smartcard import scard

from drivers.transport.names import VIRTUAL_READER
from kiosk.errors import DeviceTimeout, DeviceUnavailable

_PLUG_AND_PLAY: Final = "\\\\?PnP?\\Notification"
_SERVICE_RETRY_S: Final = 0.5
_FOREVER_MS: Final = scard.INFINITE
_NO_READER_MS: Final = 5000
"""A reader that came just before we began to wait is found by then."""

_STATUS_WORD_BYTES: Final = 2
_GONE: Final = frozenset(
    {
        scard.SCARD_W_REMOVED_CARD,  # 0x80100069
        scard.SCARD_W_RESET_CARD,
        scard.SCARD_W_UNPOWERED_CARD,
        scard.SCARD_E_NO_SMARTCARD,
        scard.SCARD_E_READER_UNAVAILABLE,
        scard.SCARD_E_UNKNOWN_READER,
        scard.SCARD_E_INVALID_HANDLE,
        scard.SCARD_E_NO_SERVICE,
        scard.SCARD_E_SERVICE_STOPPED,
    }
)


@dataclass(frozen=True, slots=True)
class ReaderState:
    """What is known of our reader now. `code` says why there is none: `no-service`, `no-reader`,
    `virtual-reader`.
    """

    reader: str = ""
    code: str = ""
    has_card: bool = False
    insertions: int = 0
    """The event counter: it moves when a card comes or goes."""


class ReaderBusy(DeviceUnavailable):
    """Another program holds this reader's card. Example: a diagnostic tool was left running."""


class ReaderWatch:
    """Tells every change of one reader, from a thread of its own, until the process ends.

    `wanted` is part of the reader's name; empty: the first one by name. One whose name has `unwanted` in it is
    somebody else's.
    """

    def __init__(
        self,
        tell: Callable[[ReaderState], None],
        wanted: str = "",
        allow_virtual: bool = False,
        unwanted: str = "",
    ) -> None:
        self._tell = tell
        self._wanted = wanted
        self._unwanted = unwanted
        self._allow_virtual = allow_virtual
        self._last: ReaderState | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, name="pcsc-watch", daemon=True).start()

    def _run(self) -> None:
        pause = threading.Event()
        while True:
            context = _establish()
            if context is None:
                self._say(ReaderState(code="no-service"))
            else:
                self._watch(context)
                scard.SCardReleaseContext(context)
            pause.wait(_SERVICE_RETRY_S)

    def _watch(self, context: Any) -> None:
        """Until pcscd goes away."""
        known: dict[str, int] = {}
        while True:
            result, names = scard.SCardListReaders(context, [])
            if result not in (scard.SCARD_S_SUCCESS, scard.SCARD_E_NO_READERS_AVAILABLE):
                return
            name, code = _choose(sorted(names or ()), self._wanted, self._allow_virtual, self._unwanted)
            if not name:
                self._say(ReaderState(code=code))
            asked = [name] if name else []
            asked.append(_PLUG_AND_PLAY)
            states = [(each, known.get(each, scard.SCARD_STATE_UNAWARE)) for each in asked]
            wait_ms = _FOREVER_MS if name else _NO_READER_MS
            result, states = scard.SCardGetStatusChange(context, wait_ms, states)
            if result in (scard.SCARD_E_NO_SERVICE, scard.SCARD_E_SERVICE_STOPPED):
                return
            if result != scard.SCARD_S_SUCCESS:  # the reader went away while we asked, or there is none
                known.clear()
                continue
            for each, now, _ in states:
                known[each] = now & ~scard.SCARD_STATE_CHANGED
                if each == name:
                    self._say(_state(name, now))

    def _say(self, state: ReaderState) -> None:
        if state != self._last:
            self._last = state
            self._tell(state)


class PcscCard:
    """The card on a reader, ours alone. Exclusive until `close`, which takes its power away."""

    def __init__(self, reader: str, insertions: int) -> None:
        """`insertions` is the event counter that announced the card.

        ReaderBusy; DeviceUnavailable: gone again; DeviceTimeout: it does not answer to reset.
        """
        self._reader = reader
        self._insertions = insertions
        self._context = _establish()
        if self._context is None:
            raise DeviceUnavailable("card: no PC/SC service")
        result, self._handle, protocol = scard.SCardConnect(
            self._context,
            reader,
            scard.SCARD_SHARE_EXCLUSIVE,
            scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1,
        )
        if result == scard.SCARD_S_SUCCESS:
            self._pci = scard.SCARD_PCI_T1 if protocol == scard.SCARD_PROTOCOL_T1 else scard.SCARD_PCI_T0
            return
        if result == scard.SCARD_E_SHARING_VIOLATION:
            raise ReaderBusy("card: another program holds it")
        raise _error(result)

    def transmit(self, command: bytearray) -> bytes:
        """As drivers.jpki.apdu.Connection: one exchange, no observer, `command` wiped."""
        numbers = list(command)
        try:
            result, answer = scard.SCardTransmit(self._handle, self._pci, numbers)
        finally:
            numbers[:] = [0] * len(numbers)
            command[:] = bytes(len(command))
        if result != scard.SCARD_S_SUCCESS:
            raise _error(result)
        if len(answer) < _STATUS_WORD_BYTES:  # what vsmartcard says of a card that was pulled
            raise DeviceTimeout("card: no answer, empty")
        return bytes(answer)

    def is_gone(self, within_s: float) -> bool:
        """Whether the card is taken away, or another one put in its place, before `within_s` is over."""
        known = scard.SCARD_STATE_UNAWARE
        end = time.monotonic() + within_s
        while (left_s := end - time.monotonic()) > 0:
            asked = [(self._reader, known)]
            result, states = scard.SCardGetStatusChange(self._context, int(left_s * 1000) + 1, asked)
            if result == scard.SCARD_E_TIMEOUT:
                return False
            if result != scard.SCARD_S_SUCCESS:
                return True
            known = states[0][1] & ~scard.SCARD_STATE_CHANGED
            now = _state(self._reader, known)
            if not now.has_card or now.insertions != self._insertions:
                return True
        return False

    def close(self) -> None:
        """Power off and let go; nothing that was verified survives. Twice is fine."""
        if self._context is None:
            return
        scard.SCardDisconnect(self._handle, scard.SCARD_UNPOWER_CARD)
        scard.SCardReleaseContext(self._context)
        self._context = None


def readers() -> tuple[str, ...]:
    """The names of all readers, by name; none without the service."""
    context = _establish()
    if context is None:
        return ()
    try:
        _, names = scard.SCardListReaders(context, [])
        return tuple(sorted(names or ()))
    finally:
        scard.SCardReleaseContext(context)


def look(wanted: str = "", allow_virtual: bool = False) -> ReaderState:
    """What is known of our reader at this moment, without waiting for anything."""
    context = _establish()
    if context is None:
        return ReaderState(code="no-service")
    try:
        _, names = scard.SCardListReaders(context, [])
        name, code = _choose(sorted(names or ()), wanted, allow_virtual)
        if not name:
            return ReaderState(code=code)
        result, states = scard.SCardGetStatusChange(context, 0, [(name, scard.SCARD_STATE_UNAWARE)])
        return (
            _state(name, states[0][1]) if result == scard.SCARD_S_SUCCESS else ReaderState(code="no-reader")
        )
    finally:
        scard.SCardReleaseContext(context)


def _choose(names: list[str], wanted: str, allow_virtual: bool, unwanted: str = "") -> tuple[str, str]:
    """The reader to use, or why there is none."""
    fitting = [each for each in names if wanted in each and not (unwanted and unwanted in each)]
    allowed = [each for each in fitting if allow_virtual or VIRTUAL_READER not in each]
    if allowed:
        return allowed[0], ""
    return "", "virtual-reader" if fitting else "no-reader"


def _establish() -> Any | None:
    result, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    return context if result == scard.SCARD_S_SUCCESS else None


def _state(reader: str, flags: int) -> ReaderState:
    return ReaderState(
        reader=reader,
        has_card=bool(flags & scard.SCARD_STATE_PRESENT),
        insertions=flags >> 16 & 0xFFFF,
    )


def _error(result: int) -> DeviceUnavailable | DeviceTimeout:
    code = f"0x{result & 0xFFFFFFFF:08X}"
    if result in _GONE:
        return DeviceUnavailable(f"card: gone, {code}")
    return DeviceTimeout(f"card: no answer, {code}")

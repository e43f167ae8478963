"""One command of the core as a conversation with the issuance server: calls out, answers in, one event at the end.

No I/O here: whoever drives a conversation sends its calls (issuance_client over HTTPS). Import late, for the sake of
`kiosk.binding`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from typing import TypeVar

from kiosk import binding
from kiosk import issuance_wire as wire
from kiosk.clock import Clock
from kiosk.enrolment.keys import DeviceKey
from kiosk.errors import DeviceTimeout, DeviceUnavailable, MadoguchiError, PeerProtocolError
from kiosk.ids import KioskId
from kiosk.issuance_wire import Answer, Call, Refused
from kiosk.masking import Mask
from kiosk.messages import Message, say
from kiosk.ports import AbandonTransaction, Command, Event, Prepare, Prepared, ReadIssuance
from kiosk.same_name import PlainForms

R = TypeVar("R")
Talk = Generator[Call, Answer, R]


def converse(talk: Talk[R], send: Callable[[Call], Answer]) -> R:
    """Drive a conversation to its end; what `send` raises is told to it."""
    try:
        call = next(talk)
        while True:
            try:
                answer = send(call)
            except MadoguchiError as why:
                call = talk.throw(why)
            else:
                call = talk.send(answer)
    except StopIteration as end:
        found: R = end.value
        return found


class Desk:
    """The kiosk's side of every conversation: its keys, its checks of a paper."""

    def __init__(
        self,
        kiosk: KioskId,
        key: DeviceKey,
        manifest_key: binding.ManifestKey,
        mask: Mask,
        version: str,
        clock: Clock,
        max_clock_skew_s: float,
        *,
        is_production: bool = False,
        is_training: bool = False,
        letters: PlainForms | None = None,
        reads_aloud: bool = False,
    ) -> None:
        """`reads_aloud`: a paper's text is kept beside it, for its owner's ears."""
        self._kiosk = kiosk
        self._key = key
        self._manifest_key = manifest_key
        self._mask = mask
        self._version = version
        self._clock = clock
        self._max_clock_skew_s = max_clock_skew_s
        self._wants = "production" if is_production else "demo" if is_training else ""
        self._letters = letters
        self._reads_aloud = reads_aloud

    def attest(self) -> Talk[bool]:
        """Say which program this is; whether the server heard it."""
        try:
            answer = yield from _asked(wire.attest_call(self._version))
            wire.read(answer, wire.Attested)
        except (DeviceUnavailable, DeviceTimeout, PeerProtocolError):
            return False
        except Refused:
            say(Message.ATTESTATION_REFUSED)
        return True

    def ask(self, command: Command) -> Talk[tuple[Event | None, bool]]:
        """The event that answers a command, and whether the server is there."""
        try:
            event = yield from self._ask(command)
            return event, True
        except Refused as refused:
            return _unless_abandon(command, wire.refusal_event(command, refused)), True
        except PeerProtocolError as error:
            say(Message.SERVER_SPOKE_NONSENSE, command=type(command).__name__, why=str(error))
            return _unless_abandon(command, wire.failure_event(command, "protocol")), True
        except DeviceTimeout:
            return _unless_abandon(command, wire.failure_event(command, "timeout")), False
        except DeviceUnavailable:
            return _unless_abandon(command, wire.failure_event(command, "unreachable")), False

    def _ask(self, command: Command) -> Talk[Event | None]:
        if isinstance(command, Prepare):
            return (yield from self._prepare(command))
        event = self._event(command, (yield from _asked(wire.call_of(command))))
        if isinstance(command, ReadIssuance) and getattr(event, "stop", "") == "version":
            if (yield from self.attest()):
                event = self._event(command, (yield from _asked(wire.call_of(command))))
        return event

    def _event(self, command: Command, answer: Answer) -> Event | None:
        return wire.event_of(command, answer, self._clock.wall(), self._max_clock_skew_s, self._wants)

    def _prepare(self, command: Prepare) -> Talk[Prepared]:
        order = binding.order_bytes(self._kiosk, command.transaction, command.order, command.card_fingerprint)
        digest = hashlib.sha256(order).hexdigest()
        answer = yield from _asked(wire.prepare_call(command, digest, self._key.sign(order)))
        paper = wire.read(answer, wire.PreparedAnswer)
        expected = binding.Expected(self._kiosk, command.transaction, command.order.line, digest)
        document, evidence = binding.examine(
            paper.pdf,
            paper.manifest,
            paper.signature,
            self._manifest_key,
            expected,
            self._mask,
            command.holder,
            self._letters,
            is_to_be_read=self._reads_aloud,
        )
        return Prepared(command.transaction, command.order.line, document, evidence)


def _asked(call: Call) -> Talk[Answer]:
    """One call; once more when the connection broke before an answer and repeating is safe."""
    try:
        return (yield call)
    except DeviceUnavailable:
        if not call.is_repeatable:
            raise
    return (yield call)


def _unless_abandon(command: Command, event: Event) -> Event | None:
    """Nobody waits for an abandon: the server lets a forgotten transaction run out by itself."""
    return None if isinstance(command, AbandonTransaction) else event

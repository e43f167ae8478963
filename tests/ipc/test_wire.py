"""The screens' protocol: messages survive any split, and whatever else comes is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk import intents
from kiosk.errors import ContractError, PeerProtocolError
from kiosk.ipc import wire
from kiosk.money import Denomination, Yen
from kiosk.view import Attract as AttractBody
from kiosk.view import Pay, Price, Role, SessionView, StillThere


def a_view(rev: int = 1, role: Role = Role.RESIDENT, inserted: int = 100, town: str = "") -> SessionView:
    body = (
        AttractBody(town, "ロビー", "20:00", (Price("juminhyo", Yen(200), Yen(300)),), True)
        if town
        else Pay(
            due=Yen(200),
            inserted=Yen(inserted),
            remaining=Yen(200 - inserted),
            accepted=(Denomination.COIN100,),
            refused=(Denomination.NOTE10000,),
            is_exact_only=False,
        )
    )
    return SessionView(
        rev=rev,
        step=3,
        role=role,
        language="ja",
        languages=("ja", "en"),
        text_size="M",
        contrast="normal",
        is_voice_on=False,
        bar=None,
        intents=("Cancel",),
        body=body,
        still_there=StillThere(ends_at_s=12.5),
    )


INTENTS = st.one_of(
    st.builds(intents.Next, step=st.integers(0, 2**40)),
    st.builds(intents.ChooseLanguage, step=st.integers(0, 9), language=st.text(max_size=20)),
    st.builds(intents.SetCopies, step=st.integers(0, 9), kind=st.text(max_size=9), copies=st.integers(0, 9)),
    st.builds(intents.SetVoice, step=st.integers(0, 9), is_on=st.booleans()),
)


def drain(decoder: wire.LineDecoder[wire.T]) -> list[wire.T]:
    found = []
    while (message := decoder.next_message()) is not wire.NEED_DATA:
        found.append(message)
    return found


@given(st.lists(INTENTS, max_size=5), st.data())
def test_intents_survive_any_split(sent: list[intents.AnyIntent], data: st.DataObject) -> None:
    stream = b"".join(map(wire.line, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    decoder, received = wire.server_side(), []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        decoder.feed(stream[start:end])
        received += drain(decoder)
    assert received == sent


@pytest.mark.parametrize(
    "message",
    [wire.ViewPublished(a_view()), wire.ViewPublished(a_view(town="例示市")), wire.IntentRefused(7, "stale")],
)
def test_server_messages_survive_byte_by_byte(message: wire.AnyServerMessage) -> None:
    decoder, received = wire.client_side(), []
    for each in wire.line(message):
        decoder.feed(bytes([each]))
        received += drain(decoder)
    assert received == [message]


@given(st.binary(max_size=300))
def test_garbage_is_a_protocol_error_or_nothing(data: bytes) -> None:
    decoders: tuple[wire.LineDecoder[Any], ...] = (wire.server_side(), wire.client_side())
    for decoder in decoders:
        decoder.feed(data + b"\n")
        with pytest.raises(PeerProtocolError):
            drain(decoder)


@given(INTENTS, st.data())
def test_a_corrupted_intent_is_an_intent_or_an_error(sent: intents.AnyIntent, data: st.DataObject) -> None:
    stream = bytearray(wire.line(sent))
    stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    decoder = wire.server_side()
    decoder.feed(bytes(stream))
    try:
        drain(decoder)
    except PeerProtocolError as error:
        assert str(error) in {"not a message that we know", "this peer is not understood any more"}


@pytest.mark.parametrize(
    "line",
    [
        b'{"type":"Next"}',
        b'{"type":"Next","step":1,"pin":"1234"}',
        b'{"type":"Nothing","step":1}',
        b'{"type":"Next","step":"1"}',
        b"[]",
        b"",
        b"\xff\xfe",
        b"[" * 20_000,
    ],
)
def test_a_wrong_line_is_refused_and_never_quoted(line: bytes) -> None:
    decoder = wire.server_side()
    decoder.feed(line + b"\n")
    with pytest.raises(PeerProtocolError) as caught:
        decoder.next_message()
    assert "1234" not in str(caught.value)
    assert caught.value.__cause__ is None
    with pytest.raises(PeerProtocolError):  # broken for good
        decoder.next_message()


def test_a_line_is_bounded() -> None:
    decoder = wire.server_side()
    decoder.feed(b" " * (wire.LINE_MAX - 1))
    assert decoder.next_message() is wire.NEED_DATA
    decoder.feed(b" ")
    with pytest.raises(PeerProtocolError):
        decoder.next_message()


def test_we_never_send_a_line_that_is_too_long() -> None:
    with pytest.raises(ContractError):
        wire.line(wire.ViewPublished(a_view(town="市" * wire.LINE_MAX)))

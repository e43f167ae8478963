"""Walk A of docs/code-overview.md, walked: its bytes, its counters, its view."""

from __future__ import annotations

import re

from drivers.cctalk.codec import NEED_DATA, Frame, HostCodec
from drivers.cctalk.credits import advance
from drivers.cctalk.messages import CreditEvent, Header, parse_credits
from kiosk.engine.payment import coin_accepted, coin_in
from kiosk.engine.state import Phase
from kiosk.engine.table import ANYWHERE, FOLLOWS, TABLE
from kiosk.ids import DeviceId
from kiosk.ipc import wire
from kiosk.journal.records import CoinIn
from kiosk.money import Denomination, Yen
from kiosk.plain import encode
from kiosk.ports import CoinAccepted, CreditMark
from kiosk.view import Pay, Role
from tests.docs.names import ROOT, spans
from tests.engine.world import World

PAGE = ROOT / "docs/code-overview.md"
HEX = re.compile(r"[0-9A-F]{2}( [0-9A-F]{2})+")


def test_the_bytes_of_the_page_are_a_coin() -> None:
    poll, *pieces = [bytes.fromhex(text) for text in spans(PAGE) if HEX.fullmatch(text)]
    codec = HostCodec()
    assert codec.send(2, Header.READ_BUFFERED_CREDIT) == poll
    codec.feed(pieces[0])
    assert codec.next_frame() is NEED_DATA
    codec.feed(pieces[1])
    frame = codec.next_frame()
    assert isinstance(frame, Frame)
    assert (frame.source, len(frame.data)) == (2, 11)
    buffer = parse_credits(frame.data)
    assert buffer.events[0] == CreditEvent(4, 1)
    moved = advance(CreditMark(DeviceId("coin1"), 7, 4310, 255, "1"), "1", buffer)
    assert [(fresh.seq, fresh.raw) for fresh in moved.fresh] == [(4311, 1)]


def test_the_row_the_record_and_the_view_are_as_told() -> None:
    assert (Phase.AWAITING_PAYMENT, CoinAccepted) not in TABLE
    assert ANYWHERE[CoinAccepted] is coin_accepted
    assert FOLLOWS[CoinIn] is coin_in
    world = World().boot()
    world.until_pay()
    world.insert(Denomination.COIN100)
    assert isinstance(world.records[-1], CoinIn)
    body = world.view.body
    assert isinstance(body, Pay)
    assert (body.due, body.inserted, body.remaining) == (Yen(200), Yen(100), Yen(100))
    (told,) = [text for text in spans(PAGE) if text.startswith("{")]
    assert encode(body).startswith(told.partition("…")[0].encode())
    assistant = wire.line(wire.ViewPublished(world.glass.views[Role.ASSISTANT]))
    assert b'{"type":"Assisted","screen":"Pay","code":"","is_private":true}' in assistant

"""From page to page of the staff desk, and back. Pure."""

from __future__ import annotations

from msgspec.structs import replace

from kiosk import intents
from kiosk.engine import session, staff
from kiosk.engine.inner import Asked
from kiosk.engine.state import Desk, Turn

PAGES = (
    "menu",
    "cash",
    "units",
    "count",
    "funds",
    "pad",
    "why",
    "waiting",
    "doubt",
    "papers",
    "paper",
    "incidents",
    "incident",
    "faults",
    "steps",
    "tests",
    "test",
    "day",
    "found",
)


def desk_of(turn: Turn) -> Desk:
    return turn.state.desk or Desk(staff.NOBODY, 0.0)


def edit(turn: Turn, **changes: object) -> None:
    turn.set(desk=replace(desk_of(turn), **changes))


def go(turn: Turn, page: str, of: str = "", *, is_back: bool = False) -> None:
    """Another page; what was said on the one before is over, and so is a look through the camera."""
    if turn.state.camera_is_allowed:
        session.forbid_camera(turn)
    desk = desk_of(turn)
    trail = desk.trail if is_back else (*desk.trail, (desk.page, desk.of))
    edit(
        turn,
        page=page,
        of=of,
        trail=trail[-20:],
        said=("", ""),
        is_refused=False,
        result="",
        op=None,
        facts=(),
    )


def open_page(turn: Turn, event: Asked) -> None:
    if isinstance(event.intent, intents.OpenPage) and event.intent.page in PAGES:
        go(turn, event.intent.page, event.intent.of)


def back(turn: Turn, _: object) -> None:
    desk = desk_of(turn)
    if desk.trail:
        page, of = desk.trail[-1]
        edit(turn, trail=desk.trail[:-1], pending=None, paper=None)
        go(turn, page, of, is_back=True)

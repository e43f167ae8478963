"""What the pages of the staff desk are made of: lines and buttons, each with what it asks for. Pure."""

from __future__ import annotations

from kiosk import intents as i
from kiosk.money import Denomination, Yen
from kiosk.view import DeskButton, DeskLine

Lines = list[DeskLine]
Buttons = list[DeskButton]
Page = tuple[Lines, Buttons]
S = 0
"""The screen puts the step of its view there."""


def opens(key: str, page: str, of: str = "", mark: str = "", **values: str) -> DeskLine:
    return DeskLine(key, tuple(values.items()), mark, i.OpenPage(step=S, page=page, of=of))


def say(key: str, mark: str = "", **values: str) -> DeskLine:
    return DeskLine(key, tuple(values.items()), mark)


def do(key: str, act: i.AnyStaffIntent, *, is_main: bool = False, **values: str) -> DeskButton:
    return DeskButton(key, i.DoAct(step=S, act=act), tuple(values.items()), is_main)


def why(key: str, act: i.AnyStaffIntent, **values: str) -> DeskButton:
    return DeskButton(key, i.AskWhy(step=S, act=act), tuple(values.items()))


def yen(amount: Yen) -> str:
    return f"{amount.value:,}"


def face_of(denomination: Denomination) -> str:
    return f"@money.{denomination.value}"

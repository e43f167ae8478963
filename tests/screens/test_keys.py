"""Five keys do everything that a finger does: in order, without a trap, without repeats; each stop has a name."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kiosk import intents
from screens import samples, tree
from screens.keys import CODES, DOUBLE_STRIKE_MOST_S, Key, Strikes
from screens.theme import look
from tests.screens import gate, window
from tests.screens.window import find, show, tap

CODE = {key: code for code, key in reversed(CODES.items())}
SCREENS = tuple(name for name in samples.names() if not re.match("notice-(?!C-101)", name))


def strike(app: Any, *keys: Key) -> None:
    for key in keys:
        app.key(CODE[key])


def here(app: Any) -> str:
    button = app.focus.button
    return button.target or button.key


@pytest.mark.parametrize("name", SCREENS)
def test_every_button_is_reached_in_reading_order_and_none_is_a_trap(name: str) -> None:
    app = show(name)
    wanted = [node.key for node in tree.in_front(app.frame) if node.role in gate.PRESSABLE]
    bar = [key for key in wanted if key in ("back", "cancel", "language", "voice", "call")]
    wanted = [key for key in wanted if key not in bar] + bar
    visited = []
    for _ in wanted:
        strike(app, Key.NEXT)
        visited.append(here(app))
    assert visited == wanted
    strike(app, Key.NEXT)
    assert here(app) == wanted[0]
    strike(app, Key.PREVIOUS)
    assert here(app) == wanted[-1]


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_button_has_a_spoken_name(name: str, language: str) -> None:
    app = show(name, language)
    names = [button.spoken_name for button in app.focus.order() if button.key != "bar.call"]
    assert all(re.search(r"\w", each) for each in names), names
    person = look.words.message(
        "option.member.aloud"
    ).reading  # nobody's name is said aloud: their order tells them
    names = [each for each in names if person not in each]
    assert len(set(names)) == len(names), "two buttons with one name cannot be told apart"


def test_the_middle_key_presses_what_is_marked() -> None:
    app = show("confirm", step=7)
    while not app.focus.button or here(app) != "main":
        strike(app, Key.NEXT)
    strike(app, Key.PRESS)
    assert app._client.sent == [intents.Next(step=7)]
    strike(app, Key.PRESS)
    assert len(app._client.sent) == 1, "it leaves the screen: dead until the next view"


def test_a_word_that_cannot_be_used_says_why() -> None:
    app = show("attract")
    while not app.focus.button or here(app) != "back":
        strike(app, Key.NEXT)
    strike(app, Key.PRESS)
    assert app.frame.toast.is_shown
    assert app._client.sent == []


def test_the_help_page_has_the_keys_while_it_lies_over_the_screen() -> None:
    app = show("kinds")
    app.focus.drop()
    app.open_fields(("juminhyo",))
    strike(app, Key.NEXT)
    first = here(app)
    while here(app) != "sheet.close":
        strike(app, Key.NEXT)
    assert first in ("fields.more", "sheet.close")
    strike(app, Key.PRESS)
    assert not app.frame.fields.is_shown
    assert app.focus.button is None


def test_after_a_wrong_pin_the_next_key_is_the_first_digit_again() -> None:
    app = show("pin", step=7)
    while not app.focus.button or here(app) != "main":
        strike(app, Key.NEXT)
    app.show(samples.sample("pin-checking", step=8))
    app.show(samples.sample("pin-wrong", step=9))
    strike(app, Key.NEXT)
    assert here(app) == "key 1"


def test_the_right_key_goes_from_screen_to_bar_and_back() -> None:
    app = show("kinds")
    strike(app, Key.PART)
    assert here(app) == "which.open"
    strike(app, Key.PART)
    assert here(app) == "back"
    strike(app, Key.PART)
    assert here(app) == "which.open"


def test_under_a_sheet_the_keys_stay_on_it_and_leave_by_its_button() -> None:
    app = show("kinds")
    tap(find(app, "language"))
    keys = {button.target or button.key for button in app.focus.order()}
    assert "sheet.close" in keys
    assert "less juminhyo" not in keys
    while not app.focus.button or here(app) != "sheet.close":
        strike(app, Key.NEXT)
    strike(app, Key.PRESS)
    assert not app.frame.sheet.is_shown
    assert app.focus.button is None


def test_a_touch_takes_the_mark_away_and_it_is_seen_while_it_is_there() -> None:
    app = show("confirm")
    plain = window.pixels()
    strike(app, Key.NEXT)
    rect = app.focus.button.rect
    marked = window.pixels()
    x, y = rect.x - look.px(1.0), rect.y + rect.height // 2
    assert marked.getpixel((x, y)) == (0, 0, 0)
    assert marked.getpixel((rect.x - 1, y)) == (0xFF, 0xD4, 0x3D)
    assert plain.getpixel((x, y)) != (0, 0, 0)
    window.Touch(20, 1000).down().up()
    assert app.focus.button is None
    assert window.pixels().tobytes() == plain.tobytes()


def test_an_update_keeps_the_mark_and_a_new_screen_has_none() -> None:
    app = show("kinds")
    strike(app, Key.NEXT, Key.NEXT)
    before = here(app)
    app.show(samples.sample("kinds", rev=2))
    assert here(app) == before
    app.show(samples.sample("pay", rev=3, step=2))
    assert app.focus.button is None


def test_any_other_key_is_nothing() -> None:
    app = show("pin")
    for code in (27, 282, 49, 50, 97, 9):
        app.key(code)
    assert app.focus.button is None
    assert app.frame.screen.ids.pad.count == 0
    assert app._client.sent == []


def test_a_held_key_counts_once_and_a_tremble_once() -> None:
    strikes = Strikes(0.5)
    assert strikes.down(274, 10.0)
    assert not strikes.down(274, 10.6), "held: the keyboard repeats, we do not"
    strikes.up(274)
    assert strikes.down(274, 10.7)
    strikes.up(274)
    assert not strikes.down(274, 10.9), "a second strike within half a second"
    strikes.up(274)
    assert strikes.down(273, 10.95), "another key is another strike"
    strikes.up(273)
    assert strikes.down(274, 11.5)


def test_the_rule_for_trembling_can_be_half_a_second_and_no_more() -> None:
    strikes = Strikes(9.0)
    strikes.down(13, 1.0)
    strikes.up(13)
    assert strikes.down(13, 1.0 + DOUBLE_STRIKE_MOST_S)

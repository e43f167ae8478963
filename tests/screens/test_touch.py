"""Touches: one tap is one intent; only what is pressed and released inside counts; an unusable word says why."""

from __future__ import annotations

import typing
from typing import Any

import msgspec
import pytest
from kivy.app import App
from kivy.config import Config

from kiosk import intents, view
from kiosk.money import Yen
from screens import fonts, samples, tree
from screens.router import SCREENS
from screens.theme import colours, look, tokens
from screens.widgets.button import KINDS
from screens.widgets.paint import BOXES
from tests.screens import window
from tests.screens.window import Touch, find, show, tap


def _middle(node: Any) -> tuple[float, float]:
    return node.rect.x + node.rect.width / 2, node.rect.y + node.rect.height / 2


def test_a_tap_is_one_intent_made_on_the_step_that_is_shown() -> None:
    app = show("attract", step=7)
    tap(find(app, "main"))
    assert app._client.sent == [intents.Begin(step=7)]


def test_a_second_tap_before_the_next_view_is_nothing() -> None:
    app = show("confirm")
    node = find(app, "main")
    tap(node)
    tap(node)
    assert app._client.sent == [intents.Next(step=1)]


def test_the_next_step_brings_the_button_back() -> None:
    app = show("confirm")
    tap(find(app, "main"))
    app.show(samples.sample("confirm", step=2))
    tap(find(app, "main"))
    assert [intent.step for intent in app._client.sent] == [1, 2]


def test_a_press_that_is_released_outside_is_nothing() -> None:
    app = show("confirm")
    x, y = _middle(find(app, "main"))
    Touch(x, y).down().move(x, y - 600).up()
    assert app._client.sent == []


def test_a_press_that_comes_back_inside_counts() -> None:
    app = show("confirm")
    x, y = _middle(find(app, "main"))
    Touch(x, y).down().move(x, y - 600).move(x, y).up()
    assert app._client.sent == [intents.Next(step=1)]


def test_a_touch_that_slides_onto_a_button_is_nothing() -> None:
    app = show("confirm")
    x, y = _middle(find(app, "main"))
    Touch(x, 900).down().move(x, y).up()
    assert app._client.sent == []


def test_a_second_finger_is_ignored() -> None:
    app = show("kinds")
    first = Touch(*_middle(find(app, "more juminhyo"))).down()
    tap(find(app, "more inkan_shomei"))
    assert app._client.sent == []
    first.up()
    assert app._client.sent == [intents.SetCopies(step=1, kind="juminhyo", copies=3)]


def test_only_the_left_button_of_a_mouse_counts() -> None:
    app = show("confirm")
    x, y = _middle(find(app, "main"))
    Touch(x, y, "right").down().up()
    Touch(x, y, "scrolldown").down().up()
    assert app._client.sent == []


def test_a_pressed_button_looks_pressed_and_a_released_one_does_not() -> None:
    app = show("confirm")
    node = find(app, "main")
    box = (node.rect.x, node.rect.y, node.rect.x + node.rect.width, node.rect.y + node.rect.height + 6)
    before = window.pixels().crop(box).tobytes()
    touch = Touch(*_middle(node)).down()
    assert window.pixels().crop(box).tobytes() != before
    touch.move(5, 5)
    assert window.pixels().crop(box).tobytes() == before
    touch.up()


def test_a_key_of_the_keypad_never_looks_pressed() -> None:
    app = show("pin")
    before = window.pixels().tobytes()
    touch = Touch(*_middle(find(app, "key 5"))).down()
    assert window.pixels().tobytes() == before
    touch.up()


@pytest.mark.parametrize(("name", "word"), [("attract", "back"), ("working", "cancel")])
def test_an_unusable_word_of_the_bar_says_why(name: str, word: str) -> None:
    app = show(name)
    node = find(app, word)
    assert not node.is_enabled
    tap(node)
    assert app._client.sent == []
    assert app.frame.toast.is_shown
    assert app.frame.toast.say.text.message.text


@pytest.mark.parametrize(
    ("word", "intent"),
    [
        ("back", intents.Back(step=1)),
        ("cancel", intents.Cancel(step=1)),
        ("voice", intents.SetVoice(step=1, is_on=True)),
        ("call", intents.CallStaff(step=1)),
    ],
)
def test_the_words_of_the_bar(word: str, intent: intents.Intent) -> None:
    app = show("kinds")
    tap(find(app, word))
    assert app._client.sent == [intent]


def test_the_sheet_changes_language_size_and_colours_and_closes() -> None:
    app = show("kinds")
    tap(find(app, "language"))
    for key in ("en", "turn", "sheet.size.XL", "sheet.contrast.black", "sheet.reach.low"):
        tap(find(app, key))
    assert app._client.sent == [
        intents.ChooseLanguage(step=1, language="en"),
        intents.SetTextSize(step=1, size="XL"),
        intents.SetContrast(step=1, contrast="black"),
        intents.SetReach(step=1, is_low=True),
    ]
    tap(find(app, "sheet.close"))
    assert not app.frame.sheet.is_shown


def test_under_the_sheet_nothing_can_be_touched() -> None:
    app = show("kinds")
    node = find(app, "which.open")
    tap(find(app, "language"))
    tap(node)
    assert app._client.sent == []


def test_still_there_is_answered_and_covers_the_screen() -> None:
    app = show("kinds-still-there")
    tap(find(app, "still.go"))
    assert app._client.sent == [intents.KeepGoing(step=1)]
    app = show("pay-still-there")
    tap(find(app, "still.end"))
    assert app._client.sent == [intents.Cancel(step=1)]


def test_an_option_and_a_count_can_be_changed_again_and_again() -> None:
    app = show("options")
    tap(find(app, "honseki yes"))
    tap(find(app, "honseki no"))
    assert [intent.choice for intent in app._client.sent] == ["yes", "no"]


def test_staff_called_is_said_and_shown() -> None:
    app = show("kinds")
    app.show(msgspec.structs.replace(samples.sample("kinds", rev=2), is_staff_called=True))
    assert app.frame.toast.is_shown
    assert app.frame.bar.buttons["call"].is_chosen


def test_a_view_that_changes_nothing_keeps_the_size_of_the_letters() -> None:
    """A screen that does not hold the person's size is set smaller, and what is pressed later is drawn like that."""
    found = window.show("pin", "ja", "XL")
    factor = look.factor
    assert factor < 1.4
    found.show(samples.sample("pin", "ja", "XL", rev=9))
    assert look.factor == factor


def test_an_update_in_place_makes_no_new_widget() -> None:
    app = show("pay")
    screen = app.frame.screen
    before = {id(widget) for widget in app.frame.walk(restrict=True)}
    body = msgspec.structs.replace(samples.sample("pay").body, inserted=Yen(550), remaining=Yen(50))
    app.show(msgspec.structs.replace(samples.sample("pay", rev=2), body=body))
    assert app.frame.screen is screen
    assert {id(widget) for widget in app.frame.walk(restrict=True)} == before
    assert "50円" in [node.text for node in _tree(app)]


def _same_screen() -> list[tuple[str, str]]:
    """Pairs of samples that are one screen with other values."""
    bodies = {name: samples.sample(name).body for name in samples.names() if "still-there" not in name}
    return [
        (one, two)
        for one, first in bodies.items()
        for two, second in bodies.items()
        if one != two and type(first) is type(second) and not isinstance(first, view.Notice)
    ]


@pytest.mark.parametrize(("before", "after"), _same_screen())
def test_an_update_draws_what_a_fresh_screen_draws(before: str, after: str) -> None:
    app = show(before)
    app.show(samples.sample(after, rev=2))
    app.covers.hide_toast()  # said once, when staff are called
    updated = _text(app)
    assert updated == _text(show(after))


@pytest.mark.parametrize("name", [name for name in samples.names() if not name.startswith("notice")])
def test_language_is_switched_without_leaving_the_screen(name: str) -> None:
    app = show(name)
    screen = app.frame.screen
    app.show(samples.sample(name, "en", rev=2))
    assert app.frame.screen is screen
    assert _text(app) == _text(show(name, "en"))


def test_a_value_is_set_as_its_language_sets_it_after_a_switch() -> None:
    """The clock says the same in both; a line of Thai is higher."""
    app = show("attract")
    clock = app.frame.top_part.place_row.clock
    before = clock.block(400)
    app.show(samples.sample("attract", "th", rev=2))
    assert clock.block(400) == clock.words.block(400) != before


def test_when_the_core_is_away_the_window_says_so_and_comes_back() -> None:
    app = show("pay")
    app._client = None
    app._show_away()
    assert "wait.title" in [node.key for node in _tree(app)]
    app.show(samples.sample("pay"))
    assert "pay.title" in [node.key for node in _tree(app)]


def _tree(app: Any) -> list[Any]:
    return tree.in_front(app.frame)


def _text(app: Any) -> str:
    return tree.as_text(tree.in_front(app.frame))


def test_every_body_has_a_screen_and_a_sample() -> None:
    window.app()
    bodies = set(typing.get_args(view.AnyBody)) - {view.Assisted}
    assert set(SCREENS) == bodies
    assert samples_bodies() == bodies


@pytest.mark.parametrize("contrast", colours.PALETTES)
def test_text_and_edges_reach_their_contrast(contrast: str) -> None:
    palette = colours.PALETTES[contrast]
    for ink, ground in colours.PAIRS:
        assert colours.contrast(palette[ink], palette[ground]) >= tokens.TEXT_CONTRAST_LEAST, (ink, ground)
    for edge, ground in colours.EDGES:
        assert colours.contrast(palette[edge], palette[ground]) >= tokens.EDGE_CONTRAST_LEAST, (edge, ground)


def test_the_window_takes_orders_from_nobody() -> None:
    """No settings behind F1, no exit on escape, no module, one input provider."""
    window.app()
    assert App.get_running_app() is None
    assert dict(Config.items("input")) == {"mouse": "mouse,disable_multitouch"}
    assert Config.items("modules") == []
    assert not Config.getboolean("kivy", "exit_on_escape")


def test_every_button_has_a_pressed_picture() -> None:
    window.app()
    boxes = {kind.box for kind in KINDS.values()} | {"on"}
    assert {f"{box}_down" for box in boxes} <= set(BOXES)


def test_every_screen_can_be_made_ready_before_its_first_view() -> None:
    app = show("attract")
    app.router._warmed.clear()
    assert _pieces_made_ready(app) == len(samples_bodies()) + len(samples.LANGUAGES) + len(fonts.FILES)
    assert "attract.title" in [node.key for node in _tree(app)]
    app = show("attract", "my")
    assert _pieces_made_ready(app) == len(samples_bodies()), "again, in the language that is shown now"
    assert _pieces_made_ready(app) == 0


def _pieces_made_ready(app: Any) -> int:
    count = 0
    while app.router.warm():
        count += 1
    return count


def samples_bodies() -> set[type]:
    return {type(samples.sample(name).body) for name in (*samples.names(), *samples.staff_names())}


@pytest.mark.parametrize("name", samples.names())
def test_a_screen_at_rest_is_not_placed_again(name: str) -> None:
    """Nothing in placing may say that something changed, or an idle window would draw for ever."""
    app = show(name)
    app.tick()
    app.tick()
    assert not app.frame._is_stale


def test_the_sheet_stays_open_and_shows_what_was_chosen() -> None:
    app = show("kinds")
    tap(find(app, "language"))
    app.show(samples.sample("kinds", "ja", "XL", "black", rev=2))
    assert app.frame.sheet.is_shown
    sizes, contrasts, _ = app.frame.sheet._groups
    assert sizes.buttons["XL"].is_chosen
    assert contrasts.buttons["black"].is_chosen
    assert not sizes.buttons["S"].is_chosen


def test_who_called_sees_how_long_ago_and_that_somebody_comes() -> None:
    """In place of the steps; by the screen's own clock, without a new view; and gone when the call is over."""
    app = show("kinds")
    band = app.frame.top_part.call_band
    assert not band.is_shown
    now = look.monotonic()
    called = msgspec.structs.replace(samples.sample("kinds"), is_staff_called=True, called_at_s=now - 10)
    app.show(called)
    assert band.is_shown and band.key == "call.now" and not app.frame.top_part.steps.is_shown
    look.monotonic, real = (lambda: now + 125.0), look.monotonic
    try:
        app.tick()
        assert band.text.message.text == look.words.text("call.since", minutes="2")
        app.show(msgspec.structs.replace(called, usual_wait_s=100))
        assert band.text.message.text == look.words.text("call.since.usual", minutes="2", usual="2")
    finally:
        look.monotonic = real
    app.show(msgspec.structs.replace(called, is_call_answered=True))
    assert band.key == "call.coming"
    app.show(samples.sample("kinds"))
    assert not band.is_shown and app.frame.top_part.steps.is_shown

"""When the screens speak, and what of it; no digit is ever told. What every screen says in every language: gate.speech.

No sound here: what goes to the voice process is looked at. The sound itself: tests/voice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from i18n import catalogue, voices
from kiosk import intents
from kiosk.ipc.voice_wire import Ears, Hush, Play, Say, Sound
from kiosk.money import Yen
from kiosk.view import Confirm, EnterPin, Pay, TakeCard
from screens import samples, tree
from screens.keys import CODES, Key
from screens.speech import Teller
from screens.theme import look
from screens.voice import Voice
from tests.screens import gate
from tests.screens.window import find, show, tap

CODE = {key: code for code, key in reversed(CODES.items())}


class Mouth:
    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, message: Any) -> None:
        self.sent.append(message)

    def said(self) -> list[str]:
        """Every line since the last look."""
        found = [line.text for each in self.sent if isinstance(each, Say) for line in each.lines]
        self.sent.clear()
        return found

    def played(self) -> list[Sound]:
        return [each.sound for each in self.sent if isinstance(each, Play)]


@pytest.fixture
def mouth() -> Iterator[Mouth]:
    """The window's voice, heard."""
    made = Mouth()
    app = show("attract")
    before, app.voice = app.voice, Voice(made, app.frame, app.send, look.monotonic)
    app.frame.on_dark_touch = app.voice.dark_touch
    yield made
    app.show(samples.sample("attract"))
    app.voice = before


def listen(name: str, language: str = "ja", **more: Any) -> Any:
    """The app with this screen, the voice on."""
    app = show(name, language)
    app.show(replace(samples.sample(name, language), is_voice_on=True, **more))
    return app


def strike(app: Any, *keys: Key) -> None:
    for key in keys:
        app.key(CODE[key])


def test_a_notice_and_the_confirmation_are_never_said_aloud() -> None:
    for name in ("notice-C-101", "confirm", "kinds", "options-six", "trouble-held", "last-try"):
        app = show(name)
        lines = Teller(app.frame, "ja").screen()
        title = voices.as_spoken(app.frame.top_part.title.message, "ja")
        assert next(each for each in lines if each.text == title).is_private, name


def test_a_plug_begins_it_and_its_end_ends_it(mouth: Mouth) -> None:
    app = show("confirm", step=4)
    app.voice.hear_ears(Ears(True, False))
    assert app._client.sent == [intents.SetVoice(step=4, is_on=True)]
    assert mouth.played() == [Sound.READY]
    app.show(replace(samples.sample("confirm", step=4), is_voice_on=True))
    said = mouth.said()
    assert said[0] == voices.as_spoken(look.words.message("speak.begin"), "ja")
    assert not any(each == voices.as_spoken(look.words.message("speak.plug"), "ja") for each in said)
    app.voice.hear_ears(Ears(False, False))
    assert app._client.sent[1:] == [intents.SetVoice(step=4, is_on=False)]
    app.show(samples.sample("confirm", step=4))
    assert mouth.sent[-1] == Hush()


def test_the_marked_key_begins_it_on_the_speaker_which_says_where_to_hear_more(mouth: Mouth) -> None:
    app = show("confirm", step=4)
    strike(app, Key.VOICE)
    assert app._client.sent == [intents.SetVoice(step=4, is_on=True)]
    app.show(replace(samples.sample("confirm", step=4), is_voice_on=True))
    assert mouth.said()[-1] == voices.as_spoken(look.words.message("speak.plug"), "ja")
    app.voice.hear_ears(Ears(False, True))
    assert mouth.said(), "with the handset at the ear the screen is said again, whole"
    app.voice.hear_ears(Ears(False, False))
    assert app._client.sent[1:] == [], "what a key switched on a key switches off"


def test_a_new_screen_is_said_whole_and_an_update_only_what_is_new(mouth: Mouth) -> None:
    app = listen("pay")
    mouth.said()
    view = app.router.view
    assert isinstance(view.body, Pay)
    more = replace(view.body, inserted=Yen(view.body.inserted.value + 100), remaining=Yen(350))
    app.show(replace(view, rev=9, body=more))
    assert mouth.played() == [Sound.COIN]
    said = mouth.said()
    assert any("350円" in each for each in said) and len(said) <= 3
    app.show(replace(view, rev=10, body=more))
    assert mouth.said() == [], "nothing new, nothing said"
    strike(app, Key.AGAIN)
    assert len(mouth.said()) > 5


def test_the_keys_name_what_they_are_on_with_its_state(mouth: Mouth) -> None:
    app = listen("confirm")
    mouth.said()
    strike(app, Key.NEXT)
    name = app.focus.button.spoken_name
    assert mouth.played() == [Sound.MOVE]
    assert mouth.said() == [" ".join(name.split())]
    while app.focus.button.target != "main":
        strike(app, Key.NEXT)
    mouth.said()
    strike(app, Key.PRESS)
    assert mouth.played() == [Sound.PRESS]


def test_no_digit_and_no_way_to_a_digit_is_told(mouth: Mouth) -> None:
    """Equal numbers of messages for 1 and for 9: who reads the voice's socket learns how many digits there are."""
    told: list[list[Any]] = []
    app = listen("pin")
    for downs in (1, 9):
        listen("pin")
        app.frame.screen.ids.pad.now_s = iter(range(99)).__next__  # hands, not a tremble
        mouth.sent.clear()
        for count in (1, 2, 3):
            strike(app, *[Key.NEXT] * downs, Key.PRESS)
            assert app.frame.screen.ids.pad.count == count
            assert app.focus.button is None, "no mark stays on the digit"
        told.append(list(mouth.sent))
    assert told[0] == told[1]
    assert [each.sound for each in told[0] if isinstance(each, Play)] == [Sound.DIGIT] * 3
    lines = [line for each in told[0] if isinstance(each, Say) for line in each.lines]
    assert all(line.is_private for line in lines)
    assert not any(re.search("key|キー", line.text) for line in lines)
    assert not any(each.text.isdecimal() for each in Teller(app.frame, "ja").screen())


def test_the_ten_keys_digits_click_and_a_wrong_pin_is_an_error(mouth: Mouth) -> None:
    app = listen("pin")
    view = app.router.view
    assert isinstance(view.body, EnterPin)
    mouth.sent.clear()
    for count in (1, 2):
        app.show(replace(view, rev=count + 5, body=replace(view.body, keyed=count)))
    assert mouth.played() == [Sound.DIGIT, Sound.DIGIT]
    app.show(samples.sample("pin-wrong", rev=9, step=2))
    assert Sound.ERROR in mouth.played()


def test_a_card_that_is_left_behind_is_said_aloud_also_to_who_sees(mouth: Mouth) -> None:
    app = show("take-card")
    view = app.router.view
    assert isinstance(view.body, TakeCard)
    mouth.sent.clear()
    now = [1000.0]
    app.voice._now_s = lambda: now[0]
    app.show(replace(view, rev=5, body=replace(view.body, is_left=True)))
    assert mouth.played() == [Sound.LEFT_BEHIND]
    assert mouth.said()
    app.tick()
    assert mouth.sent == []
    now[0] += 5.1
    app.tick()
    assert mouth.played() == [Sound.LEFT_BEHIND], "again and again, until it is taken"
    assert all(not line.is_private for each in mouth.sent if isinstance(each, Say) for line in each.lines)


def test_time_that_runs_out_is_heard(mouth: Mouth) -> None:
    name = next(each for each in samples.names() if samples.sample(each).still_there is not None)
    app = listen(name)
    assert Sound.WARNING in mouth.played()
    assert any("30" in each or "20" in each for each in mouth.said())
    now = [1000.0]
    app.voice._now_s = lambda: now[0]
    now[0] = app.router.view.still_there.ends_at_s - 8
    app.voice.tick()
    assert mouth.played() == [Sound.WARNING]
    mouth.sent.clear()
    app.voice.tick()
    assert mouth.sent == [], "twice, not all the time"


def test_louder_faster_and_their_ends(mouth: Mouth) -> None:
    app = listen("kinds", step=3, loudness=5)
    mouth.sent.clear()
    strike(app, Key.LOUDER, Key.SLOWER)
    assert app._client.sent == [intents.SetLoudness(step=3, level=6), intents.SetPace(step=3, level=1)]
    app.show(replace(app.router.view, rev=6, loudness=6))
    assert [(each.loudness, each.lines[0].text) for each in mouth.sent] == [(6, "音の大きさ 7")]
    mouth.sent.clear()
    strike(app, Key.LOUDER)
    assert mouth.played() == [Sound.EDGE]


def test_in_the_dark_nothing_is_seen_a_hand_does_nothing_and_keys_do_everything(mouth: Mouth) -> None:
    from tests.screens import window  # noqa: PLC0415

    app = listen("confirm", step=7)
    strike(app, Key.CURTAIN)
    assert app._client.sent == [intents.SetCurtain(step=7, is_on=True)]
    main = find(app, "main")
    app.show(replace(app.router.view, rev=8, is_curtained=True))
    assert [each for _, each in window.pixels().convert("RGB").getcolors(1 << 24)] == [(0, 0, 0)]
    mouth.sent.clear()
    tap(main)
    assert app._client.sent[1:] == []
    assert mouth.said() == [voices.as_spoken(look.words.message("speak.curtain"), "ja")]
    while not app.focus.button or app.focus.button.target != "main":
        strike(app, Key.NEXT)
    strike(app, Key.PRESS)
    assert app._client.sent[1:] == [intents.Next(step=7)]
    app.show(replace(app.router.view, rev=9, is_curtained=False))
    assert len(window.pixels().convert("RGB").getcolors(1 << 24)) > 10


def test_a_language_without_a_voice_shows_itself_and_is_heard_in_english(mouth: Mouth) -> None:
    listen("attract", "mn")
    say = next(each for each in mouth.sent if isinstance(each, Say))
    assert say.lines[0].text.startswith("There is no voice for Mongolian yet. You hear English.")
    assert look.words.text("bar.language") and "“Language”" in say.lines[0].text, "and where there are others"
    title = catalogue.load("en").message("attract.title")
    assert voices.as_spoken(title, "en") in [each.text for each in say.lines]
    assert look.words.language == "mn", "the window keeps its own"


def test_what_is_confirmed_is_heard_by_its_owner(mouth: Mouth) -> None:
    app = listen("confirm")
    assert isinstance(app.router.view.body, Confirm)
    said = " ".join(mouth.said())
    assert "住民票" in said and "円" in said


@pytest.mark.parametrize(("name", "language"), [("done", "ja"), ("done", "my"), ("take-things", "ja")])
def test_the_button_that_reads_the_certificate_is_there_when_it_may_be(
    name: str, language: str, mouth: Mouth
) -> None:
    app = show(name, language)
    assert not [node for node in tree.in_front(app.frame) if node.key == "read"]
    view = samples.sample(name, language)
    may = (*view.intents, "ReadAloud")
    app.show(replace(view, rev=2, step=2, is_voice_on=True, intents=may))
    nodes = tree.in_front(app.frame)
    assert gate.places(nodes) + gate.targets(nodes) + gate.words(app.frame) + gate.speech(app, language) == []
    tap(find(app, "read"))
    assert app._client.sent == [intents.ReadAloud(step=2, is_on=True)]
    mouth.sent.clear()
    app.show(replace(view, rev=3, step=3, is_voice_on=True, intents=may, is_reading=True))
    assert mouth.sent == [Hush()], "the sound device is the reading process's"
    strike(app, Key.NEXT, Key.AGAIN)
    assert mouth.sent == [Hush()]
    assert app._client.sent[1:] == [intents.ReadAloud(step=3, is_on=False)]
    app.voice.hear_ears(Ears(True, False))
    app.show(replace(view, rev=4, step=4, is_voice_on=True, intents=may))
    assert mouth.said()[0] == voices.as_spoken(catalogue.load(language).message("speak.read.done"), language)


def test_the_help_page_and_another_page_of_a_list_are_said(mouth: Mouth) -> None:
    app = listen("kinds-ten")
    mouth.sent.clear()
    app.open_fields(("juminhyo",))
    assert any("世帯主" in line for line in mouth.said())
    tap(find(app, "sheet.close"))
    assert any("えらぶ" in line for line in mouth.said()), "the screen below again"
    app.frame.screen.turn()
    assert any("えらぶ" in line for line in mouth.said())

"""What a screen says to somebody who does not see it: what stands there in reading order, then what can be chosen.

It is read off the widgets, so every screen speaks, and a screen that is new tomorrow too. The words come from the
catalogue of the language that is heard (`i18n.voices`): where a language has no voice, the screen shows it and English
is heard. Never a digit of a secret: a keypad has no words here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from i18n.catalogue import Catalogue, load
from i18n.message import Message
from i18n.voices import NO_VOICE, STAND_IN, VOICES, as_spoken, one_line, spoken_in
from kiosk.ipc.voice_wire import SpokenLine
from screens.theme import look
from screens.widgets.base import Element
from screens.widgets.button import PushButton
from screens.widgets.choice import LanguageButton
from screens.widgets.frame import Frame
from screens.widgets.keypad import Keypad
from screens.widgets.text import Text

Lines = tuple[SpokenLine, ...]


class Teller:
    """Speaks of one window, in the language that is heard now."""

    def __init__(self, frame: Frame, language: str) -> None:
        self._frame = frame
        self._shown = language
        self.language = spoken_in(language)
        self._words: Catalogue = load(self.language)

    # --- whole screens

    def screen(self) -> Lines:
        """What is in front: the question or sheet over the screen, else the screen with its title."""
        with look.speaking(self._words):
            found = self._over() if self._is_under else self._whole()
            return _each_once([*found, *self._choices()])

    @property
    def _is_under(self) -> bool:
        return self._in_front is not self._frame.screen

    @property
    def _in_front(self) -> Element | None:
        frame = self._frame
        over = (each for each in (frame.still, frame.sheet, frame.fields) if each.is_shown)
        return next(over, frame.screen)

    def _over(self) -> Iterator[SpokenLine]:
        frame = self._frame
        if frame.still.is_shown:
            yield from self._said("still.title")
            yield from self._texts(frame.still.lead, True)
            yield from self._said("speak.seconds", int(frame.still.seconds.parts_of_text[1]))
        elif frame.sheet.is_shown:
            yield from self._texts(frame.sheet, True)
        else:  # of which certificate, is hers
            yield from self._texts(frame.fields, False)

    def _whole(self) -> Iterator[SpokenLine]:
        frame, screen = self._frame, self._frame.screen
        if screen is None:
            return
        top = frame.top_part
        aloud = screen.speaks_aloud
        if top.steps.is_shown and top.steps.total:
            yield self._line(
                self._words.message("step.now", now=top.steps.now, total=top.steps.total), is_private=False
            )
        for part in (top.title, top.lead, screen):
            yield from self._texts(part, aloud)

    def _texts(self, root: Element, aloud: bool) -> Iterator[SpokenLine]:
        """In reading order; buttons and keypads come later or never."""
        if not root.is_shown or isinstance(root, PushButton | Keypad):
            return
        if isinstance(root, Text):
            if (
                root.rect.width and not root.language
            ):  # a name in another language beside it is not said twice
                yield self._line(root.message, is_private=not (aloud and root.is_fixed), key=root.key)
            return
        for part in root.parts():
            yield from self._texts(part, aloud)

    def _choices(self) -> Iterator[SpokenLine]:
        over = self._in_front
        if over is None:
            return
        buttons = [each for each in _buttons(over) if each.can_press]
        if any(each.is_silent for each in buttons):
            yield from self._said("speak.keypad")
        named = [each for each in buttons if not each.is_silent]
        if named:
            yield from self._said("speak.choices")
        for each in named:
            yield self._named(each)

    # --- single things

    def button(self, button: PushButton) -> Lines:
        """Name and state of what the keys are on; nothing for a digit."""
        if button.is_silent:
            return ()
        with look.speaking(self._words):
            return (self._named(button),)

    def _named(self, button: PushButton) -> SpokenLine:
        if isinstance(button, LanguageButton):
            return self._language_name(button)
        screen = self._frame.screen
        is_fixed = not button.is_chosen and button.is_fixed
        aloud = (
            self._is_under or button.parent is self._frame.bar or (screen is not None and screen.speaks_aloud)
        )
        return SpokenLine(
            one_line(button.spoken_name, self.language), self.language, is_private=not (aloud and is_fixed)
        )

    def _language_name(self, button: LanguageButton) -> SpokenLine:
        """Each by its own voice."""
        language = button.language or self.language
        if language in NO_VOICE:
            return SpokenLine(NO_VOICE[language], STAND_IN, is_private=False)
        return self._line(button.message, is_private=False, language=language)

    def said(
        self, key: str, count: int | None = None, *, is_private: bool = False, **values: str | int
    ) -> Lines:
        """A text that is only spoken."""
        return tuple(self._said(key, count, is_private=is_private, **values))

    def _said(
        self, key: str, count: int | None = None, *, is_private: bool = False, **values: str | int
    ) -> Iterator[SpokenLine]:
        yield self._line(self._words.message(key, count, **values), is_private=is_private, key=key)

    def excuse(self) -> Lines:
        """Said once in a language that has no voice here, or a poor one."""
        if self._shown in NO_VOICE:
            words = load(STAND_IN).message("speak.no_voice", language=NO_VOICE[self._shown])
            return (self._line(words, is_private=False, language=STAND_IN),)
        if VOICES[self._shown].is_rough:
            return (self._line(load(STAND_IN).message("speak.rough"), is_private=False, language=STAND_IN),)
        return ()

    def _line(self, message: Message, *, is_private: bool, key: str = "", language: str = "") -> SpokenLine:
        heard = language or self.language
        if key and not self._words.has(key) and heard not in ("ja", "ja-simple"):
            heard = STAND_IN  # the catalogue lends the English words: an English voice says them
        return SpokenLine(as_spoken(message, heard), heard, is_private)


def has_private(lines: Iterable[SpokenLine]) -> bool:
    return any(each.is_private for each in lines)


def news(before: Lines, now: Lines) -> Lines:
    """What was not said of this screen yet."""
    known = {each.text for each in before}
    return tuple(each for each in now if each.text not in known)


def _each_once(lines: Iterable[SpokenLine]) -> Lines:
    found: dict[str, SpokenLine] = {}
    for each in lines:
        if any(letter.isalnum() for letter in each.text):
            found.setdefault(each.text, each)
    return tuple(found.values())


def _buttons(root: Element) -> list[PushButton]:
    if not root.is_shown or not root.rect.width:
        return []
    if isinstance(root, PushButton):
        return [root]
    return [button for part in root.parts() for button in _buttons(part)]


__all__ = ["Lines", "Teller", "has_private", "news"]

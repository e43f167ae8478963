"""The one look of the window: panel size, text size, contrast, language. Widgets ask it; the router changes it."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

from i18n.catalogue import SOURCE, Catalogue, load
from screens.theme import tokens
from screens.theme.colours import PALETTES, rgba

Rgba = tuple[float, float, float, float]


def _now() -> dt.datetime:
    return dt.datetime.now()


class Look:
    """Mutable, one per process. `dress` returns True when everything must be drawn anew."""

    def __init__(self) -> None:
        self.width, self.height = 1080, 1920
        self.mm = 1080 / 267.8
        self.factor = 1.0
        self.text_size = "S"
        self.contrast = "normal"
        self.words: Catalogue = load(SOURCE)
        self.moves = True
        """Pictures may move; tests and the picture book hold them still."""
        self.monotonic: Callable[[], float] = time.monotonic
        """What a deadline of the view is measured by; tests stop it."""
        self.now: Callable[[], dt.datetime] = _now
        """The wall clock of the idle screen; tests and the picture book stop it."""

    def fit_panel(self, size: tuple[int, int], panel_mm: tuple[float, float]) -> None:
        """Take the panel's pixels and millimetres; the smaller pitch decides, so nothing comes out too small."""
        self.width, self.height = size
        self.mm = max(size[0] / panel_mm[0], size[1] / panel_mm[1])

    def dress(self, language: str, text_size: str, contrast: str) -> bool:
        """Follow the view's language, text size and contrast; unknown ones keep what was."""
        before = (self.words.language, self.text_size, self.contrast)
        if language != self.words.language:
            self.words = _load_or(language, self.words)
        if text_size in tokens.SIZE_FACTOR:
            self.text_size = text_size
        if contrast in PALETTES:
            self.contrast = contrast
        self.factor = tokens.SIZE_FACTOR[self.text_size]
        return before != (self.words.language, self.text_size, self.contrast)

    def px(self, mm: float) -> int:
        """Whole pixels: edges stay sharp."""
        return round(mm * self.mm)

    def em_px(self, style: str, factor: float | None = None) -> int:
        """The em of a text style at the person's text size."""
        text = tokens.TEXT[style]
        return round(text.em_mm * self.mm * min(self.factor if factor is None else factor, text.most))

    def colour(self, name: str) -> Rgba:
        return rgba(PALETTES[self.contrast][name])


def _load_or(language: str, otherwise: Catalogue) -> Catalogue:
    try:
        return load(language)
    except FileNotFoundError:
        return otherwise


look = Look()

"""The one look of the window: panel size, text size, contrast, language. Widgets ask it; the router changes it."""

from __future__ import annotations

import datetime as dt
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from i18n.catalogue import SOURCE, Catalogue, load
from screens.theme import tokens
from screens.theme.colours import PALETTES, rgba

Rgba = tuple[float, float, float, float]


def _now() -> dt.datetime:
    return dt.datetime.now()


class PanelTooSmallError(ValueError):
    """On this panel, from this distance, letters would be smaller than EN 301 549 allows."""


class Look:
    """Mutable, one per process. `dress` returns True when everything must be drawn anew."""

    def __init__(self) -> None:
        self.width, self.height = 1080, 1920
        self.mm = 1080 / 267.8
        self.pitch = self.mm
        """Pixels in a real millimetre; `mm` is one of the design sheet, which a panel shows larger or smaller."""
        self.reach_mm = tokens.REACH_MM
        self.is_low = False
        """Every control within low reach."""
        self.has_help_line = False
        """Somebody helps, and the way to end that stands above the words of the bar: within low reach."""
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

    def fit_panel(
        self,
        size: tuple[int, int],
        panel_mm: tuple[float, float],
        distance_mm: float = tokens.DISTANCE_MM,
        reach_mm: float = tokens.REACH_MM,
    ) -> None:
        """Take the panel's pixels and millimetres and from where it is read; the sheet is fitted onto it."""
        self.width, self.height = size
        self.pitch = max(size[0] / panel_mm[0], size[1] / panel_mm[1])
        sheet = tokens.DESIGN_MM if size[0] < size[1] else tokens.DESIGN_MM[::-1]
        scale = min(panel_mm[0] / sheet[0], panel_mm[1] / sheet[1])
        least = min(text.em_mm for text in tokens.TEXT.values()) * tokens.CAPITAL_PER_EM * scale
        wanted = distance_mm * math.tan(math.radians(tokens.CAPITAL_DEGREES))
        if scale < tokens.SMALLEST - 0.005 or least < wanted:
            raise PanelTooSmallError(
                f"capitals would be {least:.1f} mm high; from {distance_mm:.0f} mm {wanted:.1f} are needed"
            )
        self.mm = self.pitch * scale
        self.reach_mm = reach_mm

    @property
    def is_landscape(self) -> bool:
        return self.width > self.height

    @property
    def bar_px(self) -> int:
        """How high the bar is."""
        high = tokens.BAR_HEIGHT_ACROSS if self.is_landscape else tokens.BAR_HEIGHT
        return self.px(high) + self.help_line_px

    @property
    def help_line_px(self) -> int:
        """What of it lies above the words."""
        return self.px(tokens.HELP_LINE + tokens.HELP_LINE_GAP) if self.has_help_line else 0

    @property
    def reach_px(self) -> int:
        """So high above the lower edge a control may lie, in low reach; across the panel, anywhere."""
        return self.height if self.is_landscape else round(self.reach_mm * self.pitch)

    @property
    def is_split(self) -> bool:
        """Controls stand in a part of the panel of their own."""
        return self.is_low or self.is_landscape

    def dress(self, language: str, text_size: str, contrast: str, is_low: bool = False) -> bool:
        """Follow the view's language, text size, contrast and reach; unknown ones keep what was."""
        before = (self.words.language, self.text_size, self.contrast, self.is_low)
        self.is_low = is_low
        if language != self.words.language:
            self.words = _load_or(language, self.words)
        if text_size in tokens.SIZE_FACTOR:
            self.text_size = text_size
        if contrast in PALETTES:
            self.contrast = contrast
        is_other = before != (self.words.language, self.text_size, self.contrast, self.is_low)
        if is_other:  # else what is shown keeps the factor that it was placed at
            self.factor = tokens.SIZE_FACTOR[self.text_size]
        return is_other

    @contextmanager
    def speaking(self, words: Catalogue) -> Iterator[None]:
        """What widgets would show in another language, to be said: the window keeps its own."""
        shown, self.words = self.words, words
        try:
            yield
        finally:
            self.words = shown

    def px(self, mm: float) -> int:
        """Whole pixels: edges stay sharp."""
        return round(mm * self.mm)

    def em_px(self, style: str, factor: float | None = None) -> int:
        """The em of a text style at the person's text size."""
        text = tokens.TEXT[style]
        em = text.em_mm * min(self.factor if factor is None else factor, text.most)
        return round(max(em, tokens.LEAST_EM) * self.mm)

    def colour(self, name: str) -> Rgba:
        return rgba(PALETTES[self.contrast][name])


def _load_or(language: str, otherwise: Catalogue) -> Catalogue:
    try:
        return load(language)
    except FileNotFoundError:
        return otherwise


look = Look()

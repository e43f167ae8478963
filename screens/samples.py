"""Invented views: one or more for every Body. The picture book, the layout tests and the benchmark show these."""

from __future__ import annotations

import msgspec

from i18n.catalogue import languages
from kiosk.view import (
    Notice,
    Role,
    SessionView,
    StepBar,
    StillThere,
)
from screens.sample_bodies import FACE_HINTS, PHONE, SLOT
from screens.sample_more import MORE
from screens.sample_screens import SAMPLES, Sample
from screens.sample_staff import STAFF
from screens.theme import look

_ALWAYS = (
    "ChooseLanguage",
    "CallStaff",
    "SetVoice",
    "SetLoudness",
    "SetPace",
    "SetCurtain",
    "SetTextSize",
    "SetContrast",
    "SetReach",
)
LANGUAGES = languages()
"""What an invented town offers: everything that there is."""
_STILL = {"kinds-still-there": ("kinds", False), "pay-still-there": ("pay", True)}
"""Name -> the sample below the question, and whether money is inside."""
_HELPED = {"helped-pin": "pin", "helped-kinds": "kinds", "helped-pay": "pay"}
"""A floor assistant's badge has marked the screen."""
_UNATTENDED = {"kinds-phone": "kinds", "trouble-phone": "trouble-held"}
"""Name -> the sample in which staff were called and nobody is there."""
_CALLED = {"kinds-called": "kinds"}
"""A person waits for staff: since three minutes, where it mostly takes two."""
STILL_S = 20.0

NOTICE_CODES = (
    "C-101", "C-102", "C-103", "C-104", "C-105", "C-106", "C-107", "C-108", "C-109", "C-110", "C-111", "C-112", "C-113",
    "F-701", "P-201", "P-202", "P-203", "P-204",
    "N-301", "N-302", "N-303", "N-304", "N-305", "N-306", "N-307",
    "N-308", "N-309", "N-310", "N-311", "N-312", "M-401",
    "M-402", "M-403", "M-404", "M-405", "M-406", "M-407", "M-408", "M-411", "M-412", "M-409", "M-410", "R-501",
    "R-502", "R-503",
    "R-504", "R-505", "R-506", "X-601", "X-602", "X-603", "X-604", "X-605", "X-606", "X-607", "X-608",
)  # fmt: skip
"""Every public code of the house."""


def sample(
    name: str,
    language: str = "ja",
    text_size: str = "S",
    contrast: str = "normal",
    *,
    rev: int = 1,
    step: int = 1,
    is_low: bool = False,
) -> SessionView:
    """The view of this name; KeyError for a name that is not in `names()`."""
    if name in _STILL:
        below, has_money = _STILL[name]
        view = sample(below, language, text_size, contrast, rev=rev, step=step, is_low=is_low)
        question = StillThere(look.monotonic() + STILL_S, has_money)
        return msgspec.structs.replace(view, still_there=question, intents=(*view.intents, "KeepGoing"))
    if name in _HELPED:
        view = sample(_HELPED[name], language, text_size, contrast, rev=rev, step=step, is_low=is_low)
        return msgspec.structs.replace(
            view, is_helped=True, is_helper_here=True, intents=(*view.intents, "EndHelp")
        )
    if name in _UNATTENDED:
        view = sample(_UNATTENDED[name], language, text_size, contrast, rev=rev, step=step, is_low=is_low)
        return msgspec.structs.replace(view, is_staff_called=True, phone=PHONE)
    if name in _CALLED:
        view = sample(_CALLED[name], language, text_size, contrast, rev=rev, step=step, is_low=is_low)
        called = look.monotonic() - 200.0
        return msgspec.structs.replace(view, is_staff_called=True, called_at_s=called, usual_wait_s=120)
    for found, body, now, intents in (*SAMPLES, *STAFF, *_notices(), *MORE):
        if found == name:
            return SessionView(
                rev=rev,
                step=step,
                role=Role.RESIDENT,
                language=language,
                languages=LANGUAGES,
                text_size=text_size,
                contrast=contrast,
                is_voice_on=False,
                bar=StepBar(now, 6) if now else None,
                intents=intents if name in staff_names() else _ALWAYS + intents,
                body=body,
                is_low_reach=is_low,
            )
    raise KeyError(name)


def _notices() -> tuple[Sample, ...]:
    return tuple((f"notice-{code}", Notice(code), 0, ("Next",)) for code in NOTICE_CODES)


__all__ = [
    "FACE_HINTS",
    "LANGUAGES",
    "NOTICE_CODES",
    "SLOT",
    "STILL_S",
    "more_names",
    "names",
    "sample",
    "staff_names",
]


def names() -> tuple[str, ...]:
    return (*(each[0] for each in (*SAMPLES, *_notices())), *_STILL, *_UNATTENDED, *_CALLED)


def more_names() -> tuple[str, ...]:
    """Of samples that only show more words."""
    return tuple(each[0] for each in MORE)


def staff_names() -> tuple[str, ...]:
    """Of screens that only staff see."""
    return (*(each[0] for each in STAFF), *_HELPED)

"""Everything that can be seen in the window, by name: the invented screens, and what lies over a screen. For the
picture book and the gate; not in the appliance.

    kinds, pay, …           the samples of samples.py
    more-order, …           those of sample_more.py: texts that no other one has
    connecting              the core is away
    kinds+languages         the sheet behind ことば; kinds+display its other page
    kinds+fields-KIND       the help page of a certificate, field by field: as many pages as the words need
    kinds+toast-KEY         the short message above the bar
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from i18n import pseudo
from i18n.explained import FIELDS
from screens import samples, tree
from screens.theme import look
from screens.widgets.base import Element
from screens.widgets.explain import ExplainSheet
from screens.widgets.paged import PagedScreen

if TYPE_CHECKING:
    from screens.app import UiApp

TOASTS = (
    "bar.back.off",
    "bar.cancel.off",
    "bar.cancel.printing",
    "bar.language.off",
    "bar.voice.off",
    "bar.call.off",
    "toast.called",
    "toast.coming",
)
PAGES_MOST = 30
"""More would be a loop that does not end."""


class Manner(NamedTuple):
    """How everything is shown."""

    language: str
    size: str = "S"
    contrast: str = "normal"
    is_low: bool = False


def overlays() -> tuple[str, ...]:
    """What lies over a screen."""
    return (
        "kinds+languages",
        "kinds+display",
        *(f"kinds+fields-{kind}" for kind in FIELDS),
        *(f"kinds+toast-{key}" for key in TOASTS),
    )


def names() -> tuple[str, ...]:
    """Every exhibit that a resident can see."""
    return (*samples.names(), *samples.more_names(), "connecting", *overlays())


def pose(app: UiApp, name: str, manner: Manner) -> Iterator[str]:
    """Show it; the name of each picture, while the app shows it. Help pages and long lists have several."""
    base, _, over = name.partition("+")
    _clear(app)
    if manner.language == pseudo.LANGUAGE and look.words is not pseudo.catalogue():
        look.words = pseudo.catalogue()
        app.frame.restyle()
    if base == "connecting":
        look.dress(*manner)
        app.frame.restyle()
        app.router.show_connecting()
        from kivy.core.window import Window  # noqa: PLC0415  # opens the window

        Window.clearcolor = look.colour("page")
    else:
        app.show(samples.sample(base, manner.language, manner.size, manner.contrast, is_low=manner.is_low))
        app.frame.clear(app.frame.toast)  # of what has just happened: an exhibit of its own
        app.settle()
    if over in ("languages", "display"):
        app.open_languages()
        app.frame.sheet.open(is_display=over == "display")
        app.settle()
    elif over.startswith("toast-"):
        app.toast(over.removeprefix("toast-"), "ok" if over.startswith("toast-toast") else "soft")
    elif over.startswith("fields-"):
        app.open_fields((over.removeprefix("fields-"),))
    yield name
    paged = app.frame.fields if app.frame.fields.is_shown else app.frame.screen
    if isinstance(paged, ExplainSheet) or (isinstance(paged, PagedScreen) and not over):
        yield from _other_pages(name, paged)


def _clear(app: UiApp) -> None:
    app.frame.sheet.show(False)
    app.frame.fields.show(False)
    app.frame.toast.show(False)
    app.router.forget()


def _other_pages(name: str, paged: ExplainSheet | PagedScreen) -> Iterator[str]:
    for page in range(2, PAGES_MOST):
        paged.turn()
        if paged.is_at_first:
            return
        yield f"{name}-{page}"
    raise RuntimeError(f"{name}: no end")


def in_front(app: UiApp) -> tuple[Element, list[tree.Node]]:
    """What this exhibit is about: the message, the sheet, or the whole window."""
    frame = app.frame
    if frame.toast.is_shown:
        return frame.toast, list(tree.nodes(frame.toast))
    over = next((part for part in (frame.sheet, frame.fields) if part.is_shown), None)
    return over or frame, tree.in_front(frame)

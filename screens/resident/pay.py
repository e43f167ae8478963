"""How much more? The action is done with the hand, so there is no blue button."""

from __future__ import annotations

from typing import ClassVar

from kiosk.intents import Cancel
from kiosk.money import Denomination
from kiosk.view import Pay
from screens.theme import look
from screens.widgets.base import Row
from screens.widgets.money import NoteFace
from screens.widgets.screen import Screen


def _word(body: Pay) -> str:
    """The one thing that is said beside the amount: what her hands can do comes first."""
    if body.is_closing:
        return ""
    if body.note_trouble:
        return f"pay.note.{body.note_trouble}"
    if body.note:
        return f"pay.note.{body.note}"
    return "pay.exact" if body.is_exact_only and body.accepted else ""


def _show_faces(row: Row, accepted: tuple[Denomination, ...]) -> None:
    wanted = sorted(accepted, key=lambda each: each.face.value)
    if [part.denomination for part in row.parts()] == wanted:
        return
    row.clear_widgets()
    for denomination in wanted:
        face = NoteFace()
        face.denomination = denomination
        row.add_widget(face)


_MACHINE, _MACHINE_HELPED = 70.0, 40.0
_SLOT, _SLOT_HELPED = 80.0, 40.0
"""How high the machine and its slots are drawn, in mm: while somebody helps, two lines more need room."""


class PayScreen(Screen):
    speaks_aloud: ClassVar[bool] = True
    is_tight: ClassVar[bool] = True

    def title_key(self, body: Pay) -> str:
        if body.is_closing:
            return "pay.opening.title" if body.remaining else "pay.closing.title"
        return "pay.title"

    def lead_key(self, body: Pay) -> str:
        if body.is_closing:
            return "pay.opening.lead" if body.remaining else "pay.closing.lead"
        return "pay.lead.exact" if body.is_exact_only else "pay.lead"

    def icon_of(self, body: Pay) -> str:
        return "tick_round" if body.is_closing and not body.remaining else ""

    def fill(self, body: Pay) -> None:
        ids = self.ids
        ids.amount.yen(body.remaining)
        ids.amount.add_below()
        ids.amount.left_text.say("pay.due", amount=body.due)
        ids.amount.right_text.say("pay.inserted", amount=body.inserted)
        word = _word(body)
        ids.word.show(word != "")
        if word:
            ids.word.say(word)
        ids.accepted.show(bool(body.accepted))
        coins = tuple(each for each in body.accepted if not each.is_note)
        papers = tuple(each for each in body.accepted if each.is_note)
        _show_faces(ids.faces, coins)
        ids.papers.show(bool(papers))
        _show_faces(ids.papers, papers)
        ids.refused.show(bool(body.refused))
        between = look.words.text("pay.list")
        names = between.join(look.words.text(f"money.{each.value}") for each in body.refused)
        ids.refused_text.say("pay.refused", list=names)
        ids.short.show(bool(body.short) and bool(body.accepted))
        names = between.join(look.words.text(f"money.{each.value}") for each in body.short)
        ids.short_text.say("pay.short", list=names)
        ids.machine.high = _MACHINE_HELPED if look.has_help_line else _MACHINE
        for picture, name in ((ids.coin, "coin_in"), (ids.note, "note_in")):
            picture.use(name, has_arrow=not body.is_closing)
            picture.most = _SLOT_HELPED if look.has_help_line else _SLOT
        ids.notes.show(any(each.is_note for each in body.accepted))
        ids.cancel.show(self.can(Cancel))
        if body.inserted:
            ids.cancel.say("pay.cancel", amount=body.inserted)
        else:
            ids.cancel.say("pay.cancel.none")

"""What our small papers say: receipt, slip for money that is owed, note of a void certificate. Pure.

A slip is a list of lines; the printer's driver draws them. Japanese always stands on it, because staff must
read it; a second language stands beside or below it. No slip carries a name, an address or anything else of a
person. Texts come through a callable `key -> template`, one per language: the catalogues are i18n's.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import msgspec

from i18n import catalogue, dates
from kiosk.money import Yen
from kiosk.ports import Slip, SlipLine

Texts = Callable[[str], str]
"""`slip.total` -> `合計`. Templates use named fields: `番号 {number}`."""


def texts_of(language: str) -> Texts:
    """The words of that language; FileNotFoundError when there is no catalogue."""
    return catalogue.load(language).template


def kinds_of(language: str) -> dict[str, str]:
    """Key and name of every kind of certificate, as one line."""
    words = catalogue.load(language)
    keys = (key for key in words.keys if key.startswith("kind.") and key.count(".") == 1)
    return {key.partition(".")[2]: words.template(key).replace("|", "") for key in sorted(keys)}


def codes_of(language: str) -> dict[str, str]:
    """Each public code and the title of its message, as one line."""
    words = catalogue.load(language)
    keys = (key for key in words.keys if key.startswith("notice.") and key.endswith(".title"))
    return {key.split(".")[1]: words.template(key).replace("|", "") for key in sorted(keys)}


JST = timezone(timedelta(hours=9), "JST")
"""Japan has one time and no summer time."""

RULE = SlipLine(is_rule=True)
GAP = SlipLine()
NOTHING = Yen(0)


class Issuer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose paper it is: town, place (`市民課`), and the kiosk's enrolled name."""

    town: str
    place: str
    machine: str
    invoice: str = ""
    """登録番号 of a qualified invoice issuer (`T` and 13 digits), where the town sells something taxable."""
    is_training: bool = False
    """Nothing on it is real, and it says so at its head and its foot."""


class FeeLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many copies of one kind at one fee. `kind` is a key (`juminhyo`)."""

    kind: str
    fee: Yen
    """Consumption tax included, where it is taxed."""
    copies: int
    tax_percent: int = 0
    """0: not taxed, as fees of public authority are."""

    @property
    def amount(self) -> Yen:
        return self.fee * self.copies


class Heading(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What every slip begins with. `number` is what staff ask for (`0042`); `at` is aware."""

    issuer: Issuer
    number: str
    at: datetime


class Languages:
    """The Japanese texts, and those of a second language when the resident chose one."""

    def __init__(self, ja: Texts, other: Texts | None = None) -> None:
        self._ja = ja
        self._other = other

    def japanese(self, key: str, **fields: object) -> str:
        """For what is numbers and signs, readable in any language: `¥200 × 2通`."""
        return self._ja(key).format(**fields)

    def label(self, key: str, **fields: object) -> str:
        """Short texts on one line: `合計 Total`."""
        return "  ".join(self._both(key, fields))

    def lines(
        self, key: str, *, size: int = 1, is_bold: bool = False, is_centred: bool = False, **fields: object
    ) -> tuple[SlipLine, ...]:
        """One line per language, Japanese first."""
        return tuple(
            SlipLine(text=text, size=size, is_bold=is_bold, is_centred=is_centred)
            for text in self._both(key, fields)
        )

    def when(self, at: datetime) -> tuple[SlipLine, ...]:
        """Japanese with the era's year; below it as the other language writes a date, with the year that it counts."""
        texts = [japanese_time(at)]
        if self._other is not None:
            texts.append(_time_in(self._other, at))
        return tuple(SlipLine(text=text) for text in dict.fromkeys(texts))

    def _both(self, key: str, fields: dict[str, object]) -> list[str]:
        texts = [self._ja, self._other] if self._other is not None else [self._ja]
        return list(dict.fromkeys(each(key).format(**fields) for each in texts))


def receipt(
    say: Languages, heading: Heading, fees: tuple[FeeLine, ...], inserted: Yen, owed: Yen = NOTHING
) -> Slip:
    """領収書 for cash. `owed`: the part of the change that stands on a slip of its own, not paid out."""
    total = Yen.sum(each.amount for each in fees)
    change = inserted - total
    paid = [
        SlipLine(text=say.label("slip.total"), right=yen(total), size=2, is_bold=True),
        SlipLine(text=say.label("slip.inserted"), right=yen(inserted)),
        SlipLine(text=say.label("slip.change"), right=yen(change)),
    ]
    if owed:
        paid.append(SlipLine(text=say.label("slip.change_owed"), right=yen(owed)))
    return Slip(
        kind="receipt",
        lines=(
            *_head(say, "slip.receipt.title", heading),
            RULE,
            *_fee_rows(say, fees),
            RULE,
            *paid,
            RULE,
            *say.lines("slip.receipt.received"),
            *_tax(say, heading.issuer, fees),
            *say.lines("slip.receipt.once"),
            *_foot(heading.issuer),
        ),
    )


class Paid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How it was paid: the brand's name, how much, the terminal's own number."""

    name: str
    amount: Yen
    reference: str


class Doubt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """処理未了: what the counter and the brand need. `rule` as in the town's file."""

    name: str
    amount: Yen
    balance: Yen | None
    rule: str
    reference: str


def statement(say: Languages, heading: Heading, fees: tuple[FeeLine, ...], paid: Paid) -> Slip:
    """利用明細: paid cashless. Never called 領収書, and says so."""
    total = Yen.sum(each.amount for each in fees)
    return Slip(
        kind="statement",
        lines=(
            *_head(say, "slip.statement.title", heading),
            RULE,
            *_fee_rows(say, fees),
            RULE,
            SlipLine(text=say.label("slip.total"), right=yen(total), size=2, is_bold=True),
            SlipLine(text=say.label("slip.statement.means"), right=paid.name),
            SlipLine(text=say.label("slip.statement.paid"), right=yen(paid.amount)),
            *_optional(say.label("slip.statement.reference"), paid.reference),
            RULE,
            *_tax(say, heading.issuer, fees),
            *say.lines("slip.statement.no_receipt"),
            *_foot(heading.issuer),
        ),
    )


def voided(say: Languages, heading: Heading, amount: Yen, name: str) -> Slip:
    """取消のお知らせ: a cashless payment was undone, and nothing was issued for it."""
    return Slip(
        kind="voided",
        lines=(
            *_head(say, "slip.voided.title", heading),
            RULE,
            SlipLine(text=say.label("slip.statement.means"), right=name),
            SlipLine(text=say.label("slip.voided.amount"), right=yen(amount), size=2, is_bold=True),
            RULE,
            *say.lines("slip.voided.what"),
            *say.lines("slip.statement.no_receipt"),
            *_foot(heading.issuer),
        ),
    )


def incomplete(say: Languages, heading: Heading, doubt: Doubt, code: str) -> Slip:
    """処理未了のお知らせ: nobody can say whether it was taken. The counter finds out; nothing is to be paid again."""
    balance = (
        (SlipLine(text=say.label("slip.incomplete.balance"), right=yen(doubt.balance)),)
        if doubt.balance is not None
        else ()
    )
    return Slip(
        kind="incomplete",
        lines=(
            *_head(say, "slip.incomplete.title", heading),
            RULE,
            SlipLine(text=say.label("slip.statement.means"), right=doubt.name),
            SlipLine(text=say.label("slip.incomplete.amount"), right=yen(doubt.amount), is_bold=True),
            *balance,
            *_optional(say.label("slip.statement.reference"), doubt.reference),
            RULE,
            *say.lines("slip.incomplete.what"),
            *say.lines("slip.incomplete.once", is_bold=True),
            *say.lines("slip.owed.next", is_bold=True, place=heading.issuer.place),
            SlipLine(text=_RULES.get(doubt.rule, _RULES["touch_again"])),
            *_for_staff(("slip.staff.done_on", "slip.staff.done_by")),
            *_foot(heading.issuer, code),
        ),
    )


_RULES = {
    "touch_again": "職員用：次のタッチで確定するまで売上ではありません。",
    "sale": "職員用：否定されるまで売上として扱います。",
    "not_made": "職員用：売上は成立していません。",
}
"""The brand's rule for staff, so in Japanese whatever the resident chose."""


def _optional(label: str, value: str) -> tuple[SlipLine, ...]:
    return (SlipLine(text=label, right=value),) if value else ()


def _tax(say: Languages, issuer: Issuer, fees: tuple[FeeLine, ...]) -> tuple[SlipLine, ...]:
    """All of it untaxed, in a sentence; else what is taxed at which rate and how much of that is tax, what is not, and
    the issuer's number (適格簡易請求書, 消費税法 57条の4). The tax is rounded down once a rate, not once an item."""
    rates = sorted({each.tax_percent for each in fees})
    if not any(rates):
        return say.lines("slip.receipt.tax_exempt")
    rows: list[SlipLine] = []
    for rate in rates:
        amount = Yen.sum(each.amount for each in fees if each.tax_percent == rate)
        if not rate:
            rows.append(SlipLine(text=say.label("slip.tax.exempt"), right=yen(amount)))
            continue
        rows.append(SlipLine(text=say.label("slip.tax.taxed", rate=rate), right=yen(amount)))
        rows.append(SlipLine(text=say.label("slip.tax.of_it"), right=yen(tax_in(amount, rate))))
    number = (SlipLine(text=say.label("slip.tax.invoice"), right=issuer.invoice),) if issuer.invoice else ()
    return (*rows, *number)


def tax_in(amount: Yen, percent: int) -> Yen:
    """The consumption tax that is in an amount, rounded down to the yen."""
    return Yen(amount.value * percent // (100 + percent))


def _fee_rows(say: Languages, fees: tuple[FeeLine, ...]) -> tuple[SlipLine, ...]:
    rows: list[SlipLine] = []
    for each in fees:
        rows += say.lines(f"kind.{each.kind}", is_bold=True)
        each_of = say.japanese("slip.fee_line", fee=yen(each.fee), copies=each.copies)
        if each.tax_percent:
            each_of += f" {each.tax_percent}%" + ("※" if each.tax_percent == REDUCED else "")
        rows.append(SlipLine(text=each_of, right=yen(each.amount)))
    return tuple(rows)


REDUCED = 8
"""Per cent: goods at the reduced rate are marked."""
OWED_REASONS = frozenset({"shortage", "unknown", "restart", "not-voided"})
"""Why money is on a slip; the words of the journal's OwedOnSlip. Another word gets the text of `unknown`."""


def owed(say: Languages, heading: Heading, amount: Yen | None, reason: str, code: str) -> Slip:
    """お預かり票: this much is the resident's and still with us; the counter pays it against this paper.

    `amount` None: nobody knows it before a person has counted.
    """
    sum_lines = (
        (SlipLine(text=yen(amount), size=3, is_bold=True, is_centred=True),)
        if amount is not None
        else say.lines("slip.owed.uncounted", size=2, is_bold=True, is_centred=True)
    )
    why = reason if reason in OWED_REASONS else "unknown"
    return Slip(
        kind="owed",
        lines=(
            *_head(say, "slip.owed.title", heading),
            RULE,
            *say.lines("slip.owed.amount"),
            *sum_lines,
            RULE,
            *say.lines(f"slip.owed.why.{why}"),
            GAP,
            *say.lines("slip.owed.next", is_bold=True, place=heading.issuer.place),
            *say.lines("slip.owed.keep"),
            *_for_staff(("slip.staff.paid_on", "slip.staff.paid_by", "slip.staff.received_by")),
            *_foot(heading.issuer, code),
        ),
    )


def fault(say: Languages, heading: Heading, code: str) -> Slip:
    """No money is open, but something could not be finished: what to tell the counter."""
    return Slip(
        kind="fault",
        lines=(
            *_head(say, "slip.fault.title", heading),
            RULE,
            *say.lines("slip.fault.what"),
            SlipLine(text=code, size=3, is_bold=True, is_centred=True),
            *say.lines("slip.fault.money"),
            *say.lines("slip.owed.next", is_bold=True, place=heading.issuer.place),
            *_for_staff(("slip.staff.done_on", "slip.staff.done_by")),
            *_foot(heading.issuer, code),
        ),
    )


def void(
    say: Languages, heading: Heading, papers: tuple[tuple[str, str], ...], returned: Yen, code: str
) -> Slip:
    """These certificates (kind, 発行番号) are void; whoever holds a sheet of them gives it to the counter."""
    rows: list[SlipLine] = []
    for kind, serial in papers:
        rows += say.lines(f"kind.{kind}", is_bold=True)
        rows.append(SlipLine(text=say.label("slip.void.serial"), right=serial))
    money = [SlipLine(text=say.label("slip.void.returned"), right=yen(returned), size=2, is_bold=True)]
    return Slip(
        kind="void",
        lines=(
            *_head(say, "slip.void.title", heading),
            RULE,
            *rows,
            RULE,
            *say.lines("slip.void.what"),
            *(money if returned else ()),
            *say.lines("slip.void.next", is_bold=True, place=heading.issuer.place),
            *_for_staff(("slip.staff.done_on", "slip.staff.done_by")),
            *_foot(heading.issuer, code),
        ),
    )


def _head(say: Languages, title: str, heading: Heading) -> tuple[SlipLine, ...]:
    return (
        *(SPECIMEN if heading.issuer.is_training else ()),
        *say.lines(title, size=3, is_bold=True, is_centred=True),
        SlipLine(text=heading.issuer.town, size=2, is_centred=True),
        SlipLine(text=heading.issuer.place, is_centred=True),
        GAP,
        SlipLine(text=say.label("slip.number"), right=heading.number, size=2, is_bold=True),
        *say.when(heading.at),
    )


def _for_staff(keys: tuple[str, ...]) -> tuple[SlipLine, ...]:
    """Lines that staff fill in by hand, in the language of staff (these keys are texts of `_STAFF`)."""
    rows: list[SlipLine] = [RULE, SlipLine(text=_STAFF["slip.staff.title"], is_centred=True)]
    for key in keys:
        rows += [SlipLine(text=_STAFF[key], right=_BLANK), GAP]
    return (*rows, RULE)


def _foot(issuer: Issuer, code: str = "") -> tuple[SlipLine, ...]:
    return (SlipLine(text=issuer.machine, right=code), *(SPECIMEN if issuer.is_training else ()))


SPECIMEN_WORDS = ("訓練・見本（無効）", "TRAINING / SPECIMEN, NOT VALID")
SPECIMEN = (
    SlipLine(text=SPECIMEN_WORDS[0], size=2, is_bold=True, is_centred=True),
    SlipLine(text=SPECIMEN_WORDS[1], is_bold=True, is_centred=True),
    RULE,
)
"""Head and foot of every paper of a training machine. Whatever language the resident chose: staff and anybody who
finds it must see what it is."""


_BLANK = "＿" * 9

_STAFF = {
    "slip.staff.title": "職員記入欄",
    "slip.staff.paid_on": "返金日",
    "slip.staff.paid_by": "担当者",
    "slip.staff.received_by": "受領者",
    "slip.staff.done_on": "対応日",
    "slip.staff.done_by": "担当者",
}
"""Read by staff only, so in Japanese whatever the resident chose."""


def yen(amount: Yen) -> str:
    """`¥1,000`: understood by those who read no Japanese too."""
    return f"-¥{-amount.value:,}" if amount < Yen(0) else f"¥{amount.value:,}"


class _Words:
    """Texts as i18n.dates asks for them."""

    def __init__(self, texts: Texts) -> None:
        self._texts = texts

    def text(self, key: str, count: int | None = None, **values: str) -> str:
        return self._texts(key).format(n=count, **values)


def _local(at: datetime) -> datetime:
    """Japan's time whatever zone `at` is in; without one it is UTC."""
    return at.astimezone(JST) if at.tzinfo else at.replace(tzinfo=UTC).astimezone(JST)


def japanese_time(at: datetime) -> str:
    """`令和8年11月21日 14時05分`."""
    return _time_in(texts_of("ja"), at)


def _time_in(texts: Texts, at: datetime) -> str:
    """Date and time as a language writes them: `20 Nov 2026 14:05`."""
    local, words = _local(at), _Words(texts)
    clock = words.text("time", hour=str(local.hour), minute=f"{local.minute:02}")
    return f"{dates.long_date(words, local.date())} {clock}"

"""A paper of the treasury as data, and its three forms: A4 text, CSV, slip for the receipt printer. Pure.

The same paper gives the same bytes each time: nothing here knows a clock.
"""

from __future__ import annotations

import unicodedata

import msgspec

from kiosk.money import Yen
from kiosk.ports import Slip, SlipLine
from kiosk.slips import SPECIMEN, SPECIMEN_WORDS

WIDTH = 84
"""Columns of an A4 page in a fixed font; a full-width letter takes two."""


SPECIMEN_LINE = "＊＊＊ " + "　".join(SPECIMEN_WORDS) + " ＊＊＊"
"""First and last line of a training machine's page, and of each page of its PDF."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows under a heading. The first `left` columns are words, the others numbers (set flush right)."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    empty: str = "なし"


class Paper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`facts`: label and value. `seals`: whose 印 stands below. `is_specimen`: a training machine's."""

    kind: str
    title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    remarks: tuple[str, ...] = ()
    seals: tuple[str, ...] = ()
    is_specimen: bool = False


def text(paper: Paper) -> str:
    """The A4 page, a line per line."""
    mark = [SPECIMEN_LINE] if paper.is_specimen else []
    lines = [*mark, _centred(paper.title), ""]
    lines += [f"{_fill(label, 16)}{value}" for label, value in paper.facts]
    for table in paper.tables:
        lines += ["", f"■ {table.title}", *_table(table)]
    if paper.remarks:
        lines += ["", *(f"※ {each}" for each in paper.remarks)]
    if paper.seals:
        lines += ["", *_seals(paper.seals)]
    lines += mark
    return "\n".join(line.rstrip() for line in lines) + "\n"


def csv(paper: Paper) -> str:
    """Every table with its heading, RFC 4180 (CRLF), for a spreadsheet."""
    rows: list[tuple[str, ...]] = [*specimen_row(paper.is_specimen), (paper.title,), *paper.facts]
    for table in paper.tables:
        rows += [(), (table.title,), table.head, *table.rows]
    return csv_of(rows)


def specimen_row(is_specimen: bool) -> list[tuple[str, ...]]:
    """The first row of a training machine's file; none of a real one's."""
    return [SPECIMEN_WORDS] if is_specimen else []


def csv_of(rows: list[tuple[str, ...]]) -> str:
    """RFC 4180. A cell that a spreadsheet would take for a formula keeps its quotes and gets a leading quote mark."""
    return "".join(",".join(_cell(each) for each in row) + "\r\n" for row in rows)


def slip(paper: Paper) -> Slip:
    """The same on the roll: a row is a line, its last number flush right."""
    rule = SlipLine(is_rule=True)
    mark = SPECIMEN if paper.is_specimen else ()
    lines = [*mark, SlipLine(text=paper.title, size=2, is_bold=True, is_centred=True), rule]
    lines += [SlipLine(text=label, right=value) for label, value in paper.facts]
    for table in paper.tables:
        lines += [rule, SlipLine(text=table.title, is_bold=True)]
        if not table.rows:
            lines.append(SlipLine(text=table.empty))
        lines += [line for row in table.rows for line in _slip_row(table, row)]
    if paper.remarks:
        lines += [rule, *(SlipLine(text=f"※ {each}") for each in paper.remarks)]
    if paper.seals:
        lines += [rule, *(SlipLine(text=each, right="＿＿＿＿＿ 印") for each in paper.seals)]
    return Slip(kind=paper.kind, lines=tuple([*lines, *mark]))


_ONE_LINE = 2
"""So many numbers stand on one line of the roll; with more of them each gets a line and its name."""


def _slip_row(table: Table, row: tuple[str, ...]) -> list[SlipLine]:
    if len(row) - table.left <= _ONE_LINE:
        return [SlipLine(text="  ".join(each for each in row[:-1] if each), right=row[-1])]
    words = SlipLine(text="  ".join(each for each in row[: table.left] if each))
    numbers = zip(table.head[table.left :], row[table.left :], strict=True)
    return [words, *(SlipLine(text=f"　{name}", right=number) for name, number in numbers)]


def yen(amount: Yen) -> str:
    return f"{amount.value:,}"


def signed(amount: Yen) -> str:
    """`+100`, `-100`, `0`."""
    return f"{amount.value:+,}" if amount else "0"


def width_of(words: str) -> int:
    """Columns: full-width letters (East Asian Width W, F, A; UAX #11) count two."""
    return sum(2 if unicodedata.east_asian_width(each) in "WFA" else 1 for each in words)


def _fill(words: str, width: int, *, is_right: bool = False) -> str:
    space = " " * max(0, width - width_of(words))
    return space + words if is_right else words + space


def _centred(words: str) -> str:
    return " " * max(0, (WIDTH - width_of(words)) // 2) + words


def _table(table: Table) -> list[str]:
    if not table.rows:
        return [f"  {table.empty}"]
    rows = [table.head, *table.rows]
    widths = [max(width_of(row[at]) for row in rows) for at in range(len(table.head))]
    lines = [
        "  " + "  ".join(_fill(word, widths[at], is_right=at >= table.left) for at, word in enumerate(row))
        for row in rows
    ]
    return [lines[0], "  " + "-" * (sum(widths) + 2 * (len(widths) - 1)), *lines[1:]]


def _seals(seals: tuple[str, ...]) -> list[str]:
    inside = 16
    edge = "+" + "+".join("-" * inside for _ in seals) + "+"
    names = "|" + "|".join(_fill(f" {each}", inside) for each in seals) + "|"
    space = "|" + "|".join(" " * inside for _ in seals) + "|"
    return [edge, names, edge, space, space, space, edge]


def _cell(words: str) -> str:
    if words[:1] in ("=", "@", "\t", "\r") or (
        words[:1] in ("+", "-") and not words[1:].replace(",", "").isdigit()
    ):
        words = f"'{words}"
    if any(each in words for each in ',"\r\n'):
        return '"' + words.replace('"', '""') + '"'
    return words

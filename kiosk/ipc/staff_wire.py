"""Between `kiosk-cash` and the core: one JSON object a line, one answer for each. Sans-IO.

    client -> core   {"type":"Act","intent":{"type":"CloseDay"}}
                     {"type":"Read","report":"day","of":"3","form":"text","is_printed":false,"statement":""}
    core -> client   {"type":"Answer","code":"","ja":"…","en":"…","text":"…"}

Who asks is decided by the peer's uid and the list of staff, never by its words.
"""

from __future__ import annotations

import msgspec

from kiosk.errors import ContractError, PeerProtocolError
from kiosk.intents import AnyStaffIntent
from kiosk.plain import Codec, encode

ASK_MAX = 4 * 1024 * 1024
"""Bytes of one question: a month of a trustee's 収納明細 fits."""
ANSWER_MAX = 16 * 1024 * 1024

REPORTS = (
    "list",
    "units",
    "stock",
    "day",
    "month",
    "year",
    "exchange",
    "discrepancy",
    "evidence",
    "payment",
    "assessment",
    "revenue",
    "match",
    "readiness",
)
FORMS = ("text", "csv", "data")
"""`data`: the paper itself (kiosk/treasury/paper.py: Paper) as JSON, for whoever lays it out."""


class StaffMessage(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    """Either way."""


class Act(StaffMessage, frozen=True):
    """Something is to be written down."""

    intent: AnyStaffIntent


class Read(StaffMessage, frozen=True):
    """A paper about what is written. `of`: which day, month, year, exchange. `is_printed`: on the receipt printer."""

    report: str
    of: str = ""
    form: str = "text"
    is_printed: bool = False
    statement: str = ""
    """A trustee's 収納明細, where the report takes one."""


class Answer(StaffMessage, frozen=True):
    """`code` empty: done. `ja` and `en` say what was done, or why not; `text` is the paper."""

    code: str
    ja: str = ""
    en: str = ""
    text: str = ""


AnyAsk = Act | Read
_ASK: Codec[AnyAsk] = Codec(AnyAsk)
_ANSWER: Codec[Answer] = Codec(Answer)


def line(message: AnyAsk | Answer) -> bytes:
    data = encode(message) + b"\n"
    if len(data) > (ANSWER_MAX if isinstance(message, Answer) else ASK_MAX):
        raise ContractError("a message does not fit into a line")
    return data


def read_ask(data: bytes) -> AnyAsk:
    """PeerProtocolError for anything else."""
    ask = _ASK.decode(data)
    if isinstance(ask, Read) and (ask.report not in REPORTS or ask.form not in FORMS or len(ask.of) > 32):
        raise PeerProtocolError("not a report of ours")
    return ask


def read_answer(data: bytes) -> Answer:
    return _ANSWER.decode(data)

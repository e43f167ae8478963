"""What waits for a person, a line each, with the ids that the verbs take. Numbers, codes and amounts only. Pure."""

from __future__ import annotations

from kiosk.journal.ledger import Ledger
from kiosk.treasury import words
from kiosk.treasury.paper import yen

NOTHING = "なし  nothing waits"


def waiting(ledger: Ledger) -> list[str]:
    lines = []
    if ledger.exchange is not None:
        opened = ledger.exchange
        purpose = words.PURPOSES.get(opened.purpose, opened.purpose)
        lines.append(
            f"作業中 exchange {opened.exchange}  {purpose}  {opened.operator}  {' '.join(opened.names)}"
        )
    lines += [
        f"事故 incident {each.incident}  {each.code}  {yen(each.amount)} yen  {each.device or ''}".rstrip()
        for each in ledger.incidents.values()
    ]
    for account in ledger.accounts.values():
        lines += [
            f"証明書 paper in doubt {line.line}  no. {account.number}  {line.kind}  {yen(line.fee)} yen  {line.serial}"
            for line in account.lines.values()
            if line.print_outcome in ("unknown", "partial") and not line.is_resolved
        ]
    lines += [
        f"払出し payout in doubt {each.op}  {each.device}  {each.denomination.value}"
        f"  {each.proven} of {each.count} proven"
        for each in ledger.doubts.values()
    ]
    lines += [
        f"紙幣 note in doubt {each.op}  {each.denomination.value}  {each.device}"
        for each in ledger.notes.values()
        if each.is_doubtful
    ]
    lines += [
        f"キャッシュレス {'void' if each.of else 'payment'} in doubt {each.op}  {each.means}  {yen(each.amount)} yen"
        f"  {each.reference}".rstrip()
        for each in ledger.cashless.values()
        if each.is_unknown
    ]
    lines += [f"預かり票 slip {each.slip}  {yen(each.amount)} yen" for each in ledger.slips.values()]
    lines += [
        f"遺失物 found {each.found}  {words.THINGS.get(each.what, each.what)}  {yen(each.amount)} yen"
        for each in ledger.found.values()
    ]
    lines += [
        f"入金 credits in doubt {each.device}  {each.at_most} pieces at most: recount 精査"
        for each in ledger.credit_doubts
    ]
    return lines or [NOTHING]

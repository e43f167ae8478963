"""Of one thing that nobody is sure of: every record of its transaction, with what the devices said. Pure.

Whoever settles it reads this first; what the machine knows more of it does not exist.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from kiosk.ids import TransactionId
from kiosk.journal import records as r
from kiosk.money import Yen
from kiosk.treasury import words
from kiosk.treasury.days import Entry, japan_time
from kiosk.treasury.paper import Paper, Table, signed
from kiosk.treasury.words import Town

Said: TypeAlias = tuple[str, str, str]


def evidence(entries: Iterable[Entry], of: str, town: Town) -> Paper | None:
    """確認資料 of a payout, note, payment or void (its op), a paper (its line), a slip. None: there is none."""
    kept = [entry for entry in entries if not isinstance(entry.record, r.Checkpoint)]
    found = next((entry.record for entry in kept if of and of in _names(entry.record)), None)
    transaction: TransactionId | None = getattr(found, "transaction", None)
    if transaction is None:
        return None
    number = ""
    ops: set[str] = set()
    incidents: set[str] = set()
    rows: list[tuple[str, ...]] = []
    for entry in kept:
        record = entry.record
        if getattr(record, "transaction", None) == transaction:
            ops |= _names(record)
        elif not (_names(record) & ops or getattr(record, "incident", "") in incidents):
            continue
        if isinstance(record, r.TransactionOpened):
            number = record.number
        if isinstance(record, r.IncidentOpened):
            incidents.add(record.incident)
        rows.append((str(entry.seq), japan_time(entry.wall)[5:], *said(record)))
    facts = (("機械", f"{town.name} {town.machine}"), ("取引番号", number or "―"), ("対象", of))
    head = ("記録", "時刻", "内容", "証拠（機器の計器・返事）", "金額（円）")
    table = Table("この取引の記録", head, tuple(rows), left=4)
    return Paper("evidence", "確認資料", facts, (table,), (), ("取扱者", "出納員"))


def _names(record: r.AnyRecord) -> set[str]:
    """What this record may be looked for by."""
    return {str(each) for name in ("op", "line", "slip") if (each := getattr(record, name, None))}


def said(record: r.AnyRecord) -> Said:
    """(what happened, what proves it, which money moved) of a record that is about money or paper."""
    match record:
        case r.CoinIn() as coin:
            proof = f"{coin.device} 世代{coin.epoch} 通番{coin.seq} 計器{coin.raw}"
            return f"投入 {words.face(coin.denomination)}", proof, f"+{coin.denomination.face.value:,}"
        case r.AcceptorEpoch() as epoch:
            proof = f"{epoch.device} 世代{epoch.epoch} 計器{epoch.raw}"
            return f"計数器の再起動 最大 {epoch.at_most} 枚不明", proof, "（不明）"
        case r.CreditsUnknown() as lost:
            proof = f"{lost.device} 世代{lost.epoch}"
            return f"読めなかった投入 最大 {lost.at_most} 枚", proof, "（不明）"
        case r.DispenseIntended() as meant:
            proof = f"払出し前: 回数計{meant.event_counter} 累計{meant.lifetime} {meant.serial}"
            return f"払出し指示 {meant.count} 枚", proof, ""
        case r.DispenseSettled() as done:
            proof = f"結果 {done.outcome} {done.code}".rstrip()
            gone = done.denomination.face * done.paid
            return f"払出し {done.paid}/{done.count} 枚", proof, signed(-gone)
        case r.DispenseResolved() as solved:
            by = "機器の計器" if solved.by == "device" else f"職員 {solved.by}"
            return f"払出しの確認 {solved.paid} 枚", f"{by}: {solved.reason}", "（再計算）"
        case r.ExchangeEnded() as ended:
            moved = Yen.sum(each.put_in.total - each.taken_out.total for each in ended.units)
            return f"{ended.exchange}（計数なし）", f"職員 {ended.operator}", signed(moved)
    return _said_of_note(record)


def _said_of_note(record: r.AnyRecord) -> Said:
    match record:
        case r.NoteIntended() as asked:
            return f"受入れの指示 {words.face(asked.denomination)}", f"{asked.device} 券種{asked.issue}", ""
        case r.NoteBack() as back:
            return f"返却 {words.face(back.denomination)}", f"{back.device} {back.code}".rstrip(), ""
        case r.NoteIn() as note:
            proof = f"{note.device} 券種{note.issue} 番号{note.op[:8]}"
            return f"投入 {words.face(note.denomination)}", proof, f"+{note.denomination.face.value:,}"
        case r.NoteStored() as stored:
            return f"格納先は {stored.unit}", f"{stored.device} 番号{stored.op[:8]}", "（移動）"
        case r.NoteResolved() as solved_note:
            proof = f"職員 {solved_note.by}: {solved_note.reason}"
            face = solved_note.denomination.face
            return f"紙幣の確認 {words.face(solved_note.denomination)}", proof, f"+{face.value:,}"
        case r.NoteDoubted() as doubted:
            face_of = words.face(doubted.denomination) if doubted.denomination is not None else "金種不明"
            return f"紙幣の所在が不明 {face_of}", f"{doubted.device} {doubted.code}", "（不明）"
        case r.NotePathClearing() as cleared:
            return "紙幣の通路を空にした", f"{cleared.device} {cleared.code}", ""
    return _said_of_cashless(record)


def _said_of_cashless(record: r.AnyRecord) -> Said:
    match record:
        case r.PaymentIntended() as meant:
            return f"支払の指示 {meant.means}", f"{meant.device} {meant.poi}", f"{meant.amount.value:,}"
        case r.PaymentSettled() as paid:
            proof = f"結果 {paid.outcome} {paid.code} {paid.reference}"
            return "支払の結果", " ".join(proof.split()), f"{paid.amount.value:,}"
        case r.PaymentResolved() as solved:
            return "支払の確認", f"職員 {solved.by}: {solved.reason}", f"{solved.amount.value:,}"
        case r.ReversalIntended() as meant_back:
            return "取消の指示", f"{meant_back.device} {meant_back.poi}", signed(-meant_back.amount)
        case r.ReversalSettled() as undone:
            return "取消の結果", f"結果 {undone.outcome} {undone.code}".rstrip(), ""
        case r.ReversalResolved() as solved_back:
            what = "成立" if solved_back.is_done else "不成立"
            return f"取消の確認 {what}", f"職員 {solved_back.by}: {solved_back.reason}", ""
    return _said_of_paper(record)


def _said_of_paper(record: r.AnyRecord) -> Said:
    match record:
        case r.CommitIntended():
            return "証明書の確定を求めた", "", ""
        case r.LineCommitted():
            return "証明書が確定した", "", ""
        case r.PrintIntended() as meant:
            return f"印刷の指示 {meant.pages} ページ", meant.device, ""
        case r.PrintSettled() as done:
            proof = f"結果 {done.outcome} {done.code}".rstrip()
            return f"印刷 {done.pages} ページ", proof, ""
        case r.LineBooked() as booked:
            return "収納した", words.CASH.get(booked.means, booked.means), f"{booked.fee.value:,}"
        case r.LineVoided() as void:
            return "証明書を無効にした", void.reason, ""
        case r.ReceiptIntended() as receipt:
            return "領収書の印刷", receipt.device, ""
        case r.ReceiptSettled() as receipt_done:
            return "領収書の結果", f"結果 {receipt_done.outcome} {receipt_done.code}".rstrip(), ""
    return _said_of_transaction(record)


def _said_of_transaction(record: r.AnyRecord) -> Said:
    match record:
        case r.TransactionOpened() as opened:
            return f"取引の開始 証明書 {len(opened.lines)} 件", "", f"{opened.due.value:,}"
        case r.PayoutDecided() as decided:
            return "払出しを決めた", decided.purpose, f"{decided.amount.value:,}"
        case r.DispenseAdvanced() as going:
            return f"払出しの途中 {going.paid} 枚", going.device, ""
        case r.OwedOnSlip() as owed:
            why = words.OWED.get(owed.reason, owed.reason)
            return f"預かり票 {owed.slip}", why, f"{owed.amount.value:,}"
        case r.SlipRedeemed() as redeemed:
            return (
                f"預かり票を支払った {redeemed.slip}",
                f"職員 {redeemed.operator}",
                f"{redeemed.amount.value:,}",
            )
        case r.IncidentOpened() as incident:
            facts = " ".join(f"{name}={value}" for name, value in incident.facts)
            return (
                f"事故 {incident.code}",
                f"{incident.device or ''} {facts}".strip(),
                f"{incident.amount.value:,}",
            )
        case r.IncidentNoted() as noted:
            return "事故のメモ", f"職員 {noted.staff}: {noted.note}", ""
        case r.IncidentClosed() as closed:
            return "事故の解決", f"職員 {closed.operator}: {closed.reason}", ""
        case r.TransactionClosed() as ended:
            return "取引の終了", ended.result, ""
    return type(record).__name__, "", ""

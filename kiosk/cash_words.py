"""The words of `kiosk-cash`, and the intents that they mean."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias

from kiosk import intents
from kiosk.ids import DeviceId, LineId, OpId
from kiosk.journal.records import Fund, Share, UnitAfter
from kiosk.money import NO_CASH, Cash, Denomination, Yen
from kiosk.treasury import acts
from kiosk.treasury.refusals import RefusedError

HELP = """`kiosk-cash`: what identified staff write down about public money, and the papers about it.

お金の記録と帳票。出納員だけが記録でき、会計管理者は読むだけ、技術員は出納員の立会いで現金部を開けます。

With the core running (the usual way) the core decides who asks, by the Unix account, and writes between residents:

    kiosk-cash start replenish hopper100           補充をはじめる（お金の受付が止まる）
    kiosk-cash end E-0001 --in hopper100=50        補充をおわる（記録票が出る）

With the core stopped, the same verbs with --operator and --config write into the journal themselves.

The papers are text; `--csv` for a spreadsheet, `--out X.pdf` as A4 pages, `--print` on the receipt printer.

日々:   list stock day start end close-day    事故: close-incident printed not-printed paid redeem discrepancy
        evidence note-in note-back clear-note-path charged not-charged undone not-undone
月・年: month revenue assessment match year   ほか: enter leave exchange payment found hand-over count
"""

SOCKET = Path("/run/kiosk/staff/staff.sock")
PAPERS: Mapping[str, str] = {
    "list": "担当者を待っているもの / what waits for a person",
    "stock": "いまの在高 / what lies in the machine now",
    "day": "日計表 (番号なし＝最後の締め) / a day's sheet",
    "month": "月計表 YYYY-MM / a month's sheet",
    "year": "年度末返納書 YYYY / return of the float at the end of the 年度",
    "exchange": "補充・回収・精査の記録票 / the slip of an exchange",
    "discrepancy": "違算調査書 / why a count differs: every transaction in its window",
    "evidence": "確認資料: 確認待ちの一件の記録 / every record of one thing in doubt (its id from `list`)",
    "payment": "払込書 / payment slip for a collection",
    "assessment": "調定 CSV YYYY-MM",
    "revenue": "収納システム CSV YYYY-MM (--statement)",
    "readiness": "点検報告書 / what was tested, with results",
    "match": "四者照合 / paid, issued, printed, settled (--statement)",
}
NO_PAGES = ("list", "assessment", "revenue")
"""Of these: a list, and files for the town's other systems."""

Units: TypeAlias = Mapping[DeviceId, tuple[Denomination, ...]]
Verbs: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="kiosk-cash", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--socket", default=SOCKET, metavar="PATH", help="コアの職員用ソケット / the core's")
    common.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="FILE",
        help="コアが止まっているとき / with the core stopped; repeated",
    )
    verbs = made.add_subparsers(dest="verb", required=True, metavar="VERB")
    for verb, said in PAPERS.items():
        _paper_verb(verbs.add_parser(verb, parents=[common], help=said, description=said), verb)
    signed = argparse.ArgumentParser(add_help=False, parents=[common])
    signed.add_argument(
        "--operator", default="", metavar="ID", help="職員番号（コア停止時） / core stopped only"
    )
    signed.add_argument("--no-print", action="store_true", help="記録票を印刷しない / no slip on the printer")
    _exchange_verbs(verbs, signed)
    _settling_verbs(verbs, signed)
    _other_verbs(verbs, signed)
    return made


def _paper_verb(parser: argparse.ArgumentParser, verb: str) -> None:
    if verb in (
        "day",
        "month",
        "year",
        "exchange",
        "discrepancy",
        "evidence",
        "payment",
        "assessment",
        "revenue",
    ):
        parser.add_argument("of", nargs="?" if verb == "day" else None, metavar="OF")
    if verb in ("revenue", "match"):
        parser.add_argument("--statement", metavar="CSV", help="決済代行の収納明細 / the trustee's file")
        parser.add_argument("--encoding", default="utf-8-sig", help="cp932 / utf-8-sig")
    if verb not in NO_PAGES:
        parser.add_argument("--csv", action="store_true", help="表計算用 / for a spreadsheet")
        parser.add_argument(
            "--print", action="store_true", help="領収書プリンターに出す / on the receipt printer"
        )
    pages = "" if verb in NO_PAGES else "（.pdf なら A4） / X.pdf: as A4 pages"
    parser.add_argument("--out", metavar="FILE", help=f"ファイルに書く / into this file{pages}")


def _exchange_verbs(verbs: Verbs, signed: argparse.ArgumentParser) -> None:
    said = "補充・回収・精査・修理をはじめる / open units"
    start = verbs.add_parser("start", parents=[signed], help=said, description=said)
    start.add_argument("purpose", choices=acts.PURPOSES)
    start.add_argument("units", nargs="*", metavar="UNIT", help="なし＝全部 / none: all of them")
    start.add_argument(
        "--beside", default="", metavar="ID", help="立会いの出納員（コア停止時） / core stopped only"
    )
    said = "おわる: 数えた・入れた・抜いた枚数 / close them: what was counted, put in, taken out"
    end = verbs.add_parser("end", parents=[signed], help=said, description=said)
    end.add_argument("exchange", metavar="E-NNNN")
    for option, key, words in (
        ("--counted", "counted", "動かす前に数えた枚数 / pieces found"),
        ("--in", "put_in", "入れた枚数 / pieces put in"),
        ("--out", "taken_out", "抜いた枚数 / pieces taken out"),
        (
            "--leave",
            "left",
            "数えた中から残した枚数（残置回収; 0＝全回収） / of what was counted, so many stay",
        ),
    ):
        end.add_argument(option, dest=key, action="append", default=[], metavar="UNIT=N", help=words)
    end.add_argument(
        "--fund", action="append", default=[], metavar="FUND=±YEN", help="お金の区分 / whose it is"
    )
    end.add_argument("--reason", choices=acts.REASONS, help="差の理由 / why it differs")
    end.add_argument("--note", help="備考（氏名は書かない） / nobody's name")
    said = "初回の装填（コア停止時） / first fill of units, with the core stopped"
    count = verbs.add_parser("count", parents=[signed], help=said, description=said)
    count.add_argument("what", nargs="+", metavar="UNIT=N")


def _settling_verbs(verbs: Verbs, signed: argparse.ArgumentParser) -> None:
    reasoned = argparse.ArgumentParser(add_help=False, parents=[signed])
    reasoned.add_argument("--reason", required=True, help="3～200字、氏名は書かない / nobody's name")
    for verb, said in (
        ("close-incident", "事故記録を解決ずみにする / it was looked at"),
        ("printed", "確認待ちの証明書は出ていた / the paper did come out"),
        ("not-printed", "確認待ちの証明書は出ていない / it did not: its fee goes on a slip"),
    ):
        verbs.add_parser(verb, parents=[reasoned], help=said, description=said).add_argument(
            "what", metavar="ID"
        )
    said = "紙幣部の通路を空にした。動かし直す / the notes' path is free: the unit starts anew"
    verbs.add_parser("clear-note-path", parents=[reasoned], help=said, description=said)
    for verb, said in (
        ("note-in", "確認待ちの紙幣は UNIT に入っていた / the note lies in that unit: a slip over it"),
        ("note-back", "確認待ちの紙幣は持ち主に返した / its owner has the note back"),
        ("charged", "確認待ちのキャッシュレス払いは成立していた / the payment was taken"),
        ("not-charged", "確認待ちのキャッシュレス払いは不成立 / it was not"),
        ("undone", "確認待ちの取消は成立していた / the void was done"),
        ("not-undone", "確認待ちの取消は不成立 / it was not: the payment stands"),
    ):
        made = verbs.add_parser(verb, parents=[reasoned], help=said, description=said)
        made.add_argument("what", metavar="OP")
        made.add_argument("--unit", required=True) if verb == "note-in" else made.set_defaults(unit="")
    said = "確認待ちの払出しは全部で N 枚出た / of a payout in doubt N pieces went out"
    paid = verbs.add_parser("paid", parents=[reasoned], help=said, description=said)
    paid.add_argument("what", metavar="OP")
    paid.add_argument("--pieces", type=int, required=True, metavar="N")
    said = "預かり票を窓口で支払った（戻出） / the counter paid this slip, whole"
    verbs.add_parser("redeem", parents=[signed], help=said, description=said).add_argument(
        "what", metavar="SLIP"
    )


def _other_verbs(verbs: Verbs, signed: argparse.ArgumentParser) -> None:
    for verb, said in (
        ("enter", "機械の前にいる / I am at the machine"),
        ("leave", "機械を離れる / I am going"),
        ("close-day", "日締め / close the day"),
    ):
        verbs.add_parser(verb, parents=[signed], help=said, description=said)
    said = "遺失物を登録する（収納金ではない） / register what was left behind"
    found = verbs.add_parser("found", parents=[signed], help=said, description=said)
    found.add_argument("what", choices=acts.THINGS)
    found.add_argument("--place", choices=acts.PLACES, required=True)
    found.add_argument("--yen", type=int, default=0)
    found.add_argument("--number", default="", help="関係しそうな取引番号 / a transaction's number")
    said = "遺失物を引き渡した / hand it over"
    over = verbs.add_parser("hand-over", parents=[signed], help=said, description=said)
    over.add_argument("what", metavar="F-NNNN")
    over.add_argument("--to", choices=acts.RECEIVERS, required=True)


# --- words to intents -------------------------------------------------------------------------------------------------


def intent_of(given: argparse.Namespace, units: Units) -> intents.AnyStaffIntent:
    """What the words ask for. RefusedError: they name a unit or a face that this machine does not have."""
    match given.verb:
        case "enter":
            return intents.EnterStaff()
        case "leave":
            return intents.LeaveStaff()
        case "start":
            return intents.StartExchange(
                purpose=given.purpose, units=tuple(DeviceId(each) for each in given.units)
            )
        case "end":
            return _end(given, units)
        case "close-day":
            return intents.CloseDay()
        case "close-incident":
            return intents.CloseIncident(incident=given.what, reason=given.reason)
        case "printed" | "not-printed":
            came_out = given.verb == "printed"
            return intents.SettlePaper(line=LineId(given.what), came_out=came_out, reason=given.reason)
        case "paid":
            return intents.SettlePayout(op=OpId(given.what), pieces=given.pieces, reason=given.reason)
        case "clear-note-path":
            return intents.ClearNotePath(reason=given.reason)
        case "note-in" | "note-back":
            return intents.SettleNote(op=OpId(given.what), unit=DeviceId(given.unit), reason=given.reason)
        case "charged" | "not-charged":
            return intents.SettlePayment(
                op=OpId(given.what), was_taken=given.verb == "charged", reason=given.reason
            )
        case "undone" | "not-undone":
            return intents.SettleVoid(
                op=OpId(given.what), was_done=given.verb == "undone", reason=given.reason
            )
        case "redeem":
            return intents.RedeemSlip(slip=given.what)
        case "found":
            return intents.RegisterFound(
                what=given.what, place=given.place, amount=Yen(given.yen), number=given.number
            )
    return intents.HandOverFound(found=given.what, to=given.to)


def _end(given: argparse.Namespace, units: Units) -> intents.EndExchange:
    pieces: dict[str, dict[DeviceId, Cash]] = {}
    for key in ("counted", "put_in", "taken_out", "left"):
        pieces[key] = dict(pieces_of(each, units) for each in getattr(given, key))
    for unit, left in pieces.pop("left").items():
        pieces["taken_out"][unit] = _taken(unit, left, pieces)
    names = [unit for part in pieces.values() for unit in part]
    changed = tuple(
        UnitAfter(
            unit,
            pieces["counted"].get(unit),
            pieces["put_in"].get(unit, NO_CASH),
            pieces["taken_out"].get(unit, NO_CASH),
        )
        for unit in dict.fromkeys(names)
    )
    return intents.EndExchange(
        exchange=given.exchange,
        units=changed,
        shares=tuple(_share(each) for each in given.fund),
        reason=given.reason or "",
        note=given.note or "",
    )


def _taken(unit: DeviceId, left: Cash, pieces: Mapping[str, Mapping[DeviceId, Cash]]) -> Cash:
    """残置回収: what was counted (and put in) less what stays. RefusedError: not counted, or more stays than was."""
    if unit not in pieces["counted"]:
        raise RefusedError("count-first", what=unit)
    if unit in pieces["taken_out"]:
        raise RefusedError("format", what=unit, want="--out | --leave")
    there = pieces["counted"][unit] + pieces["put_in"].get(unit, NO_CASH)
    if not there.covers(left):
        raise RefusedError("takes-too-much", what=unit)
    return there - left


def pieces_of(word: str, units: Units) -> tuple[DeviceId, Cash]:
    """`hopper100=20`, `cashbox=coin100:5,note1000:3`, `cashbox=0`."""
    name, _, count = word.partition("=")
    unit = DeviceId(name)
    if unit not in units:
        raise RefusedError("unit", what=name, known=" ".join(sorted(units)))
    return unit, NO_CASH if count == "0" else acts.cash(count, units[unit])


def _share(word: str) -> Share:
    """`receipts=-12000`: taken out of 収納金; `float=5000`: put into つり銭資金."""
    name, _, amount = word.partition("=")
    known = " ".join(each.value for each in Fund)
    if name not in known.split() or not amount.lstrip("+-").isdigit():
        raise RefusedError("format", what=word, want=f"FUND=±YEN ({known})")
    return Share(Fund(name), Yen(int(amount)))

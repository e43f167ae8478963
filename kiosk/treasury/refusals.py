"""Why an act of staff is refused, in the two languages of staff."""

from __future__ import annotations

import msgspec

WORDS: dict[str, tuple[str, str]] = {
    "not-allowed": ("この操作は{roles}だけができます。", "Only these may do this: {roles}."),
    "in-use": (
        "利用者が操作中です。終わるまで待ってください。",
        "A resident is at the machine. Wait until the visit has ended.",
    ),
    "not-ready": (
        "前回の取引を機械が確かめています。終わってから、もういちど行ってください。",
        "The machine is still settling what the last power cut left. Try again when it has.",
    ),
    "journal": (
        "記録ができません。お金にさわらないでください。",
        "Nothing can be recorded. Do not touch the cash.",
    ),
    "books": (
        "帳簿が合わなくなるため、記録しませんでした: {what}",
        "Not recorded, the books would not balance: {what}",
    ),
    "format": ("{what} の書き方がちがいます。{want}", "{what} is not understood: {want}"),
    "unit": ("{what} という収納庫はありません。あるもの: {known}", "No unit {what} here. There are: {known}"),
    "exchange-open": (
        "{what} が開いたままです。先に閉じてください。",
        "{what} is still open. End it first.",
    ),
    "exchange-none": ("{what} は開いていません。", "{what} is not open."),
    "exchange-done": (
        "{what} はもう閉じてあります（記録ずみ）。",
        "{what} has ended already (it is recorded).",
    ),
    "exchange-unit": (
        "{what} はこの作業で開けた収納庫ではありません。",
        "{what} was not opened by this exchange.",
    ),
    "count-first": (
        "{what} は、先に数えてください（--counted）。",
        "Count {what} first (--counted).",
    ),
    "takes-too-much": (
        "{what} には、抜いたという枚数だけ入っていません。数えた枚数を --counted で書いてください。",
        "{what} does not hold what is said to be taken out. State what was counted (--counted).",
    ),
    "nothing-counted": ("ひとつの収納庫は二度書けません: {what}", "A unit is named twice: {what}"),
    "no-input": ("{what} では入金できません。", "Nothing can be put in for {what}."),
    "no-output": ("{what} では抜き取れません。", "Nothing can be taken out for {what}."),
    "reason-missing": (
        "帳簿と {what} 円ちがいます。理由（--reason）を選んでください: {known}",
        "It differs from the books by {what} yen. Choose a reason (--reason): {known}",
    ),
    "shares": (
        "区分の合計（{what} 円）が、動かしたお金（{want} 円）と合いません。",
        "The funds add up to {what} yen, and {want} yen were moved.",
    ),
    "fund": (
        "{what} は {want} 円までです。",
        "Of {what} there are only {want} yen.",
    ),
    "officer-missing": (
        "技術員が現金部を開けるときは、出納員がそばにいて「kiosk-cash enter」をしている必要があります。",
        "A technician opens a cash path only while a cash officer is beside him and has entered (kiosk-cash enter).",
    ),
    "no-incident": ("開いている事故記録 {what} はありません。", "No open incident {what}."),
    "no-doubt": ("{what} という確認待ちはありません。", "Nothing in doubt has the id {what}."),
    "no-paper": ("確認待ちの証明書 {what} はありません。", "No paper in doubt {what}."),
    "no-payout": ("確認待ちの払出し {what} はありません。", "No payout in doubt {what}."),
    "no-note": ("確認待ちの紙幣 {what} はありません。", "No note in doubt {what}."),
    "no-note-unit": ("この機械に紙幣部はありません。", "This machine has no note unit."),
    "note-busy": (
        "紙幣の払出しか確認待ちの紙幣があります。先にそれを終えてください: {what}",
        "A payout of notes or a note in doubt is open. Settle that first: {what}",
    ),
    "no-payment": ("確認待ちのキャッシュレス {what} はありません。", "No cashless doubt {what}."),
    "pieces": ("枚数は {want} のどれかです。", "Possible are {want} pieces."),
    "no-slip": ("支払える預かり票 {what} はありません。", "No slip {what} that may be paid."),
    "no-found": ("保管中の遺失物 {what} はありません。", "No found thing {what} is kept here."),
    "amount": ("金額は {want} 円までです。", "At most {want} yen."),
    "unknown-staff": ("職員の一覧に {what} がいません。", "{what} is not on the list of staff."),
    "no-day": ("{what} 日目の締めはありません。", "Day {what} has not been closed."),
    "no-exchange": ("{what} という作業記録はありません。", "There is no exchange {what}."),
    "no-month": ("{what} に締めた日はありません。", "No day was closed in {what}."),
}
"""Code -> Japanese, English."""


class Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing was written. `ja` and `en` say why, and what to do."""

    code: str
    ja: str
    en: str


def refusal(code: str, **fields: object) -> Refusal:
    japanese, english = WORDS[code]
    return Refusal(code, japanese.format(**fields), english.format(**fields))


class RefusedError(Exception):
    """Carries a Refusal out of the depth of one act; caught where the act began."""

    def __init__(self, code: str, **fields: object) -> None:
        self.refusal = refusal(code, **fields)
        super().__init__(code)

"""The Japanese words of the treasury's papers. Staff read them whatever language a resident has chosen."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from kiosk.money import Denomination, Yen

PURPOSES = {"replenish": "補充", "collect": "回収", "recount": "精査", "repair": "修理"}
REASONS = {
    "": "",
    "counting": "前回の数え違い",
    "jam": "機器の詰まり",
    "overpaid": "過払い",
    "underpaid": "払出し不足",
    "foreign": "異物・外国貨",
    "theft": "盗難の疑い",
    "made-good": "補てん",
    "unknown": "原因不明",
}
ACCURACY = {
    "accurateSet": "精査済",
    "accurate": "精査済",
    "inaccurate": "要精査",
    "unknown": "未計数",
}
PRINTS = {"unknown": "出たか不明", "partial": "途中まで"}
"""A paper in doubt."""
OWED = {
    "shortage": "つり銭不足",
    "unknown": "払出しが不明",
    "restart": "再起動",
    "not-taken": "紙幣の取り忘れ",
    "not-printed": "証明書が出ていない",
    "not-voided": "取消ができない",
}
"""Why a slip was given (kiosk/journal/records.py: OwedOnSlip)."""
FUNDS = {
    "float": "つり銭資金",
    "receipts": "収納金",
    "counter": "窓口立替・預り",
    "found": "遺失物",
    "difference": "過不足",
}
THINGS = {"cash": "現金", "card": "カード", "paper": "書類", "other": "その他"}
PLACES = {"machine": "機械の中", "tray": "取出口", "reader": "読取部", "floor": "床など"}
RECEIVERS = {"owner": "本人", "police": "警察", "office": "庁内遺失物係"}
CASH = {"cash": "現金"}


class Town(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What stands on every paper: data of the town's configuration."""

    name: str
    machine: str
    section: str = ""
    payee: str = ""
    bank: str = ""
    fund: Yen = Yen(0)
    kinds: Mapping[str, str] = {}
    """Key of a certificate -> its name."""
    brands: Mapping[str, str] = {}
    """Key of a cashless means -> its name."""
    codes: Mapping[str, str] = {}
    """Public code -> what a resident read."""
    revenues: tuple[tuple[str, int, str, str], ...] = ()
    """(kind, from which 年度, 歳入科目 code, its name)"""

    def kind(self, key: str) -> str:
        return self.kinds.get(key, key)

    def means(self, key: str) -> str:
        return {**CASH, **self.brands}.get(key, key)

    def revenue(self, kind: str, year: int) -> tuple[str, str]:
        """Code and name of the 歳入科目 in that 年度; the newest that has begun. Empty words: the town named none."""
        found = [each for each in self.revenues if each[0] == kind and each[1] <= year]
        if not found:
            return ("", "科目未設定")
        newest = max(found, key=lambda each: each[1])
        return newest[2], newest[3]


def face(denomination: Denomination) -> str:
    """`千円札`-like names are not needed by those who count: `¥1,000`."""
    return f"¥{denomination.face.value:,}"


WHY = {
    "seen": "現物を見て確かめた",
    "counted": "数えて確かめた",
    "camera": "記録映像で確かめた",
    "company": "決済会社に確かめた",
    "resident": "利用者に確かめた",
    "repaired": "直した・詰まりを取った",
    "no-harm": "実害なし",
}
"""Why a doubt is settled so, or an incident closed: chosen at the staff desk, written down as these words."""
NOTES = {
    "waiting-maker": "保守会社を待っている",
    "waiting-resident": "利用者の来庁を待っている",
    "told-section": "主管課に連絡した",
    "look-again": "次の担当者が、もういちど見る",
    "parts": "部品を注文した",
}
"""A word for the next person, likewise."""
TESTS = {
    "receipt": "レシート印刷",
    "receipt-feed": "レシートの紙送り",
    "certificate": "証明書印刷",
    "certificate-feed": "証明書用紙の紙送り",
    "spare": "証明書印刷（予備機）",
    "sound": "音",
    "reader": "カード読取",
    "staff-reader": "職員証の読取",
    "touch": "画面の反応",
    "calibration": "画面の位置",
    "camera": "カメラ",
    "cash": "現金部の接続",
    "machine": "機械の自己点検",
    "network": "証明書サーバー",
    "clock": "時計",
    "disk": "記録装置",
}
"""Of the staff desk (kiosk/engine/desk_tests.py), for the readiness report."""

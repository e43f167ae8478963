"""What was written down, told to the person who asked for it, in the two languages of staff. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.journal import records as r
from kiosk.treasury import words
from kiosk.treasury.paper import signed, yen


def told_of(records: Sequence[r.AnyRecord]) -> tuple[str, str]:
    """Japanese, English; the most telling record speaks."""
    for record in reversed(records):
        if (found := _told(record)) is not None:
            return found
    return f"記録しました（{len(records)} 件）。", f"Written: {len(records)} records."


def _told(record: r.AnyRecord) -> tuple[str, str] | None:
    match record:
        case r.ExchangeStarted(exchange=number, purpose=purpose, units=units):
            names = " ".join(each.unit for each in units)
            return (
                f"{number} {words.PURPOSES[purpose]} を始めました（{names}）。お金の受付を止めています。",
                f"{number} {purpose} is open ({names}). The machine takes no cash until it is ended.",
            )
        case r.ExchangeEnded(exchange=number, difference=difference):
            return (
                f"{number} を閉じました。過不足 {signed(difference)} 円。",
                f"{number} has ended. Difference {signed(difference)} yen.",
            )
        case r.NotePathClearing():
            return "紙幣部を動かし直しています。", "The note unit is starting anew."
        case r.DayClosed(number=number):
            return f"{number} 日目を締めました。", f"Day {number} is closed."
        case r.OwedOnSlip(slip=slip, amount=amount):
            return (
                f"預かり票 {slip}（{yen(amount)} 円）を出しました。窓口で支払ってください。",
                f"Slip {slip} over {yen(amount)} yen: the counter pays it.",
            )
        case r.SlipRedeemed(amount=amount):
            return f"{yen(amount)} 円の支払いを記録しました。", f"{yen(amount)} yen are recorded as paid."
        case r.FoundRegistered(found=found):
            return f"遺失物 {found} として記録しました。", f"Recorded as found thing {found}."
        case r.FoundHandedOver(found=found):
            return f"{found} の引渡しを記録しました。", f"{found} is recorded as handed over."
        case r.StaffEntered(staff=staff):
            return f"{staff} が来ました。", f"{staff} is at the machine."
        case r.StaffLeft(staff=staff):
            return f"{staff} が離れました。", f"{staff} has left."
    return None

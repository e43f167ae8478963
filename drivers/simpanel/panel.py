"""The window with buttons for people without hardware: the acts of `kiosk-sim do`, in two languages."""

from __future__ import annotations

import argparse
import json
import os
import threading
from pathlib import Path
from typing import Any

from drivers.simpanel import control, places
from drivers.simpanel.demo_config import STAFF_PIN
from kiosk.errors import MadoguchiError

Act = tuple[str, ...]

BUTTONS: tuple[tuple[str, tuple[tuple[str, Act], ...]], ...] = (
    (
        "カード  Card",
        (
            ("花子のカードを置く\nPlace Hanako's card", ("place-card", "hanako")),
            ("太郎のカードを置く\nPlace Taro's card", ("place-card", "taro")),
            ("カードを取る\nTake the card", ("remove-card",)),
        ),
    ),
    (
        "職員  Staff",
        (
            ("出納員のカードを置く\nCash officer's card", ("place-card", "staff:demo-officer")),
            ("技術員のカードを置く\nTechnician's card", ("place-card", "staff:demo-technician")),
            ("案内員の札をかざす\nAssistant's badge", ("place-card", "staff:demo-assistant")),
            ("会計管理者のカード\nTreasurer's card", ("place-card", "staff:demo-treasurer")),
            ("ランプを見る\nLook at the light", ("sim", "lamp", "state")),
            ("通知を見る\nRead the messages", ("sim", "webhook", "state")),
        ),
    ),
    (
        "お金  Money",
        (
            ("10円", ("insert-coin", "10")),
            ("50円", ("insert-coin", "50")),
            ("100円", ("insert-coin", "100")),
            ("500円", ("insert-coin", "500")),
            ("千円札\n1,000 yen", ("insert-note", "1000")),
            ("五千円札\n5,000 yen", ("insert-note", "5000")),
            ("一万円札\n10,000 yen", ("insert-note", "10000")),
            ("硬貨を取る\nTake the coins", ("take-coins",)),
            ("お札を取る\nTake the note", ("take-note",)),
        ),
    ),
    (
        "キャッシュレス  Cashless",
        (
            ("Edyをかざす\nTouch Edy", ("touch-terminal", "edy")),
            ("WAONをかざす\nTouch WAON", ("touch-terminal", "waon")),
            ("クレジット\nCredit card", ("touch-terminal", "credit")),
            ("早くはなす(Edy)\nPull Edy away early", ("touch-terminal", "edy", "early", "charged")),
            ("次を断る\nDecline the next", ("decline-card",)),
            ("返事をなくす\nLose the answer", ("terminal-fault", "drop", "1", "Payment")),
            ("未了を調べた\nAcquirer has looked", ("settle-terminal",)),
            ("画面のコードを読む\nScan the screen", ("scan-screen",)),
        ),
    ),
    (
        "紙  Paper",
        (
            ("証明書を取る\nTake the certificate", ("take-paper",)),
            ("領収書を取る\nTake the receipt", ("take-receipt",)),
        ),
    ),
    (
        "困ったこと  Trouble",
        (
            ("用紙切れ\nOut of paper", ("out-of-paper", "printer")),
            ("紙づまり\nPaper jam", ("jam", "printer")),
            ("プリンター復旧\nPrinter is well", ("clear", "printer")),
            ("100円づまり\n100-yen jam", ("jam", "hopper100")),
            ("つまりを取る\nClear the hopper", ("clear", "hopper100")),
            ("お札づまり(手前)\nNote jam, in reach", ("jam", "note1", "user")),
            ("お札づまり(奥)\nNote jam, inside", ("jam", "note1", "staff")),
            ("お札の復旧\nClear the note unit", ("clear", "note1")),
            ("サーバー切断\nServer away", ("server-away",)),
            ("サーバー復帰\nServer back", ("server-back",)),
            ("画面を落とす\nKill the screens", ("kill", "ui")),
            ("本体を落とす\nKill the core", ("kill", "core")),
            ("停電(本体)\nCut its power", ("cut-power",)),
            ("停電(全部)\nBlackout", ("blackout",)),
            ("電源を入れる\nPower on", ("power-on",)),
        ),
    ),
)

SIZE = (700, 960)
COLUMNS = 4
FONTS = (
    "/usr/share/fonts/truetype/fonts-morisawa-bizud-gothic/BIZUDGothic-Regular.ttf",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
)


def main(options: argparse.Namespace) -> int:
    """Open the window; ends when it is closed."""
    out = places.running_folder(options.out)
    os.environ.setdefault("KIVY_NO_ARGS", "1")
    os.environ.setdefault("KIVY_NO_CONSOLELOG", "1")
    os.environ.setdefault("KIVY_NO_FILELOG", "1")
    _window(out, options.pin).run()
    return 0


def act(out: Path, words: Act) -> str:
    """Do one act; the answer in a line, whatever it is."""
    try:
        answer = control.do(out, *words)
    except MadoguchiError as why:
        return f"{' '.join(words)}: {why}"
    return f"{' '.join(words)}: {json.dumps(answer, ensure_ascii=False) if answer else 'OK'}"


def _window(out: Path, pin: str) -> Any:
    from kivy.config import Config  # noqa: PLC0415  # opens a window as soon as it is imported

    for provider in list(Config.options("input")):
        Config.remove_option("input", provider)
    Config.set("input", "mouse", "mouse,disable_multitouch")
    window = {"width": SIZE[0], "height": SIZE[1], "position": "custom", "left": 0, "top": 0, "resizable": 0}
    for key, value in window.items():  # it fills an X server of its own: there is no window manager
        Config.set("graphics", key, str(value))

    from kivy.app import App  # noqa: PLC0415
    from kivy.clock import mainthread  # noqa: PLC0415
    from kivy.uix.boxlayout import BoxLayout  # noqa: PLC0415
    from kivy.uix.button import Button  # noqa: PLC0415
    from kivy.uix.gridlayout import GridLayout  # noqa: PLC0415
    from kivy.uix.label import Label  # noqa: PLC0415

    font = next((path for path in FONTS if Path(path).exists()), "Roboto")

    class Panel(App):
        title = "Madoguchi: simulators"

        def build(self) -> Any:
            column = BoxLayout(orientation="vertical", padding=10, spacing=6)
            for heading, buttons in BUTTONS:
                column.add_widget(
                    Label(text=heading, font_name=font, font_size=18, bold=True, size_hint_y=None, height=30)
                )
                rows = -(-len(buttons) // COLUMNS)
                grid = GridLayout(cols=COLUMNS, spacing=6, size_hint_y=rows)
                for text, words in buttons:
                    button = Button(text=text, font_name=font, font_size=13, halign="center")
                    button.bind(on_release=lambda _, words=words: self.press(words))
                    grid.add_widget(button)
                column.add_widget(grid)
            self.last = Label(font_name=font, font_size=13, size_hint_y=None, height=60, valign="top")
            self.last.bind(size=lambda label, size: setattr(label, "text_size", size))
            column.add_widget(self.last)
            self.last.text = (
                f"暗証番号は {pin}、職員は {STAFF_PIN}。  The PIN is {pin}, of staff cards {STAFF_PIN}."
            )
            return column

        def press(self, words: Act) -> None:
            threading.Thread(target=lambda: self.tell(act(out, words)), daemon=True).start()

        @mainthread
        def tell(self, text: str) -> None:
            self.last.text = text

    return Panel()

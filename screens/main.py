"""kiosk-ui: the resident's screens.

    kiosk-ui --socket /run/kiosk/core/view.sock --pin-socket /run/kiosk/pin/pin.sock \\
             --size 1080x1920 --panel-mm 267.8x476.1
"""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from kiosk.messages import Message, open_log, say
from screens import environment, fonts

if TYPE_CHECKING:
    from screens.app import UiApp


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="kiosk-ui", description="The resident's screens.")
    found.add_argument("--socket", default="/run/kiosk/core/view.sock", help="the core's view socket")
    found.add_argument("--pin-socket", default="/run/kiosk/pin/pin.sock", help="the card process's socket")
    found.add_argument(
        "--voice-socket",
        default="/run/kiosk/voice/voice.sock",
        help="the voice process's socket; empty: none",
    )
    found.add_argument(
        "--double-strike-ms",
        type=int,
        default=80,
        help="the same key within this is one strike; 500 for hands that tremble (80)",
    )
    found.add_argument("--size", type=_pair_of(int), default=(1080, 1920), help="pixels, 1080x1920")
    found.add_argument(
        "--panel-mm", type=_pair_of(float), default=(267.8, 476.1), help="the panel's real size, 267.8x476.1"
    )
    found.add_argument(
        "--distance-mm",
        type=float,
        default=600.0,
        help="from where it is read; a small panel is read from nearer",
    )
    found.add_argument(
        "--reach-mm", type=float, default=250.0, help="low reach: so far above the panel's lower edge, 250"
    )
    return found


def _pair_of(kind: type[int] | type[float]):  # type: ignore[no-untyped-def]  # argparse takes any callable
    def read(text: str) -> tuple[float, float]:
        first, _, second = text.partition("x")
        return kind(first), kind(second)

    return read


def build(arguments: argparse.Namespace, assistant_language: str = "") -> UiApp:
    """Check the fonts, set Kivy up, open the window; Kivy is imported here for the first time."""
    fonts.require()
    environment.prepare(arguments.size)
    from screens.theme import look  # noqa: PLC0415  # after the environment

    look.fit_panel(arguments.size, arguments.panel_mm, arguments.distance_mm, arguments.reach_mm)
    from screens.app import UiApp  # noqa: PLC0415  # imports Kivy

    return UiApp(
        arguments.socket,
        arguments.pin_socket,
        assistant_language,
        "" if assistant_language else arguments.voice_socket,
        arguments.double_strike_ms / 1000,
    )


def main(argv: list[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    open_log("kiosk-ui")
    try:
        app = build(arguments)
    except fonts.FontMissingError as error:
        say(Message.FONTS_MISSING, why=str(error))
        return 1
    app.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())

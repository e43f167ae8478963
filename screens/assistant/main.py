"""kiosk-assist: the floor assistant's panel, never on the resident's X server.

kiosk-assist --socket /run/kiosk/core/view.sock --size 1080x1920 --panel-mm 194.4x345.6 --language ja
"""

from __future__ import annotations

import sys

from kiosk.messages import Message, open_log, say
from screens import fonts
from screens import main as ui


def main(argv: list[str] | None = None) -> int:
    parser = ui.parser()
    parser.prog, parser.description = "kiosk-assist", "The floor assistant's panel."
    parser.add_argument(
        "--language", default="ja", help="of the panel itself; the resident's is chosen on it"
    )
    parser.set_defaults(size=(1080, 1920), panel_mm=(194.4, 345.6), distance_mm=430.0)
    arguments = parser.parse_args(argv)
    open_log("kiosk-assist")
    try:
        app = ui.build(arguments, assistant_language=arguments.language)
    except fonts.FontMissingError as error:
        say(Message.FONTS_MISSING, why=str(error))
        return 1
    app.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""The screens with an observer: what is where, for a harness that touches the real window. Not in the appliance.

    python -m screens.probe --socket … --pin-socket … --size … --panel-mm … --probe /run/…/probe.sock

One JSON object a line, one answer a line:

    {"ask":"layout"}              {"ok":true,"nodes":[{"key","role","rect":[x,y,w,h],"text","enabled"}, …]}
    {"ask":"screen"}              {"ok":true,"body":"Pay","rev":7,"step":3,"language":"ja","still_there":false}
    {"ask":"history","after":12}  {"ok":true,"shown":[{"number":13,"shown_at_s":…,"body":"Pay","fields":{…}}, …]}
    {"ask":"shot","path":"a.png"} {"ok":true}
    {"ask":"metrics"}             {"ok":true,"first_frame_ms":…,"is_ready":true,"rss_mb":…,"own_mb":…,…}

`history` holds every view that reached the glass, with the moment of its first frame (CLOCK_MONOTONIC).
`rect` counts pixels of the window from its top left. Under a question or a sheet only what can be touched is listed.
Digits of a secret are in no answer: the keypad knows them, the tree does not.
"""

from __future__ import annotations

import json
import os
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk import plain
from screens import main as ui

if TYPE_CHECKING:
    from screens.app import UiApp

_LINE_MAX = 4096
_HISTORY = 60
_ANSWER_TIMEOUT_S = 10.0

Answer = dict[str, Any]


class Probe:
    """Answers on a Unix socket; each question is answered in the window's own thread."""

    def __init__(self, app: UiApp, path: Path) -> None:
        self._app = app
        self._path = path
        self._shown: deque[Answer] = deque(maxlen=_HISTORY)
        self._last: object = None
        self._number = 0
        self._asks: Mapping[str, Callable[[Answer], Answer]] = {
            "layout": self._layout,
            "screen": self._screen,
            "history": self._history,
            "shot": self._shot,
            "metrics": self._metrics,
        }

    def start(self) -> None:
        self._app.after_frame.append(self._flipped)
        self._path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(self._path))
        listener.listen(8)
        threading.Thread(target=self._accept, args=(listener,), name="probe", daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            peer, _ = listener.accept()
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer, peer.makefile("rwb") as lines:
            while line := lines.readline(_LINE_MAX):
                answer = self._answer(line)
                lines.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
                lines.flush()

    def _answer(self, line: bytes) -> Answer:
        try:
            question = json.loads(line)
            ask = self._asks[question["ask"]]
        except (ValueError, KeyError, TypeError):
            return {"ok": False, "error": f"ask one of {', '.join(self._asks)}"}
        return self._in_window(lambda: ask(question))

    def _in_window(self, ask: Callable[[], Answer]) -> Answer:
        from kivy.clock import Clock  # noqa: PLC0415  # after the environment

        answers: list[Answer] = []
        is_done = threading.Event()

        def run(_dt: float) -> None:
            try:
                answers.append({"ok": True, **ask()})
            except Exception as error:  # the harness must hear of it, the window must live
                answers.append({"ok": False, "error": type(error).__name__})
            is_done.set()

        Clock.schedule_once(run)
        is_done.wait(_ANSWER_TIMEOUT_S)
        return answers[0] if answers else {"ok": False, "error": "the window does not answer"}

    def _layout(self, _question: Answer) -> Answer:
        from screens import tree  # noqa: PLC0415  # after the environment

        found = [
            {
                "key": node.key,
                "role": node.role,
                "rect": list(node.rect),
                "text": "\n".join(node.lines),
                "enabled": node.is_enabled,
            }
            for node in tree.in_front(self._app.frame)
        ]
        return {"nodes": found}

    def _screen(self, _question: Answer) -> Answer:
        view = self._app.router.view
        if view is None:
            return {"body": "Connecting", "rev": 0, "step": 0, "language": "", "still_there": False}
        return {
            "body": type(view.body).__name__,
            "rev": view.rev,
            "step": view.step,
            "language": view.language,
            "still_there": view.still_there is not None,
            "focus": self._focus(),
        }

    def _focus(self) -> str:
        """What the keys are on, by its spoken name; a digit is nothing."""
        button = self._app.focus.button
        return "" if button is None or button.is_silent else button.spoken_name

    def _flipped(self) -> None:
        view = self._app.router.view
        if view is None or view is self._last:
            return
        self._last = view
        self._number += 1
        self._shown.append(
            {
                "number": self._number,
                "shown_at_s": time.monotonic(),
                "body": type(view.body).__name__,
                "rev": view.rev,
                "step": view.step,
                "still_there": view.still_there is not None,
                "fields": json.loads(plain.encode(view.body)),
            }
        )

    def _history(self, question: Answer) -> Answer:
        after = int(question.get("after", 0))
        return {"shown": [each for each in self._shown if each["number"] > after]}

    def _shot(self, question: Answer) -> Answer:
        from screens.picture_of import window_picture  # noqa: PLC0415  # after the environment

        window_picture().save(question["path"])
        return {}

    def _metrics(self, _question: Answer) -> Answer:
        figures = self._app.metrics
        all_pages, file_pages = (int(each) for each in Path("/proc/self/statm").read_text().split()[1:3])
        return {
            "first_frame_ms": round(figures.first_frame_ms, 1),
            "frames": figures.frames,
            "last_flip_s": figures.last_flip_s,
            "builds": [[name, round(ms, 2)] for name, ms in figures.builds],
            "updates_ms": [round(ms, 2) for ms in figures.updates],
            "is_ready": self._app.idle.is_done,
            "rss_mb": round(_resident_mb(all_pages), 1),
            "own_mb": round(_resident_mb(all_pages - file_pages), 1),
        }


def _resident_mb(pages: int) -> float:
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(argv: list[str] | None = None) -> int:
    parser = ui.parser()
    parser.add_argument("--probe", type=Path, required=True, help="the socket that answers")
    parser.add_argument("--assistant", default="", metavar="LANGUAGE", help="the assistant's panel instead")
    arguments = parser.parse_args(argv)
    app = ui.build(arguments, arguments.assistant)
    Probe(app, arguments.probe).start()
    app.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())

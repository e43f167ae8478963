"""What Kivy must be told before its first import. `prepare` comes before anything that imports Kivy.

Nothing outside decides: no argument, no KIVY_* or KCFG_* variable, no file in a home directory. Modules (inspector,
recorder, console) stay off; there is no `App`, so F1 opens nothing.
"""

from __future__ import annotations

import os
import sys

POLLS_PER_SECOND = 100
"""How often touches are looked for. Kivy draws only when something changed, so an idle screen draws 0 frames a second
and a touch waits 10 ms at most; at maxfps=30 it would wait 33. A view of the core waits for no poll: it ends the sleep
of the clock (`kivy_clock`)."""


def prepare(size: tuple[int, int]) -> None:
    """Set Kivy up for a window of this size."""
    if "kivy" in sys.modules:
        raise RuntimeError("Kivy was imported before screens.environment.prepare()")
    for name in [name for name in os.environ if name.startswith(("KIVY_", "KCFG_"))]:
        del os.environ[name]
    os.environ.update(
        KIVY_NO_ARGS="1",
        KIVY_NO_CONFIG="1",
        KIVY_NO_ENV_CONFIG="1",
        KIVY_NO_FILELOG="1",
        KIVY_NO_CONSOLELOG="1",
        KIVY_LOG_MODE="PYTHON",
        KIVY_WINDOW="sdl2",
        KIVY_TEXT="pil",
        KIVY_IMAGE="pil",
    )
    _configure(size)


def _configure(size: tuple[int, int]) -> None:
    from kivy.config import Config  # noqa: PLC0415  # the whole point: after the environment

    values = {
        "kivy": {
            "exit_on_escape": 0,
            "pause_on_minimize": 0,
            "keyboard_mode": "system",
            "kivy_clock": "interrupt",
            "log_level": "warning",
        },
        "graphics": {
            "width": size[0],
            "height": size[1],
            "position": "custom",
            "left": 0,
            "top": 0,
            "fullscreen": 0,
            "borderless": 1,
            "resizable": 0,
            "allow_screensaver": 0,
            "show_cursor": 0,
            "multisamples": 0,
            "vsync": 0,
            "maxfps": POLLS_PER_SECOND,
        },
    }
    for section, pairs in values.items():
        for name, value in pairs.items():
            Config.set(section, name, str(value))
    for section in ("input", "modules"):
        Config.remove_section(section)
        Config.add_section(section)
    # One tap is one press and one release: SDL turns a finger into the pointer; no second provider sees it.
    Config.set("input", "mouse", "mouse,disable_multitouch")

"""The windows of a run: X servers, the resident's screens, the assistant's panel (near or by the relay), buttons."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drivers.simpanel import bench, places
from drivers.simpanel.panel import SIZE
from drivers.simpanel.parts import SIM
from drivers.simpanel.process import Part, Task, answers_tcp, answers_unix, ended_well, python

DISPLAY = ":1"
PANEL_DISPLAY = ":2"
ASSIST_DISPLAY = ":3"
"""Numbers are free: the run's X sockets are its own."""

ASSIST_PANEL = ("--panel-mm", "194.4x345.6", "--distance-mm", "430", "--assistant", "ja")
"""15.6 inches, upright, as kiosk-assist has it."""

RELAY_PORT = 8445
PANEL_NAME = "panel-1"
FAR_VIEW = Path("/run/kiosk-assist/view.sock")
"""The view at the panel's own computer, behind which is the relay."""


@dataclass(frozen=True)
class HostDisplay:
    """The display of the person who runs the demo; nested servers open there as that person."""

    display: str
    cookies: Path
    user: str


def screen(host: HostDisplay | None, size: tuple[int, int]) -> list[Part | Task]:
    """An X server of the resident's own, and the screens as its only client."""
    folder, key = places.BENCH / "screen", places.BENCH / "screen" / "resident.xauth"
    server = _server(DISPLAY, size, host, "Madoguchi", key, "kiosk-ui")
    probe = folder / "probe.sock"
    return [
        server,
        Part(
            "ui",
            "the resident's screens",
            python("screens.probe:main", "--probe", str(probe), "--size", f"{size[0]}x{size[1]}"),
            "kiosk-ui",
            answers_unix(probe),
            needs=(server.name,),
            environment=_of_kivy(DISPLAY, key, "/run/kiosk-ui"),
            is_kept_up=True,
        ),
    ]


def _server(
    display: str, size: tuple[int, int], host: HostDisplay | None, title: str, key: Path, user: str
) -> Part:
    """An X server, and `key`: the cookie by which its only client, `user`, comes in. The server's lies beside it."""
    cookie, own = bench.new_cookie(), key.with_name("server.xauth")
    bench.write_cookie(own, cookie, host.user if host else user, "root", 0o400)
    bench.write_cookie(key, cookie, "root", user, 0o640)
    return x_server(display, size, own, host, title)


def _of_kivy(display: str, cookie: Path, home: str) -> dict[str, str]:
    return {
        "DISPLAY": display,
        "XAUTHORITY": str(cookie),
        "KIVY_HOME": home,
        "KIVY_NO_ARGS": "1",
        "KIVY_TEXT": "pil",
        "HOME": home,
    }


def assist(host: HostDisplay | None, is_far: bool = False) -> list[Part | Task]:
    """The floor assistant's panel: another user, another X server (clients of one read each other's pixels).

    `is_far`: as on a computer of its own, through TLS by a key of the panel's.
    """
    size = (1080, 1920) if host is None else (480, 853)
    folder, key = places.BENCH / "assist", places.BENCH / "assist" / "assist.xauth"
    server = _server(ASSIST_DISPLAY, size, host, "Madoguchi: assistant", key, "kiosk-assist")
    probe = folder / "probe.sock"
    far = ("--socket", str(FAR_VIEW)) if is_far else ()
    words = ("--probe", str(probe), "--size", f"{size[0]}x{size[1]}", *ASSIST_PANEL, *far)
    return [
        *(relay() if is_far else ()),
        server,
        Part(
            "assist",
            "the floor assistant's panel",
            python("screens.probe:main", *words),
            "kiosk-assist",
            answers_unix(probe),
            needs=(server.name, *(["relay-far"] if is_far else ())),
            environment=_of_kivy(ASSIST_DISPLAY, key, "/run/kiosk-assist"),
            is_kept_up=True,
        ),
    ]


def relay() -> list[Part | Task]:
    """Both ends of the assistant's TLS, each a process of the user whose role it is."""
    folder, user, main = places.BENCH / "assist" / "keys", "kiosk-assist", "kiosk.relay.main:main"
    making = ("keys", "--out", str(folder), "--host", "localhost", "--panel", PANEL_NAME)
    near = ("serve", "--listen", f"localhost:{RELAY_PORT}", "--keys", str(folder))
    far = ("connect", "--to", f"localhost:{RELAY_PORT}", "--keys", str(folder), "--name", PANEL_NAME)
    return [
        Part(
            "relay-keys",
            "makes the panel's keys",
            python(main, *making),
            user,
            ended_well,
            is_step=True,
        ),
        Part(
            "relay-near",
            "the relay at the kiosk",
            python(main, *near),
            user,
            answers_tcp(RELAY_PORT),
            needs=("relay-keys", "core"),
            is_kept_up=True,
        ),
        Part(
            "relay-far",
            "the relay at the panel",
            python(main, *far, "--socket", str(FAR_VIEW)),
            user,
            answers_unix(FAR_VIEW),
            needs=("relay-near",),
            is_kept_up=True,
        ),
    ]


def panel(host: HostDisplay | None, pin: str) -> list[Part | Task]:
    """The window with buttons, on its own X server: clients of one server read each other's touches."""
    folder = places.BENCH / "panel"
    folder.mkdir(exist_ok=True)
    cookie = bench.new_cookie()
    bench.write_cookie(folder / "server.xauth", cookie, host.user if host else "kiosk-ui", "root", 0o400)
    bench.write_cookie(folder / "panel.xauth", cookie, "root", "root", 0o400)
    server = x_server(PANEL_DISPLAY, SIZE, folder / "server.xauth", host, "Madoguchi: simulators")
    return [
        server,
        Part(
            "panel",
            "buttons instead of hardware",
            python(SIM, "panel", "--out", str(places.OUT), "--pin", pin),
            "root",
            lambda *_: True,
            needs=(server.name,),
            environment={
                "DISPLAY": PANEL_DISPLAY,
                "XAUTHORITY": str(folder / "panel.xauth"),
                "KIVY_HOME": str(folder),
                "KIVY_NO_ARGS": "1",
                "KIVY_TEXT": "pil",
            },
        ),
    ]


def x_server(display: str, size: tuple[int, int], cookie: Path, host: HostDisplay | None, title: str) -> Part:
    """Xvfb, or a nested server in a window of the person's own display."""
    common = ("-auth", str(cookie), "-nolisten", "tcp", "-noreset")
    ready = answers_unix(Path("/tmp/.X11-unix") / f"X{display.removeprefix(':')}")  # noqa: S108
    width, height = size
    beside = f"+{size[0] + 100}+0" if display == PANEL_DISPLAY else ""  # where no window manager places it
    if host is None:
        return Part(
            f"x{display}",
            "X server that nobody sees",
            ("Xvfb", display, "-screen", "0", f"{width}x{height}x24", *common),
            "kiosk-assist" if display == ASSIST_DISPLAY else "kiosk-ui",
            ready,
        )
    return Part(
        f"x{display}",
        {DISPLAY: "window of the kiosk", ASSIST_DISPLAY: "window of the assistant"}.get(
            display, "window of the panel"
        ),
        ("Xephyr", display, "-screen", f"{width}x{height}{beside}", "-title", title, *common),
        host.user,
        ready,
        environment={"DISPLAY": host.display, "XAUTHORITY": str(host.cookies)},
        is_vital=True,
    )

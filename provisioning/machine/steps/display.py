"""The screen: quiet while it starts, turned as it hangs, and never dark: what is shown when the screens cannot be."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.machine.host import Host
from provisioning.machine.profile import Display, Profile
from provisioning.machine.wants import Derived, Initramfs, TextFile, Want

MATRIX = {
    0: "1 0 0 0 1 0",
    90: "0 -1 1 1 0 0",
    180: "-1 0 1 0 -1 1",
    270: "0 1 0 -1 0 1",
}
"""libinput's calibration matrix for a touch panel that is turned with its display."""


THEME = "/usr/share/plymouth/themes/madoguchi"
_SCRIPT = """# One picture in the middle of white, turned as the display hangs.
Window.SetBackgroundTopColor(1, 1, 1);
Window.SetBackgroundBottomColor(1, 1, 1);
picture.whole = Image("starting.png").Rotate(TURNED);
side = Math.Min(Window.GetWidth(), Window.GetHeight());
picture.image = picture.whole.Scale(side, side);
picture.sprite = Sprite(picture.image);
picture.sprite.SetX(Window.GetWidth() / 2 - side / 2);
picture.sprite.SetY(Window.GetHeight() / 2 - side / 2);
"""


def plymouth(profile: Profile) -> list[Want]:
    """From the boot loader to the first screen: words that say what happens, no text of a system."""
    return [
        TextFile(
            f"{THEME}/madoguchi.plymouth",
            "[Plymouth Theme]\nName=Madoguchi\nDescription=The start of a kiosk\nModuleName=script\n\n"
            f"[script]\nImageDir={THEME}\nScriptFile={THEME}/madoguchi.script\n",
        ),
        TextFile(
            f"{THEME}/madoguchi.script", _SCRIPT.replace("TURNED", f"{profile.rotation / 180:g} * Math.Pi")
        ),
        Derived(
            f"{THEME}/starting.png",
            f"{THEME}/madoguchi.plymouth",
            ("/opt/madoguchi/venv/bin/kiosk-fallback", "--png", f"{THEME}/starting.png"),
        ),
        TextFile("/etc/plymouth/plymouthd.conf", "[Daemon]\nTheme=madoguchi\nShowDelay=0\n"),
        Initramfs("/etc/plymouth/plymouthd.conf"),
    ]


def display(host: Host, profile: Profile) -> Sequence[Want]:
    del host
    wanted: list[Want] = [
        *plymouth(profile),
        TextFile(
            "/etc/default/grub.d/madoguchi.cfg",
            "# Quiet, no menu, no other system, no console on the front screen.\n"
            "GRUB_TIMEOUT=0\nGRUB_TIMEOUT_STYLE=hidden\nGRUB_DISABLE_OS_PROBER=true\nGRUB_DISABLE_RECOVERY=true\n"
            'GRUB_CMDLINE_LINUX_DEFAULT="quiet splash loglevel=3 vt.global_cursor_default=0 '
            f'systemd.show_status=false fbcon=rotate:{-profile.rotation // 90 % 4}"\n',
        ),
        TextFile(
            "/etc/udev/rules.d/61-madoguchi-touch.rules",
            "# The touch panel is turned as its display is.\n"
            'ENV{ID_INPUT_TOUCHSCREEN}=="1", '
            f'ENV{{LIBINPUT_CALIBRATION_MATRIX}}="{MATRIX[profile.rotation]}"\n'
            "# A front without keys: no keyboard reaches the compositor.\n"
            'ENV{ID_INPUT_KEYBOARD}=="1", ENV{ID_INPUT_TOUCHSCREEN}!="1", ENV{LIBINPUT_IGNORE_DEVICE}="1"\n',
        ),
        TextFile("/etc/udev/rules.d/63-madoguchi-panel.rules", PANEL),
    ]
    if profile.display is Display.KMSDRM:
        wanted.append(TextFile("/etc/systemd/system/kiosk-ui.service.d/kmsdrm.conf", _KMSDRM))
    if profile.rotation:
        wanted.append(TextFile("/etc/systemd/system/kiosk-ui.service.d/rotation.conf", _turned(profile)))
    return wanted


PANEL = """# No USB device sleeps: the first touch would only wake its panel, and be lost (seen in QEMU; systemd names
# those that sleep in 60-autosuspend*.hwdb).
ACTION=="add", SUBSYSTEM=="usb", TEST=="power/control", ATTR{power/control}="on"
# A touch panel or a key pad is plugged in later, or again. The screens' sandbox has a network of its own,
# where udev's word of it is not heard (systemd.exec(5), PrivateNetwork=): they start again, on the same step.
ACTION!="add", GOTO="kiosk_known"
SUBSYSTEM!="input", GOTO="kiosk_known"
KERNEL!="event*", GOTO="kiosk_known"
ENV{ID_INPUT_TOUCHSCREEN}=="1", GOTO="kiosk_came"
ENV{ID_INPUT_MOUSE}=="1", GOTO="kiosk_came"
ENV{LIBINPUT_IGNORE_DEVICE}=="0", GOTO="kiosk_came"
GOTO="kiosk_known"
LABEL="kiosk_came"
RUN+="/usr/bin/systemctl --no-block try-restart kiosk-ui.service"
LABEL="kiosk_known"
"""


_KMSDRM = """# SDL draws on the kernel's display itself, on the first console; no compositor.
[Service]
ExecStart=
ExecStart=/opt/madoguchi/venv/bin/kiosk-ui
Environment=SDL_VIDEODRIVER=kmsdrm
SupplementaryGroups=input
StandardInput=tty-fail
TTYPath=/dev/tty1
TTYReset=yes
TTYVHangup=yes
TTYVTDisallocate=yes
DeviceAllow=char-input rw
DeviceAllow=char-tty rw
"""


def _turned(profile: Profile) -> str:
    """cage turns what it shows by a quarter, clockwise, for each -r; the picture of the last resort is turned, too."""
    fallback = f"/opt/madoguchi/venv/bin/kiosk-fallback --turned {profile.rotation}"
    lines = [
        "# The panel is turned, and so is everything that is shown on it.",
        "[Service]",
        *(f"{key}=\n{key}=-{fallback}" for key in ("ExecStartPre", "ExecStopPost")),
    ]
    if profile.display is Display.CAGE:
        turns = " ".join(["-r"] * (profile.rotation // 90))
        lines += ["ExecStart=", f"ExecStart=/usr/bin/cage -d {turns} -- /opt/madoguchi/venv/bin/kiosk-ui"]
    return "\n".join(lines) + "\n"

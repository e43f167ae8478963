"""What goes on by itself for years: records, updates, the end of the power."""

from __future__ import annotations

from collections.abc import Sequence

from kiosk.messages.message import Message
from provisioning.machine.host import Host
from provisioning.machine.profile import Peer, Profile, Purpose
from provisioning.machine.wants import Derived, Enabled, TextFile, Want

UPS_NOTIFY = "/usr/local/lib/madoguchi/ups-notify"
ON_BATTERY = "/run/nut/on-battery"
ENROLMENT = "/var/lib/madoguchi/enrolment"
SERVER_CA = f"{ENROLMENT}/server-ca.pem"
LOGS_CA = "/etc/madoguchi/logs-ca.pem"
LOGS_UNITS = ("kiosk-logs.path", "kiosk-logs.service")
CATALOGUE = "/usr/lib/systemd/catalog/madoguchi.catalog"
"""What `journalctl -x` explains; made from kiosk/messages/catalogue.toml."""


def _of_ours(host: Host, units: Sequence[str]) -> list[Want]:
    folder = host.checkout / "systemd/system"
    return [TextFile(f"/etc/systemd/system/{name}", (folder / name).read_text("utf-8")) for name in units]


def logs(host: Host, profile: Profile) -> Sequence[Want]:
    catalogue = (host.checkout / "systemd/catalog/madoguchi.catalog").read_text(encoding="utf-8")
    wanted: list[Want] = [
        TextFile(
            "/etc/systemd/journald.conf.d/madoguchi.conf",
            "# Months of a quiet machine, bounded; nothing personal is ever written (docs/messages.md).\n"
            "[Journal]\nStorage=persistent\nSystemMaxUse=500M\nSystemKeepFree=1G\nMaxRetentionSec=400day\n"
            "RateLimitIntervalSec=30s\nRateLimitBurst=2000\nLineMax=4K\nForwardToSyslog=yes\nForwardToWall=no\n"
            "ForwardToConsole=no\nSeal=yes\n",
        ),
        TextFile(CATALOGUE, catalogue),
        Derived("/var/lib/systemd/catalog/database", CATALOGUE, ("journalctl", "--update-catalog")),
    ]
    targets = profile.peers_for(Purpose.LOGS)
    if targets:
        wanted += [
            *([] if profile.logs_ca is None else [TextFile(LOGS_CA, profile.logs_ca.read_text("ascii"))]),
            TextFile("/etc/rsyslog.conf", rsyslog(targets[0], LOGS_CA if profile.logs_ca else SERVER_CA)),
            *_of_ours(host, LOGS_UNITS),
            Enabled(("rsyslog.service", "kiosk-logs.path")),
        ]
    return wanted


def rsyslog(target: Peer, authority: str) -> str:
    """Warnings of everything and all of authentication, firewall and kiosk; kept in memory while the line is down. The
    machine shows the certificate of its enrolment: without one nothing is sent, and what was kept goes out after it."""
    return (
        "# Security events to the town's server, by TLS, with this machine's certificate (RFC 5425).\n"
        'module(load="imuxsock")\nmodule(load="imklog" permitNonKernelFacility="off")\n'
        "global(\n"
        '  workDirectory="/run"\n  DefaultNetstreamDriver="gtls"\n'
        f'  DefaultNetstreamDriverCAFile="{authority}"\n'
        f'  DefaultNetstreamDriverCertFile="{ENROLMENT}/device.pem"\n'
        f'  DefaultNetstreamDriverKeyFile="{ENROLMENT}/device.key"\n)\n'
        'if $syslogseverity <= 4 or $syslogfacility-text == "authpriv" or $programname startswith "kiosk"\n'
        '  or $programname startswith "usbguard" or $msg contains "kiosk refused" then {\n'
        f'  action(type="omfwd" target="{target.name}" port="{target.port}" protocol="tcp" '
        'TCP_Framing="octet-counted"\n'
        '    StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name"\n'
        f'    StreamDriverPermittedPeers="{target.name}" template="RSYSLOG_SyslogProtocol23Format"\n'
        '    queue.type="LinkedList" queue.size="10000" action.resumeRetryCount="-1" '
        'action.resumeInterval="10" action.resumeIntervalMax="300")\n}\n'
    )


def updates(host: Host, profile: Profile) -> Sequence[Want]:
    """Security updates only, fetched and installed at night, from the town's mirror."""
    del host
    mirrors = profile.peers_for(Purpose.UPDATES)
    if not mirrors:
        return []
    mirror = mirrors[0]
    place = f"https://{mirror.name}" + ("" if mirror.port == 443 else f":{mirror.port}")
    return [
        TextFile(
            "/etc/apt/sources.list",
            "# The town's mirror. A machine in a lobby asks nobody else.\n"
            f"deb {place}/debian bookworm main\n"
            f"deb {place}/debian-security bookworm-security main\n",
        ),
        TextFile(
            "/etc/apt/apt.conf.d/52madoguchi",
            'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n'
            'APT::Periodic::AutocleanInterval "7";\n'
            "Unattended-Upgrade::Origins-Pattern { };\n"
            'Unattended-Upgrade::Origins-Pattern { "origin=Debian,codename=bookworm-security"; };\n'
            'Unattended-Upgrade::Automatic-Reboot "true";\nUnattended-Upgrade::Automatic-Reboot-Time "03:30";\n'
            'Unattended-Upgrade::Automatic-Reboot-WithUsers "true";\n'
            'Unattended-Upgrade::Package-Blacklist { "linux-image-.*-rt"; };\n',
        ),
        TextFile(
            "/etc/systemd/system/apt-daily-upgrade.timer.d/madoguchi.conf",
            "# At night, never while somebody may have money inside.\n"
            "[Timer]\nOnCalendar=\nOnCalendar=*-*-* 02:30\nRandomizedDelaySec=20min\nPersistent=false\n",
        ),
        TextFile(
            "/etc/systemd/system/apt-daily-upgrade.service.d/madoguchi.conf",
            "# The kiosk's own word: no session, no money held, no payout open.\n"
            "[Service]\nExecCondition=/opt/madoguchi/venv/bin/kiosk-check --is-idle "
            "--config /etc/madoguchi/machine.toml "
            "--config /etc/madoguchi/municipality.toml\n"
            "ExecStartPre=/usr/bin/apt-get -q update\n",
        ),
    ]


def _ups_notify() -> str:
    """What upsmon runs as its own user: it may touch its own folder and speak to the journal, no more."""
    lost = Message.POWER_LOST
    text = lost.text.format(why="mains lost")
    entry = f"MESSAGE_ID={lost.id}\\nPRIORITY=4\\nSYSLOG_IDENTIFIER=kiosk-ups\\nMESSAGE={text}"
    return (
        "#!/bin/sh\n# The mains went or came back (upsmon.conf(5)); kiosk-onbattery.timer looks at the mark.\n"
        'case "$NOTIFYTYPE" in\n'
        f"    ONBATT) touch {ON_BATTERY}; printf '{entry}\\n' | logger --journald ;;\n"
        f"    ONLINE) rm -f {ON_BATTERY} ;;\nesac\n"
    )


def ups(host: Host, profile: Profile) -> Sequence[Want]:
    """On battery the machine ends itself as soon as no money of anybody is inside; on a low battery at once: what is
    held is on record, and is offered back after the next start."""
    if profile.ups is None:
        return []
    return [
        TextFile("/etc/nut/nut.conf", "MODE=standalone\n", mode=0o640, owner="root:nut"),
        TextFile(
            "/etc/nut/ups.conf",
            f"[kiosk]\n  driver = {profile.ups.driver}\n  port = {profile.ups.port}\n",
            mode=0o640,
            owner="root:nut",
        ),
        TextFile("/etc/nut/upsd.conf", "LISTEN 127.0.0.1 3493\n", mode=0o640, owner="root:nut"),
        TextFile(
            "/etc/nut/upsd.users",
            "# Only this machine listens, on its own loopback; the word is no secret.\n"
            "[monitor]\n  password = monitor\n  upsmon primary\n",
            mode=0o640,
            owner="root:nut",
        ),
        TextFile(
            "/etc/nut/upsmon.conf",
            "MONITOR kiosk@localhost 1 monitor monitor primary\nMINSUPPLIES 1\n"
            'SHUTDOWNCMD "/usr/bin/systemctl poweroff"\nPOLLFREQ 5\nFINALDELAY 0\n'
            "POWERDOWNFLAG /run/nut/killpower\n"
            f"NOTIFYCMD {UPS_NOTIFY}\nNOTIFYFLAG ONBATT EXEC\nNOTIFYFLAG ONLINE EXEC\n",
            mode=0o640,
            owner="root:nut",
        ),
        TextFile(UPS_NOTIFY, _ups_notify(), mode=0o755),
        *_of_ours(host, ("kiosk-onbattery.service", "kiosk-onbattery.timer")),
        Enabled(("kiosk-onbattery.timer",)),
        Enabled(("nut-driver-enumerator.service", "nut-server.service", "nut-monitor.service")),
    ]

"""What nobody in a lobby may do to the system, and what must never reach a disk."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.machine.host import Host
from provisioning.machine.profile import Profile
from provisioning.machine.wants import Link, TextFile, Want

MASKED = (
    "ctrl-alt-del.target",  # three keys restart nothing
    "debug-shell.service",
    "emergency.service",  # a fault at boot asks nobody for a password on the front screen
    "rescue.service",
    "getty@tty1.service",
    "serial-getty@ttyS0.service",
    "systemd-coredump.socket",
    "swap.target",
    "sleep.target",
    "suspend.target",
    "hibernate.target",
    "apt-daily.timer",  # what is fetched when: 75-updates
    "bluetooth.service",
)


def hardening(host: Host, profile: Profile) -> Sequence[Want]:
    del host, profile
    return [
        *(Link(f"/etc/systemd/system/{unit}", "/dev/null") for unit in MASKED),
        # What a program lays in /tmp for a moment is in memory only (units of ours have a /tmp of their own in it).
        Link("/etc/systemd/system/tmp.mount", "/usr/share/systemd/tmp.mount"),
        Link("/etc/systemd/system/local-fs.target.wants/tmp.mount", "/etc/systemd/system/tmp.mount"),
        TextFile(
            "/etc/systemd/logind.conf.d/madoguchi.conf",
            "# No other console behind the screens, and no key of a keyboard ends anything.\n"
            "[Login]\nNAutoVTs=0\nReserveVT=0\nKillUserProcesses=yes\n"
            "HandlePowerKey=ignore\nHandlePowerKeyLongPress=poweroff\nHandleRebootKey=ignore\n"
            "HandleSuspendKey=ignore\nHandleHibernateKey=ignore\nHandleLidSwitch=ignore\n",
        ),
        TextFile(
            "/etc/sysctl.d/60-madoguchi.conf",
            "# A process's memory is its own: no dump, no look from outside, no key that asks the kernel.\n"
            "kernel.core_pattern=|/bin/false\nfs.suid_dumpable=0\nkernel.yama.ptrace_scope=3\n"
            "kernel.sysrq=0\nkernel.kptr_restrict=2\nkernel.dmesg_restrict=1\n"
            "kernel.unprivileged_bpf_disabled=1\nkernel.kexec_load_disabled=1\n"
            "vm.swappiness=0\nkernel.panic=10\nkernel.panic_on_oops=1\n",
        ),
        TextFile(
            "/etc/security/limits.d/madoguchi.conf",
            "# pam: nobody leaves a core file.\n*\thard\tcore\t0\n",
        ),
        TextFile(
            "/etc/systemd/system.conf.d/madoguchi.conf",
            "# A hung kernel or init ends in a restart; no unit leaves a core file.\n"
            "[Manager]\nRuntimeWatchdogSec=30\nRebootWatchdogSec=2min\nDefaultLimitCORE=0\nCtrlAltDelBurstAction=none\n",
        ),
        TextFile(
            "/etc/modprobe.d/madoguchi.conf",
            "# What a lobby never needs and a stranger may bring.\n"
            + "".join(
                f"install {module} /bin/false\n"
                for module in (
                    "usb-storage",
                    "uas",
                    "firewire-core",
                    "thunderbolt",
                    "bluetooth",
                    "btusb",
                    "cifs",
                    "nfs",
                    "dccp",
                    "sctp",
                )
            ),
        ),
    ]

"""Two networks that are never routed into each other, and a firewall in which each rule names its purpose."""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.machine.host import Host
from provisioning.machine.profile import Interface, Peer, Profile, Purpose
from provisioning.machine.wants import Enabled, Link, TextFile, Want

WORDS = {
    Purpose.ISSUANCE: "the issuance server",
    Purpose.PRINTER: "the certificate printer",
    Purpose.TIME: "the time",
    Purpose.LOGS: "security events",
    Purpose.UPDATES: "security updates, fetched at night",
    Purpose.TERMINAL: "the payment terminal",
    Purpose.STAFF: "the staff's panel",
}


def network(host: Host, profile: Profile) -> Sequence[Want]:
    del host
    files: list[Want] = []
    for each in profile.interfaces:
        name = each.net.value
        files.append(TextFile(f"/etc/systemd/network/10-{name}.link", _link(each)))
        files.append(TextFile(f"/etc/systemd/network/20-{name}.network", _network(each)))
    return [
        *files,
        TextFile("/etc/nftables.conf", firewall(profile), mode=0o755),
        TextFile(
            "/etc/sysctl.d/60-madoguchi-network.conf",
            "# The two networks are never routed into each other.\n"
            "net.ipv4.ip_forward=0\nnet.ipv6.conf.all.forwarding=0\n"
            "net.ipv4.conf.all.rp_filter=1\nnet.ipv4.conf.all.accept_redirects=0\n"
            "net.ipv6.conf.all.accept_redirects=0\nnet.ipv6.conf.all.accept_ra=0\n",
        ),
        Link("/etc/systemd/system/networking.service", "/dev/null"),
        Enabled(("nftables.service", "systemd-networkd.service")),
    ]


def _link(each: Interface) -> str:
    return f"[Match]\nMACAddress={each.mac}\n\n[Link]\nName={each.net.value}\n"


def _network(each: Interface) -> str:
    lines = ["[Match]", f"Name={each.net.value}", "", "[Network]"]
    if each.address == "dhcp":
        lines.append("DHCP=ipv4")
    else:
        lines.append(f"Address={each.address}")
        if each.gateway:
            lines.append(f"Gateway={each.gateway}")
    lines += ["LLMNR=no", "MulticastDNS=no", "IPv6AcceptRA=no", "LinkLocalAddressing=no", "LLDP=no"]
    if each.address == "dhcp":
        lines += ["", "[DHCPv4]", "UseDNS=no", "UseNTP=no", "UseHostname=no", "UseRoutes=yes"]
    return "\n".join(lines) + "\n"


def firewall(profile: Profile) -> str:
    """Everything is refused but what the profile names; nobody may come in but the staff's panel."""
    outgoing = [_rule(each) for each in profile.peers if each.purpose is not Purpose.STAFF]
    incoming = [_coming_in(each) for each in profile.peers_for(Purpose.STAFF)]
    dhcp = [
        f'    oifname "{each.net.value}" udp sport 68 udp dport 67 accept comment "an address by DHCP"'
        for each in profile.interfaces
        if each.address == "dhcp"
    ]
    return "\n".join(
        [
            "#!/usr/sbin/nft -f",
            "# Made from the machine's profile: one rule per purpose. Change the profile, not this file.",
            "flush ruleset",
            "table inet kiosk {",
            "  chain input {",
            "    type filter hook input priority filter; policy drop;",
            '    iifname "lo" accept',
            "    ct state established,related accept",
            *incoming,
            '    limit rate 6/minute log prefix "kiosk refused in: " level notice',
            "  }",
            "  chain forward {",
            "    type filter hook forward priority filter; policy drop;",
            "  }",
            "  chain output {",
            "    type filter hook output priority filter; policy drop;",
            '    oifname "lo" accept',
            "    ct state established,related accept",
            *dhcp,
            *outgoing,
            '    limit rate 6/minute log prefix "kiosk refused out: " level notice',
            "    reject",
            "  }",
            "}",
            "",
        ]
    )


def _family(address: str) -> str:
    return "ip6" if ":" in address else "ip"


def _rule(each: Peer) -> str:
    return (
        f'    oifname "{each.net.value}" {_family(each.address)} daddr {each.address} '
        f'{each.protocol} dport {each.port} accept comment "{WORDS[each.purpose]}"'
    )


def _coming_in(each: Peer) -> str:
    return (
        f'    iifname "{each.net.value}" {_family(each.address)} saddr {each.address} '
        f'{each.protocol} dport {each.port} accept comment "{WORDS[each.purpose]}"'
    )


def time(host: Host, profile: Profile) -> Sequence[Want]:
    del host
    servers = " ".join(each.name for each in profile.peers_for(Purpose.TIME))
    return [
        TextFile(
            "/etc/systemd/timesyncd.conf.d/madoguchi.conf",
            "# Without a trusted clock nothing is issued; money goes back all the same.\n"
            f"[Time]\nNTP={servers}\nFallbackNTP=\n",
        ),
        Enabled(("systemd-timesyncd.service",)),
    ]

"""The rules of nftables that let nothing past the tunnel, as text for one transaction. Pure."""

import ipaddress

TUNNEL = "wg0"


def ruleset(links, config, uplink):
    """links: [{"name", "ipv4", "ipv6"}], name and the VM's addresses of each interface; config: None, nothing passes;
    uplink: {"name", "resolver"} of the interface to the firewall, None: there is none."""
    return "\n".join(
        [
            "table inet vpn",
            "delete table inet vpn",
            "table inet vpn {",
            *_chain("input", "type filter hook input priority filter; policy drop;", _input(links)),
            *_chain("forward", "type filter hook forward priority filter; policy drop;", _forward(links, config)),
            *_chain("output", "type filter hook output priority filter; policy drop;", _output(links, config, uplink)),
            *_chain("segments", "type filter hook forward priority mangle;", _size(config)),
            *_chain("names", "type nat hook prerouting priority dstnat;", _names(links, config)),
            *_chain("source", "type nat hook postrouting priority srcnat;", [f'oifname "{TUNNEL}" masquerade']),
            "}",
            "",
        ]
    )


def _chain(name, hook, rules):
    return [f"  chain {name} {{", f"    {hook}", *(f"    {rule}" for rule in rules), "  }"]


def _input(links):
    return [
        'iifname "lo" accept',
        "ct state established,related accept",
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
        *(f'iifname "{link["name"]}" reject with icmpx admin-prohibited' for link in links),
    ]


def _forward(links, config):
    if config is None:
        return ["reject with icmpx admin-prohibited"]
    out = []
    for link in links:
        out += [
            f'iifname "{link["name"]}" ip saddr {link["ipv4"]} oifname "{TUNNEL}" accept',
            f'iifname "{link["name"]}" ip6 saddr {link["ipv6"]} oifname "{TUNNEL}" accept',
            f'iifname "{TUNNEL}" oifname "{link["name"]}" ct state established,related accept',
        ]
    return [*out, "reject with icmpx admin-prohibited"]


def _output(links, config, uplink):
    out = [
        'oifname "lo" accept',
        "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
        # That a packet is too large for the tunnel, or may not pass.
        *(f'oifname "{link["name"]}" accept' for link in links),
    ]
    if config is not None and uplink is not None:
        name, resolver = uplink["name"], uplink["resolver"]
        ports = ", ".join(str(port) for port in sorted({peer["port"] for peer in config["peers"]}))
        out += [
            f'oifname "{name}" ip daddr {resolver} meta l4proto {{ tcp, udp }} th dport 53 accept',
            f'oifname "{name}" udp dport {{ {ports} }} accept',
        ]
    return out


def _size(config):
    return [] if config is None else ["tcp flags syn tcp option maxseg size set rt mtu"]


def _names(links, config):
    """The VMs' resolver is this VM: they get that of the tunnel's other end."""
    resolvers = [] if config is None else [one for one in config["dns"] if ipaddress.ip_address(one).version == 4]
    if not resolvers:
        return []
    return [
        f'iifname "{link["name"]}" meta nfproto ipv4 meta l4proto {{ tcp, udp }} th dport 53 dnat ip to {resolvers[0]}'
        for link in links
    ]

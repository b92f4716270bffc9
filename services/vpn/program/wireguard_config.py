"""A configuration file of WireGuard (wg-quick's), read strictly. Nothing here says a key in what it refuses."""

import base64
import binascii
import ipaddress
import re

MAX_PEERS = 16
MAX_NETWORKS = 256
DEFAULT_MTU = 1420
# wg-quick runs them in a shell.
COMMANDS = ("PreUp", "PostUp", "PreDown", "PostDown")
IGNORED = ("ListenPort", "FwMark", "Table", "SaveConfig")


class ConfigError(Exception):
    """What is wrong, and in which line."""


def parse(text):
    """{"privateKey", "addresses", "dns", "mtu", "peers": [{"publicKey", "presharedKey", "host", "port", "networks",
    "keepalive"}], "warnings"}; what is optional and missing is None."""
    interface = None
    peers = []
    warnings = []
    section = None
    for number, line in enumerate(text.splitlines(), 1):
        line = line.split("#", 1)[0].strip()
        if line == "":
            continue
        if line.lower() == "[interface]":
            if interface is not None:
                raise ConfigError(f"line {number}: there is a second [Interface]")
            section = interface = {}
        elif line.lower() == "[peer]":
            if len(peers) == MAX_PEERS:
                raise ConfigError(f"line {number}: more than {MAX_PEERS} peers")
            section = {}
            peers.append(section)
        else:
            name, equals, value = (part.strip() for part in line.partition("="))
            if section is None or equals == "":
                raise ConfigError(f'line {number}: it is neither a section nor "Name = value"')
            _field(section, section is interface, name, value, number, warnings)
    if interface is None:
        raise ConfigError("there is no [Interface]")
    if not peers:
        raise ConfigError("there is no [Peer]")
    return {**_interface(interface), "peers": [_peer(peer, at) for at, peer in enumerate(peers, 1)], "warnings": warnings}


def _field(section, is_interface, name, value, number, warnings):
    known = INTERFACE_FIELDS if is_interface else PEER_FIELDS
    field = next((one for one in known if one.lower() == name.lower()), None)
    if field is None:
        if is_interface and name.lower() in [one.lower() for one in COMMANDS]:
            warnings.append(f"line {number}: {name} is a command, and is not run here")
            return
        if is_interface and name.lower() in [one.lower() for one in IGNORED]:
            return
        raise ConfigError(f"line {number}: a field of that name is not known")
    try:
        read = known[field](value)
    except ValueError as error:
        raise ConfigError(f"line {number}: {field} {error}") from None
    if isinstance(read, list):
        section.setdefault(field, []).extend(read)
        if len(section[field]) > MAX_NETWORKS:
            raise ConfigError(f"line {number}: {field} has more than {MAX_NETWORKS} entries")
    elif field in section:
        raise ConfigError(f"line {number}: there is a second {field}")
    else:
        section[field] = read


def _interface(fields):
    for field in ("PrivateKey", "Address"):
        if not fields.get(field):
            raise ConfigError(f"[Interface] has no {field}")
    return {
        "privateKey": fields["PrivateKey"],
        "addresses": fields["Address"],
        "dns": fields.get("DNS", []),
        "mtu": fields.get("MTU", DEFAULT_MTU),
    }


def _peer(fields, at):
    for field in ("PublicKey", "Endpoint", "AllowedIPs"):
        if not fields.get(field):
            raise ConfigError(f"[Peer] number {at} has no {field}")
    host, port = fields["Endpoint"]
    return {
        "publicKey": fields["PublicKey"],
        "presharedKey": fields.get("PresharedKey"),
        "host": host,
        "port": port,
        "networks": fields["AllowedIPs"],
        "keepalive": fields.get("PersistentKeepalive"),
    }


def _key(value):
    try:
        if len(base64.b64decode(value, validate=True)) == 32:
            return value
    except (binascii.Error, ValueError):
        pass
    raise ValueError("is no key of WireGuard")


def _list(value):
    return [part.strip() for part in value.split(",") if part.strip() != ""]


def _addresses(value):
    return [_or(lambda one: str(ipaddress.ip_interface(one)), part, "has what is no address") for part in _list(value)]


def _networks(value):
    return [
        _or(lambda one: str(ipaddress.ip_network(one, strict=False)), part, "has what is no network")
        for part in _list(value)
    ]


def _dns(value):
    """Addresses; domains to search, which may stand there too, are left out."""
    found = []
    for part in _list(value):
        try:
            found.append(str(ipaddress.ip_address(part)))
        except ValueError:
            pass
    return found


def _or(read, part, words):
    try:
        return read(part)
    except ValueError:
        raise ValueError(words) from None


def _number(least, most):
    def read(value):
        if not re.fullmatch(r"[0-9]{1,6}", value) or not least <= int(value) <= most:
            raise ValueError(f"is no number from {least} to {most}")
        return int(value)

    return read


def _keepalive(value):
    return None if value.lower() == "off" else _number(0, 65535)(value)


def _endpoint(value):
    match = re.fullmatch(r"(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]{1,253})):([0-9]{1,5})", value)
    if match is None or not 1 <= int(match[3]) <= 65535:
        raise ValueError('is not "HOST:PORT"')
    return (match[1] or match[2], int(match[3]))


INTERFACE_FIELDS = {"PrivateKey": _key, "Address": _addresses, "DNS": _dns, "MTU": _number(576, 65535)}
PEER_FIELDS = {
    "PublicKey": _key,
    "PresharedKey": _key,
    "Endpoint": _endpoint,
    "AllowedIPs": _networks,
    "PersistentKeepalive": _keepalive,
}

#!/usr/bin/python3
"""A tunnel of WireGuard for the VMs whose links end here. The rules that let nothing past the tunnel are in force before anything is
forwarded, and stay when this program ends."""

import os
import queue
import socket
import subprocess
import threading
import time

from atoll_service import Service
from ruleset import TUNNEL, ruleset
from wireguard_config import ConfigError, parse

TABLE = "100"
TICK_S = 1
# While an interface that was named has not come.
WAITING_TICK_S = 0.1
# An end that has moved answers at another address: WireGuard itself gives up a session after this time.
STALE_HANDSHAKE_S = 180


def run(*words, given=None):
    """Raises an error with the output of the command. Its input may hold keys, and is never part of an error."""
    done = subprocess.run(words, input=given, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{words[0]} {words[1]}: {done.stderr.strip()[:200]}")
    return done.stdout


def interfaces():
    """Names of interfaces by their hardware addresses."""
    found = {}
    for name in os.listdir("/sys/class/net"):
        with open(f"/sys/class/net/{name}/address", encoding="ascii") as file:
            found[file.read().strip()] = name
    return found


def index_of(name):
    with open(f"/sys/class/net/{name}/ifindex", encoding="ascii") as file:
        return int(file.read())


def write_sysctl(name, value):
    with open(f"/proc/sys/net/{name}", "w", encoding="ascii") as file:
        file.write(value)


def uplink():
    """The interface that this VM has from its start; None: its network is none."""
    with open("/proc/net/route", encoding="ascii") as file:
        for line in file.read().splitlines()[1:]:
            name, destination, gateway = line.split()[:3]
            if destination == "00000000" and gateway != "00000000":
                return {"name": name, "resolver": socket.inet_ntoa(bytes.fromhex(gateway)[::-1])}
    return None


class Vpn:
    def __init__(self, service):
        self.service = service
        self.revision = None
        self.links = []
        self.config = None
        self.problem = "it has no configuration yet: choose a file"
        self.said = None
        self.text = None
        self.status = None
        self.missing = []
        self.endpoints = {}
        # Interfaces that have their addresses, by name: which one it was. Another one of that name has none.
        self.routed = {}
        for family in ("-4", "-6"):
            while subprocess.run(["ip", family, "rule", "del", "priority", TABLE], capture_output=True).returncode == 0:
                pass

    def desired(self, message):
        self.revision = message["revision"]
        # null: it is not known yet which links there are. Those that there were stay.
        if message["state"] is not None:
            self.links = message["state"].get("links", [])
        text = message["settings"].get("config", "")
        if text != self.text:
            self.text = text
            self.read(text)
        self.said = None
        self.apply()

    def read(self, text):
        """Before another tunnel is made the former one is gone."""
        self.config = None
        self.endpoints = {}
        run("nft", "-f", "-", given=ruleset([], None, None))
        if os.path.exists(f"/sys/class/net/{TUNNEL}"):
            run("ip", "link", "delete", TUNNEL)
        if text == "":
            self.problem = "it has no configuration yet: choose a file"
            return
        try:
            config = parse(text)
            self.make_tunnel(config)
        except (ConfigError, RuntimeError) as error:
            self.problem = f"its configuration cannot be used: {error}"
            self.service.say("log", level="error", text=self.problem)
            return
        self.config = config
        self.problem = None
        for warning in config["warnings"]:
            self.service.say("log", level="warning", text=warning)

    def make_tunnel(self, config):
        run("ip", "link", "add", TUNNEL, "type", "wireguard")
        lines = ["[Interface]", f"PrivateKey = {config['privateKey']}"]
        for peer in config["peers"]:
            lines += ["[Peer]", f"PublicKey = {peer['publicKey']}", f"AllowedIPs = {', '.join(peer['networks'])}"]
            if peer["presharedKey"] is not None:
                lines.append(f"PresharedKey = {peer['presharedKey']}")
            if peer["keepalive"] is not None:
                lines.append(f"PersistentKeepalive = {peer['keepalive']}")
        run("wg", "setconf", TUNNEL, "/dev/stdin", given="\n".join(lines) + "\n")
        # In one go: each command takes its time in an emulated VM.
        lines = [f"address add {address} dev {TUNNEL}" for address in config["addresses"]]
        lines.append(f"link set {TUNNEL} mtu {config['mtu']} up")
        lines += [f"route replace unreachable {every} metric 4000000 table {TABLE}" for every in ("0.0.0.0/0", "::/0")]
        # Those of an earlier tunnel have gone with it.
        networks = {network for peer in config["peers"] for network in peer["networks"]}
        lines += [f"route replace {network} dev {TUNNEL} table {TABLE}" for network in sorted(networks)]
        run("ip", "-batch", "-", given="\n".join(lines) + "\n")

    def apply(self):
        """Rules first. An interface that is not there yet is looked for again."""
        there = interfaces()
        named = [(link, there.get(link["own"]["mac"])) for link in self.links]
        self.missing = [link["id"] for link, name in named if name is None]
        found = [(link, name) for link, name in named if name is not None]
        ends = [{"name": name, "ipv4": link["guest"]["ipv4"], "ipv6": link["guest"]["ipv6"]} for link, name in found]
        problems = [{"where": one, "reason": "its interface has not come yet"} for one in self.missing]
        if self.problem is not None:
            problems = [{"where": "configuration", "reason": self.problem}]
        try:
            run("nft", "-f", "-", given=ruleset(ends, self.config, uplink()))
            self.route(found)
        except RuntimeError as error:
            problems = [{"where": "rules", "reason": str(error)}]
        said = (self.revision, problems)
        if said != self.said:
            self.said = said
            self.service.say("applied", revision=self.revision, problems=problems)

    def route(self, found):
        """What comes from a link goes by the table of the tunnel, which ends in "unreachable"."""
        for link, name in found:
            own, index = link["own"], index_of(name)
            if self.routed.get(name) == index:
                continue
            write_sysctl(f"ipv6/conf/{name}/accept_ra", "0")
            for family, address in (("-4", f"{own['ipv4']}/30"), ("-6", f"{own['ipv6']}/64 nodad")):
                lines = [f"address replace {address} dev {name}", f"link set {name} up"]
                # A rule names the interface, and stays when that goes.
                if name not in self.routed:
                    lines.append(f"rule add iif {name} lookup {TABLE} priority {TABLE}")
                run("ip", family, "-batch", "-", given="\n".join(lines) + "\n")
            self.routed[name] = index
        write_sysctl("ipv4/ip_forward", "1")
        write_sysctl("ipv6/conf/all/forwarding", "1")

    def tick(self):
        if self.revision is None:
            return
        if self.missing:
            self.apply()
        if self.config is None:
            self.say_status("Not set up: choose a configuration")
            self.service.say("rows", table="peers", reset=True, rows=[])
            return
        peers = self.peers()
        rows = []
        for peer in self.config["peers"]:
            seen = peers.get(peer["publicKey"], {})
            age = seen.get("age")
            if age is None or age > STALE_HANDSHAKE_S:
                self.find_endpoint(peer)
            cells = {
                "peer": peer["publicKey"][:8],
                "endpoint": f"{peer['host']}:{peer['port']}",
                "handshakeAge": age,
                "bytesOut": seen.get("sent", 0),
                "bytesIn": seen.get("received", 0),
            }
            rows.append({"key": peer["publicKey"], "cells": cells})
        self.service.say("rows", table="peers", reset=True, rows=rows)
        ages = [row["cells"]["handshakeAge"] for row in rows if row["cells"]["handshakeAge"] is not None]
        if ages and min(ages) <= STALE_HANDSHAKE_S:
            self.say_status("Connected")
        else:
            self.say_status(f"No answer from {self.config['peers'][0]['host']} yet")

    def find_endpoint(self, peer):
        """Its name may not be known yet: the firewall comes up, or the policy does not allow it."""
        try:
            found = socket.getaddrinfo(peer["host"], peer["port"], type=socket.SOCK_DGRAM)
        except OSError:
            return
        address = found[0][4][0]
        if self.endpoints.get(peer["publicKey"]) == address:
            return
        shown = f"[{address}]" if ":" in address else address
        run("wg", "set", TUNNEL, "peer", peer["publicKey"], "endpoint", f"{shown}:{peer['port']}")
        self.endpoints[peer["publicKey"]] = address

    def peers(self):
        """By public key, of what the kernel says; its first line is of the interface itself, and has the private key."""
        found = {}
        for line in run("wg", "show", TUNNEL, "dump").splitlines()[1:]:
            key, _, _, _, handshake, received, sent, _ = line.split("\t")
            age = None if handshake == "0" else max(0, int(time.time()) - int(handshake))
            found[key] = {"age": age, "received": int(received), "sent": int(sent)}
        return found

    def say_status(self, text):
        if text != self.status:
            self.status = text
            self.service.say("status", text=text)


def read_messages(service, messages):
    for message in service.messages():
        messages.put(message)
    messages.put(None)


def main():
    service = Service()
    vpn = Vpn(service)
    messages = queue.Queue()
    threading.Thread(target=read_messages, args=(service, messages), daemon=True).start()
    service.say("health", state="ok")
    next_tick = time.monotonic()
    while True:
        wait = WAITING_TICK_S if vpn.missing else TICK_S
        try:
            message = messages.get(timeout=max(0, min(wait, next_tick - time.monotonic())))
        except queue.Empty:
            vpn.tick()
            next_tick = time.monotonic() + (WAITING_TICK_S if vpn.missing else TICK_S)
            continue
        if message is None:
            return
        if message["type"] == "desired":
            vpn.desired(message)
            next_tick = time.monotonic()


if __name__ == "__main__":
    main()

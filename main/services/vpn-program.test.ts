/** The pure parts of the VPN's program, as Python runs them: what a configuration is read to, and the rules that are made of it. */
import { execFileSync } from "node:child_process";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { hasPython, runInProgram } from "./testing/python.ts";

const program = path.join(import.meta.dirname, "../../services/vpn/program");
const KEY = Buffer.alloc(32, 7).toString("base64");
const OTHER = Buffer.alloc(32, 9).toString("base64");

/** What `expression` is, with `given` as its input. */
function python(expression: string, given: unknown): unknown {
  const lines = [
    "import json, sys",
    "sys.dont_write_bytecode = True",
    `sys.path.insert(0, ${JSON.stringify(program)})`,
    "from wireguard_config import ConfigError, parse",
    "from ruleset import ruleset",
    "given = json.load(sys.stdin)",
    "def read(text):",
    "    try:",
    "        return parse(text)",
    "    except ConfigError as error:",
    '        return {"refused": str(error)}',
    `print(json.dumps(${expression}))`,
  ];
  const out = execFileSync("python3", ["-c", lines.join("\n")], { input: JSON.stringify(given), encoding: "utf8" });
  return JSON.parse(out);
}

const file = (more = "", endpoint = "vpn.example:51820"): string =>
  `[Interface]\nPrivateKey = ${KEY}\nAddress = 10.99.0.2/24, fd00:99::2/64\nDNS = 10.99.0.1, corp.example\n${more}\n` +
  `[Peer] # the office\nPublicKey = ${OTHER}\nEndpoint = ${endpoint}\nAllowedIPs = 0.0.0.0/0, ::/0\nPersistentKeepalive = 25\n`;

describe.runIf(hasPython)("a configuration", () => {
  it("is read with what it needs", () => {
    expect(python("parse(given)", file())).toEqual({
      privateKey: KEY,
      addresses: ["10.99.0.2/24", "fd00:99::2/64"],
      dns: ["10.99.0.1"],
      mtu: 1420,
      warnings: [],
      peers: [
        {
          publicKey: OTHER,
          presharedKey: null,
          host: "vpn.example",
          port: 51820,
          networks: ["0.0.0.0/0", "::/0"],
          keepalive: 25,
        },
      ],
    });
    expect(python("parse(given)", file("", "[2001:2::9]:7"))).toMatchObject({
      peers: [{ host: "2001:2::9", port: 7 }],
    });
  });

  it("has commands that are not run, which is said", () => {
    expect(python("parse(given)", file("PostUp = rm -rf /"))).toMatchObject({
      warnings: ["line 5: PostUp is a command, and is not run here"],
    });
  });

  it("is refused with the line, and without any of its keys", () => {
    const cases: readonly [text: string, words: string][] = [
      ["", "there is no [Interface]"],
      [file().split("[Peer]")[0] ?? "", "there is no [Peer]"],
      [file().replace(KEY, KEY.slice(1)), "line 2: PrivateKey is no key of WireGuard"],
      [file(`${KEY} = 1`), "line 5: a field of that name is not known"],
      [file(KEY.replaceAll("=", "")), 'line 5: it is neither a section nor "Name = value"'],
      [file("", "vpn.example"), 'line 8: Endpoint is not "HOST:PORT"'],
      [file("", "vpn.example;reboot:1"), 'line 8: Endpoint is not "HOST:PORT"'],
      [file("", "vpn.example:70000"), 'line 8: Endpoint is not "HOST:PORT"'],
      [file("MTU = 70000"), "line 5: MTU is no number from 576 to 65535"],
      [file(`PrivateKey = ${OTHER}`), "line 5: there is a second PrivateKey"],
      [file().replace("0.0.0.0/0", "0.0.0.0/0; drop"), "line 9: AllowedIPs has what is no network"],
    ];
    const said = python(
      "[read(text) for text in given]",
      cases.map(([text]) => text),
    );
    expect(said).toEqual(cases.map(([, refused]) => ({ refused })));
  });
});

it.runIf(hasPython)("keeps the links that it has until it is told which there are", async () => {
  // What it would do to this computer is kept in `done` instead.
  const lines = [
    "import vpn",
    "words, done, said = json.loads(sys.argv[1]), [], []",
    "vpn.subprocess.run = lambda *_, **__: type('Done', (), {'returncode': 1})",
    "vpn.run = lambda *words, given=None: done.append((words[0], given)) or ''",
    "vpn.interfaces = lambda: {'52:54:00:a7:00:01': 'eth1'}",
    "vpn.uplink, vpn.index_of, vpn.write_sysctl = lambda: None, lambda name: 1, lambda *_: None",
    "service = type('Service', (), {'say': lambda _, kind, **more: said.append([kind, more])})()",
    "program, heard = vpn.Vpn(service), []",
    "for at, state in enumerate(words['states']):",
    "    program.desired({'revision': at, 'settings': {'config': words['config']}, 'state': state})",
    "    rules = [given for name, given in done if name == 'nft'][-1]",
    "    heard.append(['eth1' in rules, said[-1]])",
    "heard",
  ];
  const own = { mac: "52:54:00:a7:00:01", ipv4: "10.137.0.5", ipv6: "fd00:137:1::1" };
  const guest = { mac: "52:54:00:a7:01:01", ipv4: "10.137.0.6", ipv6: "fd00:137:1::2" };
  const states = [null, { links: [{ id: "link-1", own, guest }] }, null, { links: [] }];
  const heard = await runInProgram("vpn", lines, [JSON.stringify({ config: file(), states })]);
  const applied = (revision: number) => ["applied", { revision, problems: [] }];
  expect(heard).toEqual([false, true, true, false].map((isThere, at) => [isThere, applied(at)]));
});

describe.runIf(hasPython)("the rules", () => {
  const made = (config: string | null): string =>
    python(
      'ruleset([{"name": "eth1", "ipv4": "10.137.0.6", "ipv6": "fd00:137:1::2"}], given and parse(given), {"name": "eth0", "resolver": "10.137.0.1"})',
      config,
    ) as string;
  const chain = (text: string, name: string): string[] =>
    (text.split(`  chain ${name} {\n`)[1] ?? "")
      .split("  }\n")[0]
      ?.split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "") ?? [];

  it("let a VM's own addresses into the tunnel alone, and nothing else pass", () => {
    expect(chain(made(file()), "forward")).toEqual([
      "type filter hook forward priority filter; policy drop;",
      'iifname "eth1" ip saddr 10.137.0.6 oifname "wg0" accept',
      'iifname "eth1" ip6 saddr fd00:137:1::2 oifname "wg0" accept',
      'iifname "wg0" oifname "eth1" ct state established,related accept',
      "reject with icmpx admin-prohibited",
    ]);
  });

  it("let nothing pass and nothing out without a configuration", () => {
    const text = made(null);
    expect(chain(text, "forward")).toEqual([
      "type filter hook forward priority filter; policy drop;",
      "reject with icmpx admin-prohibited",
    ]);
    expect(text).not.toContain("eth0");
  });

  it("let the VM itself reach its resolver and the other end's port alone", () => {
    const own = chain(made(file()), "output").filter((rule) => rule.includes("eth0"));
    expect(own).toEqual([
      'oifname "eth0" ip daddr 10.137.0.1 meta l4proto { tcp, udp } th dport 53 accept',
      'oifname "eth0" udp dport { 51820 } accept',
    ]);
    expect(chain(made(file()), "names")[1]).toContain("dnat ip to 10.99.0.1");
  });
});

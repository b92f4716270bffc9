/** The kiosks that there are, on real VMs: each waits with its own program, and does what it is for when it is asked for. */
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "@playwright/test";
import type { PNG } from "pngjs";
import { stringify } from "yaml";
import type { KioskView } from "#shared/model/kiosk.ts";
import type { VmId, VmView } from "#shared/model/vm.ts";
import { changedPixels, TestDesktop, type } from "./support/desktop.ts";
import { changeDefinition, writePolicy } from "./support/prepare.ts";
import { TestInternet } from "./support/test-internet.ts";

test.skip(process.getuid?.() !== 0, "the test internet is made by root");

/** An emulated VM boots, starts its program, and has nothing to do any more, after its template has been built. */
const READY = { timeout: 900_000, intervals: [2_000] };
/** A program of such a VM draws what has come by the firewall. */
const CONNECTS = { timeout: 900_000, intervals: [2_000] };
const RDP_PORT = 3389;

/** A server of remote desktops, with a screen that it shows and nobody sees. */
const SERVER = {
  name: "debian-rdp",
  description: "The default template with a server of remote desktops, and a screen that it shares",
  from: "debian",
  packages: ["freerdp3-shadow-x11", "xvfb", "socat"],
};

interface Started {
  vm: string;
  windowId: string;
  origin: string;
}

let internet: TestInternet;
let desktop: TestDesktop;

test.beforeAll(async () => {
  test.setTimeout(1_200_000);
  internet = await TestInternet.open();
  desktop = await TestDesktop.open({ web: "coral", server: "slate" }, prepare, internet);
});

test.afterAll(async () => {
  await desktop.close();
  await internet.close();
});

function prepare(home: string): void {
  changeDefinition(home, "web", { network: "firewall", autostart: false });
  changeDefinition(home, "server", { template: "debian-rdp", autostart: false });
  const folder = path.join(home, "config/templates");
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "debian-rdp.yaml"), stringify(SERVER));
  writePolicy(home, [{ action: "net.connect", from: "web", to: "good.example", decision: "allow" }]);
}

async function build(...templates: string[]): Promise<void> {
  for (const template of templates) {
    const built = await desktop.atoll("template", "build", template);
    expect(built, built.stderr).toMatchObject({ code: 0 });
  }
}

/** Resolves when this one waits, and no other one; gives the id of its VM, which no list has. */
async function isReady(name: string): Promise<VmId> {
  const others = ["browser", "player", "remote"].filter((other) => other !== name);
  const none = { title: "None", kind: "other", template: "none", program: ["none"] };
  const own = others.map((other) => ({ ...none, name: other }));
  fs.writeFileSync(
    path.join(desktop.home, "config/settings.yaml"),
    stringify({ kiosks: { memoryMiB: name === "browser" ? 1536 : 768, own } }),
  );
  const state = async (): Promise<string | undefined> => {
    const kiosks = await desktop.json<KioskView[]>("kiosk", "list");
    return kiosks.find((kiosk) => kiosk.name === name)?.state;
  };
  await expect.poll(state, READY).toBe("ready");
  const [note = ""] = fs.readdirSync(path.join(desktop.home, "state/disposables"));
  return note.replace(".json", "") as VmId;
}

/**
 * How many are at the other end of that VM's network card, as the kernel knows: QEMU listens, and whoever joins it connects. An
 * accepted socket is listed in the network namespace of the one who has connected, not in QEMU's.
 */
function joined(vm: VmId): number {
  const fds = `/proc/${desktop.qemuPid(vm)}/fd`;
  const own = new Set(fs.readdirSync(fds).map((fd) => fs.readlinkSync(path.join(fds, fd))));
  const CONNECTED = "03";
  const ends = unixSockets()
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , , , state, inode, name = ""]) => {
      return state === CONNECTED && path.basename(name) === "nic.sock" && own.has(`socket:[${inode}]`);
    });
  return new Set(ends.map(([, , , , , , inode]) => inode)).size;
}

/** Lines of all network namespaces. */
function unixSockets(): string[] {
  const namespaces = new Map<string, string>();
  for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const namespace = fs.readlinkSync(`/proc/${pid}/ns/net`);
      if (!namespaces.has(namespace)) namespaces.set(namespace, fs.readFileSync(`/proc/${pid}/net/unix`, "utf8"));
    } catch {
      // It has ended meanwhile.
    }
  }
  return [...namespaces.values()].flatMap((text) => text.split("\n"));
}

async function started(name: string, ...args: string[]): Promise<Started> {
  const result = await desktop.json<Started>("disposable", "start", "--kiosk", name, "--", ...args);
  expect(result).toMatchObject({ origin: "ready" });
  return result;
}

async function titles(vm: string): Promise<string[]> {
  return (await desktop.windows()).filter((window) => window.vm === vm).map(({ title }) => title);
}

async function vmNamed(name: string): Promise<VmView | undefined> {
  return (await desktop.vms()).find((vm) => vm.name === name);
}

test("the media player plays, without a network, and says that it has no sound", async () => {
  test.setTimeout(1_500_000);
  await build("debian-kiosk");
  await isReady("player");
  const { vm, windowId } = await started("player", "av://lavfi:testsrc=size=320x240:rate=10");
  await expect.poll(() => titles(vm)).toEqual([expect.stringContaining("no sound yet")]);
  expect(await vmNamed(vm)).toMatchObject({ network: "none", label: "slate" });
  const before = await desktop.picture(windowId);
  await expect(async () => {
    expect(changedPixels(before, await desktop.picture(windowId))).toBeGreaterThan(100);
  }).toPass({ timeout: 60_000 });
  await desktop.json("vm", "kill", vm);
});

/** What the server's screen, and the browser's page, are made of. */
const COLOUR = [0xc0, 0x30, 0x70];

/** The server's screen, of one colour, where what is typed is written to a file; then the server. */
const SERVES = `
Xvfb :77 -r -screen 0 640x480x24 >/tmp/xvfb.log 2>&1 </dev/null &
until [ -S /tmp/.X11-unix/X77 ]; do sleep 0.2; done
export DISPLAY=:77
xterm -geometry 200x60+0+0 -bg '#c03070' -fg '#c03070' -e sh -c 'cat >/tmp/typed' >/tmp/xterm.log 2>&1 </dev/null &
freerdp-shadow-cli3 /port:${RDP_PORT} /bind-address:127.0.0.1 /sec:tls -auth >/tmp/shadow.log 2>&1 </dev/null &
until socat -u OPEN:/dev/null TCP:127.0.0.1:${RDP_PORT} 2>/dev/null; do sleep 0.5; done
`;

/** Count of pixels of about that colour: what comes by RDP was packed with losses. */
function pixelsOf(picture: PNG, colour: readonly number[]): number {
  let count = 0;
  for (let at = 0; at < picture.data.length; at += 4)
    if (colour.every((value, channel) => Math.abs((picture.data[at + channel] ?? 0) - value) < 24)) count += 1;
  return count;
}

test("the remote desktop shows the screen of a server in another VM, by the firewall, and types there", async () => {
  test.setTimeout(1_800_000);
  await build("debian-kiosk", "debian-rdp");
  for (const words of [
    ["vm", "start", "server"],
    ["service", "start", "firewall"],
  ])
    await desktop.json(...words);
  await desktop.isRunning("server");
  const serves = await desktop.atoll("exec", "server", "--", "sh", "-c", SERVES);
  expect(serves, serves.stderr).toMatchObject({ code: 0 });
  const { command, env } = desktop.commandOf("exec", "server", "--", "socat", "-", `TCP:127.0.0.1:${RDP_PORT}`);
  await internet.serve(RDP_PORT, command, env);
  const waiting = await isReady("remote");
  expect(joined(waiting)).toBe(0);
  const { vm } = await started("remote", "-c", "rdp://user:secret@good.example");
  expect(await vmNamed(vm)).toMatchObject({ id: waiting, network: "firewall", label: "coral" });
  const shown = async (): Promise<string> =>
    (await desktop.windows()).find((window) => window.vm === vm && window.title === "good.example")?.id ?? "";
  await expect.poll(shown, CONNECTS).not.toBe("");
  const windowId = await shown();
  const content = (await desktop.page()).locator(`[data-window-id="${windowId}"] [data-part="content"]`);
  await expect(async () => {
    // "Yes": nobody has signed the server's certificate. Before it asks, nothing is there, and afterwards the server's screen.
    await content.click({ position: { x: 107, y: 230 } });
    expect(pixelsOf(await desktop.picture(windowId), COLOUR)).toBeGreaterThan(200_000);
  }).toPass({ ...CONNECTS, intervals: [5_000] });
  expect(joined(waiting)).toBe(1);
  await content.click({ position: { x: 400, y: 250 } });
  await type(await desktop.page(), "hello\n");
  // Where a guest is slow a key is held for long enough to repeat.
  await expect.poll(() => desktop.read("server", "/tmp/typed"), CONNECTS).toMatch(/^h+e+l+o+\n/);
  const flows = await desktop.json<{ vm: string; name: string; port: number; verdict: string }[]>("network", "flows");
  expect(flows).toContainEqual(expect.objectContaining({ vm, name: "good.example", port: RDP_PORT, verdict: "allow" }));
  for (const ended of [vm, "server"]) await desktop.json("vm", "kill", ended, "--wait");
});

test("the browser shows a page by the firewall, and reaches what the VM that it is for may reach", async () => {
  test.setTimeout(2_700_000);
  await build("debian-web");
  await desktop.json("service", "start", "firewall");
  const waiting = await isReady("browser");
  expect(joined(waiting)).toBe(0);
  const { vm, windowId } = await started("browser", "http://good.example/page");
  expect(await vmNamed(vm)).toMatchObject({ id: waiting, network: "firewall", label: "coral" });
  await expect.poll(() => titles(vm), CONNECTS).toContainEqual(expect.stringContaining("A page of one colour"));
  await expect(async () => {
    expect(pixelsOf(await desktop.picture(windowId), COLOUR)).toBeGreaterThan(200_000);
  }).toPass(CONNECTS);
  expect(joined(waiting)).toBe(1);
  const flows = await desktop.json<{ vm: string; name: string; verdict: string }[]>("network", "flows");
  expect(flows).toContainEqual(expect.objectContaining({ vm, name: "good.example", verdict: "allow" }));
  await desktop.json("vm", "kill", vm);
});

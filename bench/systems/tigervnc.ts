/**
 * The rival: TigerVNC's server in a guest of the same image, its viewer on a screen of the host, both as they come. The
 * guest is started like one of Atoll's, with a network card more: user mode, nothing but one forwarded port of loopback.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Template } from "../../images/builder/template.ts";
import { cpuSeconds } from "../cpu.ts";
import { middleOf, type Region, Screen } from "../screen.ts";
import type { Tools } from "../tools.ts";
import { AgentReader } from "./agent-reader.ts";
import { BareMachine } from "./machine.ts";
import { INSTALL_STIMULUS, type Program, type System, type Window } from "./system.ts";

/** Of the guest's screen: room for the largest window that is measured. */
const WIDTH = 1440;
const HEIGHT = 900;
const VIEWER = "xtigervncviewer";
/** Black is what the server's own screen is. */
const NO_WINDOW = "000000";
const SHOWN_TIMEOUT_S = 60;

export class TigerVnc implements System {
  readonly name = "TigerVNC";
  readonly screen: Screen;
  /** "1.12.0 in the guest, 1.12.0 on the host" */
  readonly version: string;
  readonly #folder: string;
  readonly #machine: BareMachine;
  readonly #agent: AgentReader;
  readonly #viewer: ChildProcess;

  private constructor(parts: {
    screen: Screen;
    version: string;
    folder: string;
    machine: BareMachine;
    agent: AgentReader;
    viewer: ChildProcess;
  }) {
    this.screen = parts.screen;
    this.version = parts.version;
    this.#folder = parts.folder;
    this.#machine = parts.machine;
    this.#agent = parts.agent;
    this.#viewer = parts.viewer;
  }

  static async open(template: Template, tools: Tools): Promise<TigerVnc> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-vnc-"));
    const port = await freePort();
    const network = `user,id=net,restrict=on,ipv6=off,hostfwd=tcp:127.0.0.1:${port}-10.0.2.15:5900`;
    const machine = await BareMachine.start(await BareMachine.prepare(template, folder), [
      ...["-netdev", network],
      ...["-device", JSON.stringify({ driver: "virtio-net-pci", netdev: "net", romfile: "" })],
    ]);
    const agent = await AgentReader.connect(folder);
    await agent.exec(fs.readFileSync(tools.stimulus), ...INSTALL_STIMULUS);
    await agent.exec(new Uint8Array(), "sh", "-c", START_SERVER);
    const screen = await Screen.open(tools);
    const viewer = spawn("setpriv", ["--pdeathsig", "KILL", VIEWER, "-SecurityTypes", "None", `127.0.0.1::${port}`], {
      env: { ...process.env, DISPLAY: screen.display, HOME: folder },
      stdio: "ignore",
    });
    while ((await screen.largestWindow())?.width !== WIDTH) await delay(50);
    await screen.focusLargestWindow();
    const version = `${serverVersion(template)} in the guest, ${await viewerVersion()} on the host`;
    return new TigerVnc({ screen, version, folder, machine, agent, viewer });
  }

  async show({ argv, width, height }: Program): Promise<Window> {
    // In the guest there is no window manager: a window is at the screen's corner, and the pointer gives it the keyboard.
    const { x, y } = await this.#viewerPlace();
    const content = { x, y, width, height };
    const shown = this.screen.await(middleOf(content, 1), `!${NO_WINDOW}`, SHOWN_TIMEOUT_S);
    const start = `DISPLAY=:1 ${argv.join(" ")} >/dev/null 2>&1 </dev/null & echo $!`;
    const pid = (await this.#agent.exec(new Uint8Array(), "sh", "-c", start)).trim();
    await shown;
    const focus = (): Promise<void> => this.screen.pointer(x + width / 2, y + height - 5);
    await focus();
    return {
      content,
      focus,
      close: async () => {
        await this.#agent.exec(new Uint8Array(), "kill", "-KILL", pid);
        await this.screen.await(middleOf(content, 1), NO_WINDOW, SHOWN_TIMEOUT_S);
      },
    };
  }

  cpuSeconds(): number {
    return cpuSeconds([this.#machine.pid, this.#viewer.pid ?? 0]);
  }

  async close(): Promise<void> {
    this.#agent.close();
    this.#viewer.kill("SIGKILL");
    void this.#machine.kill();
    await this.screen.close();
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }

  async #viewerPlace(): Promise<Region> {
    const place = await this.screen.largestWindow();
    if (place === null) throw new Error("the viewer has ended");
    return place;
  }
}

/** Waits for the network card, whose driver comes late, and for the server's port. */
const START_SERVER = `set -e
until [ -e /sys/class/net/eth0 ]; do sleep 0.05; done
sudo ip link set eth0 up
sudo ip address add 10.0.2.15/24 dev eth0
Xtigervnc :1 -noreset -geometry ${WIDTH}x${HEIGHT} -depth 24 -SecurityTypes None -rfbport 5900 >/tmp/vnc.log 2>&1 </dev/null &
until grep -q "Listening for VNC" /tmp/vnc.log; do sleep 0.05; done`;

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

/** As the image's package list has it. */
function serverVersion(template: Template): string {
  const packages = fs.readFileSync(path.join(template.modulesDir, "../packages.txt"), "utf8");
  return /^tigervnc-standalone-server\s+([\d.]+)/m.exec(packages)?.[1] ?? "?";
}

/** It says its version before its help. */
function viewerVersion(): Promise<string> {
  return new Promise((resolve) => {
    execFile(VIEWER, ["-h"], (_error, stdout, stderr) => {
      resolve(/TigerVNC Viewer.*? v([\d.]+)/.exec(stdout + stderr)?.[1] ?? "?");
    });
  });
}

/** Atoll as a user has it: the built application on a screen, driven by `bin/atoll`. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { VmId } from "#shared/model/vm.ts";
import type { WindowView } from "#shared/model/window.ts";
import { resolvePaths, vmRunFolder } from "../../main/base/paths.ts";
import { ControlClient } from "../../main/control/cli/client.ts";
import { RUNTIME_FILES } from "../../main/hardware/qemu/argv.ts";
import { RECORD_FILE } from "../../main/hardware/qemu/machine.ts";
import type { ScriptedAgent } from "../../main/link/testing/scripted-agent.ts";
import { resolveElectron } from "../../scripts/setup/electron.mjs";
import { checkout } from "../../scripts/setup/paths.mjs";
import { cpuSeconds } from "../cpu.ts";
import { type Region, Screen } from "../screen.ts";
import type { Tools } from "../tools.ts";
import { INSTALL_STIMULUS, type Program, type System, type Window } from "./system.ts";

/** Not "home": VMs of that name are started with the application. */
const VM_NAMES = ["a", "b"] as const;
export type VmName = (typeof VM_NAMES)[number];
const START_TIMEOUT_MS = 30_000;
const SHOWN_TIMEOUT_S = 60;
const LABELS = { a: "lagoon", b: "coral" } as const;

export class Atoll {
  readonly screen: Screen;
  readonly #folder: string;
  readonly #tools: Tools;
  readonly #enter: readonly string[];
  readonly #ids: Record<VmName, VmId> = { a: randomUUID() as VmId, b: randomUUID() as VmId };
  #app: ChildProcess | null = null;

  private constructor(screen: Screen, folder: string, tools: Tools, enter: readonly string[]) {
    this.screen = screen;
    this.#enter = enter;
    this.#folder = folder;
    this.#tools = tools;
  }

  /**
   * A home with two VMs, on a screen; nothing runs yet.
   *
   * @param files of its configuration, by name
   * @param enter words before the application's command: where it is to run
   */
  static async prepare(
    tools: Tools,
    files: Readonly<Record<string, string>> = {},
    enter: readonly string[] = [],
  ): Promise<Atoll> {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-bench-"));
    const atoll = new Atoll(await Screen.open(tools), folder, tools, enter);
    const { config } = resolvePaths(atoll.#env);
    const vms = path.join(config, "vms");
    fs.mkdirSync(vms, { recursive: true, mode: 0o700 });
    for (const [name, text] of Object.entries(files)) atoll.configure(name, text);
    for (const name of VM_NAMES) {
      const lines = [`id: ${atoll.#ids[name]}`, "driver: qemu", `label: ${LABELS[name]}`, "template: debian"];
      fs.writeFileSync(path.join(vms, `${name}.yaml`), `${lines.join("\n")}\n`);
    }
    return atoll;
  }

  get #env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      ATOLL_HOME: this.#folder,
      // Its display has no GPU behind it, whatever the machine has.
      ATOLL_GRAPHICS: "software",
      // VMs that are kept ready would boot beside what is measured.
      ATOLL_KIOSKS_MIB: "0",
      DISPLAY: this.screen.display,
      WAYLAND_DISPLAY: undefined,
    };
  }

  /** Writes a file of its configuration, as a person edits it. */
  configure(name: string, text: string): void {
    fs.writeFileSync(path.join(resolvePaths(this.#env).config, name), text);
  }

  /** Starts the application; does not wait for anything. */
  launch(): void {
    const isRoot = process.getuid?.() === 0;
    const args = [...this.#enter, resolveElectron().executable, ...(isRoot ? ["--no-sandbox"] : []), checkout];
    this.#app = spawn("setpriv", ["--pdeathsig", "TERM", "--", ...args], { env: this.#env, stdio: "ignore" });
  }

  /** Starts the application; resolves when it answers. */
  async start(): Promise<void> {
    this.launch();
    await this.answersNow();
  }

  /** Resolves when the application that was launched answers. */
  async answersNow(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (!(await this.#answers())) {
      if (performance.now() > deadline) throw new Error("Atoll does not start");
      await delay(100);
    }
  }

  /** Ends the application; its VMs run on. */
  async quit(): Promise<void> {
    const app = this.#app;
    if (app === null) return;
    this.#app = null;
    const ended = new Promise((resolve) => app.once("exit", resolve));
    await this.command("quit");
    await ended;
  }

  /** Ends the application and its VMs, at once; the application first, as it starts a service again that ends. */
  async end(): Promise<void> {
    const app = this.#app;
    this.#app = null;
    if (app !== null && app.exitCode === null && app.signalCode === null)
      await new Promise((resolve) => {
        app.once("exit", resolve);
        app.kill("SIGKILL");
      });
    for (const pid of this.#qemuPids()) process.kill(pid, "SIGKILL");
  }

  async close(): Promise<void> {
    await this.end();
    await this.screen.close();
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }

  async startVm(vm: VmName): Promise<void> {
    await this.command("vm", "start", vm, "--wait");
    await this.command(fs.readFileSync(this.#tools.stimulus), "exec", vm, "--", ...INSTALL_STIMULUS);
  }

  /** Makes a VM of a scripted agent, starts it, and says its hello. */
  async attachScripted(name: string, agent: ScriptedAgent): Promise<void> {
    const { control, frames, bulk } = agent.sockets;
    const sockets = ["--control", control, "--frames", frames, "--bulk", bulk];
    await this.command("vm", "create", name, "--driver", "external", "--label", LABELS.a, ...sockets);
    await this.command("vm", "start", name);
    await agent.opened();
    agent.hello();
  }

  async killVm(vm: VmName): Promise<void> {
    await this.command("vm", "kill", vm, "--wait");
  }

  /** One VM of it, as a system that shows windows. */
  system(vm: VmName): System {
    return {
      name: "Atoll",
      screen: this.screen,
      show: async (program) => this.show(vm, program),
      cpuSeconds: () => this.qemuCpuSeconds(vm) + this.appCpuSeconds(),
    };
  }

  /** @param at where its content's top left corner goes on the screen */
  async show(vm: VmName, { argv }: Program, at = { x: 40, y: 80 }): Promise<Window> {
    const { windowId } = JSON.parse(
      await this.command("run", "--json", "--wait-window", String(SHOWN_TIMEOUT_S), vm, "--", ...argv),
    ) as { windowId: string };
    await this.command("window", "move", windowId, String(at.x), String(at.y));
    const content = await this.#focus(windowId);
    return {
      content,
      focus: async () => void (await this.#focus(windowId)),
      close: async () => {
        await this.command("window", "close", windowId);
        while (await this.#find(windowId)) await delay(20);
      },
    };
  }

  /** Starts a program without a window; gives what ends it. */
  async startBackground(vm: VmName, ...argv: string[]): Promise<() => Promise<void>> {
    const script = `${argv.join(" ")} >/dev/null 2>&1 </dev/null & echo $!`;
    const pid = (await this.command("exec", vm, "--", "sh", "-c", script)).trim();
    return async () => void (await this.command("exec", vm, "--", "kill", "-KILL", pid));
  }

  /** Seconds used so far by the application's processes; the QEMUs of all VMs, which are its children, are not among them. */
  appCpuSeconds(): number {
    return cpuSeconds([this.#app?.pid ?? 0], this.#qemuPids());
  }

  /** The same of the QEMUs of VMs that are neither a nor b: services'. */
  serviceCpuSeconds(): number {
    const own = VM_NAMES.map((name) => this.#qemuPid(name));
    return cpuSeconds(this.#qemuPids().filter((pid) => !own.includes(pid)));
  }

  /** Seconds used so far by the VM's QEMU. */
  qemuCpuSeconds(vm: VmName): number {
    return cpuSeconds([this.#qemuPid(vm) ?? 0]);
  }

  /** What a VM's machine goes on from: "cold" is a boot. */
  originOf(vm: VmId): string {
    const file = path.join(vmRunFolder(resolvePaths(this.#env), vm), RECORD_FILE);
    return (JSON.parse(fs.readFileSync(file, "utf8")) as { origin: string }).origin;
  }

  /** Memory of a VM's QEMU that it shares with nobody, MiB. */
  privateMiB(vm: VmId): number {
    const file = path.join(vmRunFolder(resolvePaths(this.#env), vm), RUNTIME_FILES.pid);
    const pid = fs.readFileSync(file, "utf8").trim();
    const lines = fs.readFileSync(`/proc/${pid}/smaps_rollup`, "utf8").matchAll(/^Private_\w+:\s+(\d+) kB$/gm);
    return Array.from(lines, ([, kib]) => Number(kib)).reduce((sum, kib) => sum + kib, 0) / 1024;
  }

  /** `bin/atoll` with these words; a first one of bytes is its standard input. Rejects when it fails. */
  command(...words: string[] | [Uint8Array, ...string[]]): Promise<string> {
    const [first, ...rest] = words;
    const input = typeof first === "string" || first === undefined ? new Uint8Array() : first;
    const args = typeof first === "string" ? [first, ...rest] : rest;
    return new Promise((resolve, reject) => {
      const child = execFile(
        path.join(checkout, "bin/atoll"),
        args as string[],
        { env: this.#env, signal: this.#tools.signal, maxBuffer: 16 * 1024 * 1024 },
        (error, stdout, stderr) => {
          if (error === null) resolve(stdout);
          else reject(new Error(`atoll ${args.join(" ")}: ${stderr.trim()}`, { cause: error }));
        },
      );
      child.stdin?.on("error", () => undefined); // it has ended without reading: its exit code says why
      child.stdin?.end(input);
    });
  }

  /** A connection as the command has it, for what is asked often, or timed. */
  connect(): Promise<ControlClient> {
    return ControlClient.connect(resolvePaths(this.#env));
  }

  /** Two commands at once, the first one's output being the second one's input. Rejects when one of them fails. */
  async pipe(from: readonly string[], to: readonly string[]): Promise<void> {
    const atoll = (
      words: readonly string[],
      stdio: ["ignore", "pipe", "ignore"] | ["pipe", "ignore", "ignore"],
    ): ChildProcess =>
      spawn(path.join(checkout, "bin/atoll"), words, { env: this.#env, signal: this.#tools.signal, stdio });
    const [source, target] = [atoll(from, ["ignore", "pipe", "ignore"]), atoll(to, ["pipe", "ignore", "ignore"])];
    if (target.stdin !== null) source.stdout?.pipe(target.stdin);
    const ended = (child: ChildProcess): Promise<void> =>
      new Promise((resolve, reject) => {
        child.on("error", reject);
        child.on("exit", (code) => (code === 0 ? resolve() : reject(new Error(`atoll ended with ${code}`))));
      });
    await Promise.all([ended(source), ended(target)]);
  }

  async #focus(windowId: string): Promise<Region> {
    await this.command("window", "focus", windowId);
    const view = await this.#find(windowId);
    if (view === undefined) throw new Error(`window ${windowId} has gone`);
    // In a corner of it, where no program shows anything that depends on the pointer.
    await this.screen.pointer(view.x + view.width / 2, view.y + view.height - 5);
    return view;
  }

  async #find(windowId: string): Promise<WindowView | undefined> {
    const views = JSON.parse(await this.command("window", "list", "--json")) as WindowView[];
    return views.find(({ id }) => id === windowId);
  }

  #answers(): Promise<boolean> {
    return this.command("vm", "list").then(
      () => true,
      () => false,
    );
  }

  #qemuPid(vm: VmName): number | null {
    return runningPid(vmRunFolder(resolvePaths(this.#env), this.#ids[vm]));
  }

  /** Of all VMs that run. */
  #qemuPids(): number[] {
    const folder = path.dirname(vmRunFolder(resolvePaths(this.#env), this.#ids.a));
    if (!fs.existsSync(folder)) return [];
    return fs.readdirSync(folder).flatMap((name) => runningPid(path.join(folder, name)) ?? []);
  }
}

/** Of the VM of this run folder. */
function runningPid(folder: string): number | null {
  const file = path.join(folder, RUNTIME_FILES.pid);
  if (!fs.existsSync(file)) return null;
  const pid = Number(fs.readFileSync(file, "utf8"));
  return fs.existsSync(`/proc/${pid}`) ? pid : null;
}

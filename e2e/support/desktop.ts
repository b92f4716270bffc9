/** The real application for a test: Electron with an ATOLL_HOME of its own, driven by Playwright and by the `atoll` command. */
import { execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { _electron, type ElectronApplication, expect, type Locator, type Page } from "@playwright/test";
import { PNG } from "pngjs";
import { stringify } from "yaml";
import type { AtollBridge, RequestInput, RequestName, RequestOutput } from "#shared/ipc/index.ts";
import type { LabelName } from "#shared/model/label.ts";
import type { VmId, VmView } from "#shared/model/vm.ts";
import type { WindowView } from "#shared/model/window.ts";
import { resolvePaths } from "../../main/base/paths.ts";
import { ControlClient } from "../../main/control/cli/client.ts";
import { resolveElectron } from "../../scripts/setup/electron.mjs";

const checkout = path.resolve(import.meta.dirname, "../..");
/** Electron's start, beside guests that boot. */
const STARTS_MS = 180_000;

declare global {
  interface Window {
    readonly atoll: AtollBridge;
  }
}

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Where the application runs: see TestInternet. */
export interface Surroundings {
  /** Its folder, where it is not this checkout's: see rootInService. */
  readonly application?: string;
  readonly electron: { readonly executablePath: string; readonly env: Readonly<Record<string, string>> };
}

export class TestDesktop {
  readonly home: string;
  readonly #surroundings: Surroundings | null;
  #app: ElectronApplication | null = null;

  private constructor(home: string, surroundings: Surroundings | null = null) {
    this.home = home;
    this.#surroundings = surroundings;
  }

  /** A home without anything in it: the application's first start, which makes two VMs. The path is short, as sockets lie under it. */
  static async firstStart(): Promise<TestDesktop> {
    const desktop = new TestDesktop(newHome());
    await desktop.start();
    return desktop;
  }

  /**
   * A home with these VMs, by default one alone, which start with the desktop. `prepare` is given the home before it starts;
   * `surroundings` are where it runs, else this machine.
   */
  static async open(
    vms: Readonly<Record<string, LabelName>> = { home: "lagoon" },
    prepare: (home: string) => void = () => undefined,
    surroundings: Surroundings | null = null,
  ): Promise<TestDesktop> {
    const desktop = new TestDesktop(newHome(), surroundings);
    const folder = path.join(desktop.home, "config/vms");
    fs.mkdirSync(folder, { recursive: true });
    for (const [name, label] of Object.entries(vms)) {
      const definition = { id: randomUUID(), driver: "qemu", label, template: "debian", autostart: true };
      fs.writeFileSync(path.join(folder, `${name}.yaml`), stringify(definition));
    }
    prepare(desktop.home);
    await desktop.start();
    return desktop;
  }

  get #env(): NodeJS.ProcessEnv {
    // Its display has no GPU behind it, whatever the machine has. VMs that are kept ready would boot beside every test.
    return { ...process.env, ATOLL_HOME: this.home, ATOLL_GRAPHICS: "software", ATOLL_KIOSKS_MIB: "0" };
  }

  get #command(): { executablePath: string; args: string[] } {
    const isRoot = process.getuid?.() === 0;
    return {
      executablePath: resolveElectron().executable,
      args: [...(isRoot ? ["--no-sandbox"] : []), this.#surroundings?.application ?? checkout],
    };
  }

  /** Starts the application on this home, again after it has ended. */
  async start(env: NodeJS.ProcessEnv = {}): Promise<void> {
    const { electron } = this.#surroundings ?? {};
    this.#app = await _electron.launch({
      ...this.#command,
      ...(electron === undefined ? {} : { executablePath: electron.executablePath }),
      env: { ...this.#env, ...electron?.env, ...env } as Record<string, string>,
      timeout: STARTS_MS,
    });
    await this.page();
  }

  /** Starts another one, on this home unless `env` says otherwise; resolves when it has ended. */
  second(env: NodeJS.ProcessEnv = {}): Promise<CommandResult> {
    const { executablePath, args } = this.#command;
    return run(executablePath, args, { ...this.#env, ...env });
  }

  /** Resolves when the application has ended by itself. */
  async ended(): Promise<void> {
    const child = this.#app?.process();
    this.#app = null;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => child.once("exit", resolve));
  }

  /** Of the VM's QEMU. */
  qemuPid(vm: VmId): number {
    return Number(fs.readFileSync(path.join(this.home, "run/vms", vm.slice(0, 13), "qemu.pid"), "utf8"));
  }

  /** What the VM's machine goes on from: "cold" is a boot. */
  originOf(vm: VmId): unknown {
    const file = path.join(this.home, "run/vms", vm.slice(0, 13), "machine.json");
    return (JSON.parse(fs.readFileSync(file, "utf8")) as { origin: unknown }).origin;
  }

  async page(): Promise<Page> {
    return this.electron.firstWindow({ timeout: STARTS_MS });
  }

  get electron(): ElectronApplication {
    if (this.#app === null) throw new Error("the application is not open");
    return this.#app;
  }

  /**
   * Subscribes the page to an event. What is done once this has resolved is not missed.
   * @returns gives all that came since, each time it is called
   */
  async subscribe(event: Parameters<AtollBridge["on"]>[0]): Promise<() => Promise<unknown[]>> {
    const received = await (
      await this.page()
    ).evaluateHandle((name) => {
      const values: unknown[] = [];
      window.atoll.on(name, (value) => values.push(value));
      return values;
    }, event);
    return () => received.jsonValue();
  }

  /** Kills the application alone, as a crash does. */
  async crash(): Promise<void> {
    const child = this.#app?.process();
    this.#app = null;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    await new Promise((resolve) => {
      child.once("exit", resolve);
      child.kill("SIGKILL");
    });
  }

  /** Ends everything: VMs, application, home. `unprepare` undoes what `prepare` did. */
  async close(unprepare: () => void = () => undefined): Promise<void> {
    if (this.#app !== null) {
      for (const vm of (await this.vms()).filter(
        ({ driver, state }) => driver === "qemu" && state !== "stopped" && state !== "crashed",
      )) {
        await this.atoll("vm", "kill", vm.name, "--wait");
      }
      await this.crash();
    }
    this.#killQemus();
    unprepare();
    // A killed application leaves processes behind that write for a moment.
    await expect(() => fs.rmSync(this.home, { recursive: true, force: true })).toPass({ timeout: 60_000 });
  }

  /** What the next start would end: a memory snapshot that was being made, disposables. There is none on this home. */
  #killQemus(): void {
    const folder = path.join(this.home, "run/vms");
    for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
      const file = path.join(folder, name, "qemu.pid");
      const pid = fs.existsSync(file) ? Number(fs.readFileSync(file, "utf8")) : 0;
      if (pid > 0 && isAlive(pid)) process.kill(pid, "SIGKILL");
    }
  }

  /** What `command` is to be given to run `bin/atoll` with these words. */
  commandOf(...words: string[]): { command: string[]; env: NodeJS.ProcessEnv } {
    return { command: [path.join(checkout, "bin/atoll"), ...words], env: this.#env };
  }

  /** `bin/atoll` with these words; never rejects for its exit code. */
  atoll(...words: string[]): Promise<CommandResult> {
    return this.atollWith({}, ...words);
  }

  atollWith(env: NodeJS.ProcessEnv, ...words: string[]): Promise<CommandResult> {
    return run(path.join(checkout, "bin/atoll"), words, { ...this.#env, ...env });
  }

  /** The same with bytes for its standard input; gives the bytes of its standard output. */
  pipe(input: Uint8Array, ...words: string[]): Promise<{ code: number | null; stdout: Buffer }> {
    return new Promise((resolve, reject) => {
      const child = spawn(path.join(checkout, "bin/atoll"), words, {
        env: this.#env,
        stdio: ["pipe", "pipe", "inherit"],
      });
      const out: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
      child.on("error", reject);
      child.on("close", (code) => resolve({ code, stdout: Buffer.concat(out) }));
      child.stdin.end(input);
    });
  }

  /** The command's JSON; fails the test when it fails. */
  async json<Result>(...words: string[]): Promise<Result> {
    // Behind a "--" it would be the guest's.
    const end = words.includes("--") ? words.indexOf("--") : words.length;
    const result = await this.atoll(...words.toSpliced(end, 0, "--json"));
    expect(result, `atoll ${words.join(" ")}: ${result.stderr}`).toMatchObject({ code: 0 });
    return JSON.parse(result.stdout) as Result;
  }

  /** What the application has logged, in all its lives on this home. */
  log(): string {
    return fs.readFileSync(path.join(this.home, "state/atoll.log"), "utf8");
  }

  vms(): Promise<VmView[]> {
    return this.#ask("vm.list", {});
  }

  windows(): Promise<WindowView[]> {
    return this.#ask("window.list", {});
  }

  /** Asks as the command does. Tests look often: a process for each time would take from the guests what they boot with. */
  async #ask<Name extends RequestName<"cli">>(name: Name, input: RequestInput<Name>): Promise<RequestOutput<Name>> {
    const client = await ControlClient.connect(resolvePaths({ ATOLL_HOME: this.home }));
    try {
      return await client.call(name, input);
    } finally {
      client.close();
    }
  }

  async isRunning(name: string): Promise<void> {
    await expect
      .poll(async () => (await this.vms()).find((vm) => vm.name === name)?.state, {
        timeout: 300_000,
        message: `${name} is running`,
      })
      .toBe("running");
  }

  /** Starts a program and waits for its first frame. */
  async run(vm: string, ...argv: string[]): Promise<{ id: string; element: Locator }> {
    const { windowId } = await this.json<{ windowId: string }>("run", "--wait-window", "300", vm, "--", ...argv);
    return { id: windowId, element: (await this.page()).locator(`[data-window-id="${windowId}"]`) };
  }

  /**
   * Moves a window, and gives it a size where that is said. The command answers with what is shown then: a program that is slow has
   * not drawn the size yet, and one may take whole cells alone.
   */
  async place(id: string, x: number, y: number, size?: readonly [width: number, height: number]): Promise<void> {
    const find = async (): Promise<WindowView | undefined> => (await this.windows()).find((window) => window.id === id);
    await this.json("window", "move", id, ...[x, y, ...(size ?? [])].map(String));
    if (size === undefined) {
      await expect.poll(find).toMatchObject({ x, y });
      return;
    }
    const [width, height] = size;
    let last = "";
    /** By how much it is another size, once it stays. One that grows at the screen's edge is moved, too. */
    const missing = async (): Promise<number> => {
      const view = await find();
      const before = last;
      last = `${view?.width} by ${view?.height}`;
      if (view === undefined || last !== before) return Infinity;
      return Math.max(Math.abs(width - view.width), Math.abs(height - view.height));
    };
    await expect.poll(missing, { message: `the window has ${width} by ${height}, but for a cell` }).toBeLessThan(30);
  }

  /** Closes an xterm once its shell has said its title: until the shell runs, xterm's child ignores hang-ups, and a close is lost. */
  async closeXterm(id: string): Promise<void> {
    await expect.poll(async () => (await this.windows()).find((window) => window.id === id)?.title).toContain("@");
    await this.json("window", "close", id);
  }

  /** Waits until a guest's file is there: what a shell was told to write into it by keys is read from then on. */
  async isThere(vm: string, file: string): Promise<void> {
    await expect.poll(async () => (await this.atoll("exec", vm, "--", "test", "-e", file)).code).toBe(0);
  }

  /** What a guest's file holds. */
  async read(vm: string, file: string): Promise<string> {
    return (await this.atoll("exec", vm, "--", "cat", file)).stdout;
  }

  /** Screenshot of a window (or of the desktop, without an id). */
  async picture(windowId?: string): Promise<PNG> {
    const file = path.join(this.home, "picture.png");
    const words = windowId === undefined ? ["screenshot", file] : ["window", "screenshot", windowId, file];
    const result = await this.atoll(...words);
    expect(result, result.stderr).toMatchObject({ code: 0 });
    return PNG.sync.read(fs.readFileSync(file));
  }
}

/** With characters that a careless command line trips over. */
function newHome(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), "atoll e2e,'"));
}

function run(program: string, args: string[], env: NodeJS.ProcessEnv): Promise<CommandResult> {
  return new Promise((resolve) => {
    execFile(program, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, stdout, stderr });
    }).stdin?.end();
  });
}

/** Whether a process runs; one that has ended and that nobody has waited for does not. */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Count of pixels that differ between two images of the same size. */
export function changedPixels(a: PNG, b: PNG): number {
  expect({ width: b.width, height: b.height }).toEqual({ width: a.width, height: a.height });
  let changed = 0;
  for (let at = 0; at < a.data.length; at += 4) {
    if (a.data.readUInt32LE(at) !== b.data.readUInt32LE(at)) changed += 1;
  }
  return changed;
}

const SHIFTED: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from('~!@#$%^&*()_+{}|:"<>?', (character, at) => [character, "`1234567890-=[]\\;',./"[at] ?? ""]),
);

/** Types as a person does on a US keyboard: with Shift held where it is needed, which Playwright's own `type` leaves out. */
export async function type(page: Page, text: string): Promise<void> {
  for (const character of text) {
    const plain = SHIFTED[character] ?? (/[A-Z]/.test(character) ? character.toLowerCase() : null);
    if (plain !== null) await page.keyboard.press(`Shift+${plain}`);
    else await page.keyboard.press(character === "\n" ? "Enter" : character);
  }
}

/** Goes on by Tab until what has the keyboard is this. Each press has moved it when it is answered. */
export async function tabTo(page: Page, selector: string): Promise<void> {
  for (let presses = 0; presses < 100; presses += 1) {
    await page.keyboard.press("Tab");
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) === true, selector)) return;
  }
  throw new Error(`a hundred presses of Tab have not come to ${selector}`);
}

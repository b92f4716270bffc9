/**
 * One running QEMU, controlled through its monitor. How a machine ended follows from what was seen last:
 * SHUTDOWN {guest} = the guest powered off, GUEST_PANICKED, a kill of ours, or none of these: QEMU ended by itself.
 */
import fs from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "#shared/model/app-error.ts";
import type { Accelerator, MachineOrigin, VmId } from "#shared/model/vm.ts";
import { Emitter } from "../../base/emitter.ts";
import { checkedSocket } from "../../base/paths.ts";
import { waitFor } from "../../base/waiting.ts";
import {
  CHANNEL_NAMES,
  type ChannelSockets,
  type Channels,
  type Machine,
  type MachineEnd,
  type MachineEvents,
  type PauseCause,
} from "../driver.ts";
import { CONSOLE_BYTES, portId, RUNTIME_FILES } from "./argv.ts";
import { QemuNics } from "./nics.ts";
import { QmpClient } from "./qmp.ts";

/** In the runtime folder, from the start of a machine until its end has been seen. */
export const RECORD_FILE = "machine.json";
/** How long a QEMU that was killed may take to be gone. */
export const KILL_TIMEOUT_MS = 5_000;
const LOG_TAIL_BYTES = 2_000;
/** How long a QEMU that has closed its monitor may take to be gone by itself: on a busy machine longer than one thinks. */
const LINGER_MS = 5_000;
/** How long the log's writer may take to end after QEMU. */
const LOG_TIMEOUT_MS = 1_000;

export interface MachineRecord {
  id: VmId;
  accelerator: Accelerator;
  startedAtMs: number;
  origin: MachineOrigin;
  pid: number;
  /** Of the log's writer; machines of earlier versions have none. */
  logPid?: number | undefined;
  /** The host's boot: a machine of an earlier one is gone with it. */
  bootId: string;
}

export class QemuMachine extends Emitter<MachineEvents> implements Machine {
  readonly id: VmId;
  readonly accelerator: Accelerator;
  readonly startedAtMs: number;
  readonly origin: MachineOrigin;
  readonly channels: Channels;
  readonly nics: QemuNics;
  readonly #pid: number;
  readonly #logPid: number | undefined;
  readonly #folder: string;
  readonly #qmp: QmpClient;
  #pauseCause: PauseCause | null = null;
  /** Ports that the guest has open. */
  readonly #openPorts = new Set<string>();
  #end: MachineEnd | null = null;
  /** Its monitor is closed. */
  #isEnding = false;
  #hasEnded = false;
  #isReleased = false;

  private constructor(record: MachineRecord, folder: string, qmp: QmpClient) {
    super();
    this.id = record.id;
    this.accelerator = record.accelerator;
    this.startedAtMs = record.startedAtMs;
    this.origin = record.origin;
    this.#pid = record.pid;
    this.#logPid = record.logPid;
    this.#folder = folder;
    this.#qmp = qmp;
    const sockets = channelSockets(folder);
    this.channels = { open: (name) => ({ kind: "socket", path: sockets[name] }) };
    this.nics = new QemuNics(folder, qmp);
    qmp.on("STOP", () => void this.#readStatus());
    qmp.on("RESUME", () => this.#paused(null));
    qmp.on("VSERPORT_CHANGE", ({ id, open }) => this.#portChanged(id, open));
    qmp.on("GUEST_PANICKED", () => void this.#panicked());
    qmp.on("SHUTDOWN", ({ reason }) => {
      // Our init never resets: it is a kernel that panicked (panic=-1 without pvpanic).
      if (reason === "guest-panic" || reason === "guest-reset") void this.#panicked();
      else if (reason === "guest-shutdown") this.#quit({ reason: "powered-off" });
    });
    qmp.on("missed", () => void this.#readAll().catch(() => undefined)); // the monitor is gone: `closed` follows
    qmp.on("broken", () => this.#broken());
    qmp.on("closed", () => void this.#ended());
  }

  /**
   * Connects to the monitor of a machine.
   * @returns "nobody": none answers there, or one that ends meanwhile; "stranger": another machine answers
   */
  static async attach(record: MachineRecord, folder: string): Promise<QemuMachine | "nobody" | "stranger"> {
    let qmp: QmpClient | null = null;
    let machine: QemuMachine | null = null;
    try {
      qmp = await QmpClient.connect(checkedSocket(path.join(folder, RUNTIME_FILES.qmp)));
      const { UUID } = await qmp.execute("query-uuid");
      if (UUID !== record.id) {
        qmp.close();
        return "stranger";
      }
      machine = new QemuMachine(record, folder, qmp);
      // It may have stopped, or ended, while no application was running.
      await machine.#readAll();
      return machine;
    } catch (error) {
      if (isNobody(error)) return "nobody";
      // A monitor serves one client at a time: an open connection would keep everybody else out. The machine goes on.
      machine?.release();
      qmp?.close();
      throw error;
    }
  }

  get pauseCause(): PauseCause | null {
    return this.#pauseCause;
  }

  async pause(): Promise<void> {
    await this.#qmp.execute("stop");
  }

  async resume(): Promise<void> {
    await this.#qmp.execute("cont");
  }

  async pressPowerButton(): Promise<void> {
    await this.#qmp.execute("system_powerdown");
  }

  /** The guest's last console output; reading takes it away. */
  async readConsole(): Promise<string> {
    return this.#qmp.execute("ringbuf-read", { device: "console", size: CONSOLE_BYTES, format: "utf8" });
  }

  async kill(): Promise<void> {
    if (this.#hasEnded) return;
    this.#end ??= { reason: "killed" };
    const gone = waitFor({
      listen: ({ resolve }) => this.on("ended", () => resolve()),
      timeoutMs: KILL_TIMEOUT_MS,
      onTimeout: ({ reject }) =>
        reject(
          new AppError("hardware.machine-failed", `QEMU (process ${this.#pid}) does not end.`, { pid: this.#pid }),
        ),
    });
    this.#killProcess();
    await gone;
  }

  #killProcess(): void {
    // Its number may be somebody else's by now.
    if (this.#isEnding && !isQemuOf(this.#pid, this.id)) return;
    try {
      process.kill(this.#pid, "SIGKILL");
    } catch {
      // It is gone already, and `closed` is on its way.
    }
  }

  /** A QEMU that its guest has taken over: it would go on unseen, with the disk. */
  #broken(): void {
    this.#end ??= { reason: "machine-exited", detail: "QEMU broke the protocol of its monitor (QMP), and was ended." };
    this.#killProcess();
  }

  /** What events would have told. */
  async #readAll(): Promise<void> {
    for (const { label, "frontend-open": isOpen } of await this.#qmp.execute("query-chardev"))
      if (CHANNEL_NAMES.some((name) => name === label)) this.#portChanged(portId(label), isOpen);
    await this.#readStatus();
  }

  /** Asks QEMU whether the machine executes, and why not. */
  async #readStatus(): Promise<void> {
    try {
      const { status } = await this.#qmp.execute("query-status");
      if (status === "shutdown") this.#quit({ reason: "powered-off" });
      else if (status === "guest-panicked") await this.#panicked();
      else if (status === "internal-error") this.#quit({ reason: "machine-exited", detail: this.#internalError() });
      else if (status === "io-error") {
        const disks = await this.#qmp.execute("query-block");
        this.#paused(disks.some((disk) => disk["io-status"] === "nospace") ? "no-space" : "disk-error");
      } else if (status === "paused") this.#paused("asked");
      else if (status === "running") this.#paused(null);
    } catch {
      // The monitor is gone, and the machine with it: the event `closed` follows.
    }
  }

  #internalError(): string {
    return `the processor of the VM stopped (${this.accelerator}: internal error)\n${logTail(this.#folder)}`.trim();
  }

  release(): void {
    this.#isReleased = true;
    this.#qmp.close();
  }

  #paused(cause: PauseCause | null): void {
    if (this.#end !== null || this.#pauseCause === cause) return;
    this.#pauseCause = cause;
    if (cause === null) this.emit("resumed");
    else this.emit("paused", cause);
  }

  #portChanged(port: string, isOpen: boolean): void {
    const wasPresent = this.#isAgentPresent;
    if (isOpen) this.#openPorts.add(port);
    else this.#openPorts.delete(port);
    if (this.#isAgentPresent !== wasPresent) this.emit("agentPresent", this.#isAgentPresent);
  }

  get #isAgentPresent(): boolean {
    return CHANNEL_NAMES.every((name) => this.#openPorts.has(portId(name)));
  }

  /** The guest has ended and QEMU waits for us. */
  #quit(end: MachineEnd): void {
    if (this.#end !== null) return;
    this.#end = end;
    this.#qmp.execute("quit").catch(() => undefined); // it may close the monitor before it answers
  }

  async #panicked(): Promise<void> {
    if (this.#end !== null) return;
    const end = { reason: "guest-panic" as const, detail: "" };
    this.#end = end;
    end.detail = (await this.readConsole().catch(() => "")).slice(-LOG_TAIL_BYTES).trim();
    this.#qmp.execute("quit").catch(() => undefined); // it may close the monitor before it answers
  }

  /** QEMU closes its monitor before it is gone; who starts the VM again meanwhile would find its disk in use. */
  async #processEnded(): Promise<void> {
    await untilGone(this.#pid, LINGER_MS);
    // Nobody can control it any more, and it would go on unseen.
    this.#killProcess();
    await untilGone(this.#pid, KILL_TIMEOUT_MS);
  }

  async #ended(): Promise<void> {
    if (this.#isEnding || this.#isReleased) return;
    this.#isEnding = true;
    const known = this.#end;
    await this.#processEnded();
    const end = known ?? {
      reason: "machine-exited" as const,
      detail: await wholeLogTail(this.#folder, this.#logPid),
    };
    this.#hasEnded = true;
    // Its end has been seen: the next run of the application need not look for it.
    for (const name of [RECORD_FILE, RUNTIME_FILES.pid]) fs.rmSync(path.join(this.#folder, name), { force: true });
    // Later: within the constructor's turn whoever attached has no listener yet.
    setImmediate(() => this.emit("ended", end));
  }
}

/** QEMU can write into its runtime folder: neither a link that it made there is followed, nor is a pipe waited for. */
export const READ_PLAIN_FILE = fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK;

/** Paths of the sockets that QEMU listens on. @throws AppError hardware.path-too-long */
export function channelSockets(folder: string): ChannelSockets {
  return {
    control: checkedSocket(path.join(folder, RUNTIME_FILES.control)),
    frames: checkedSocket(path.join(folder, RUNTIME_FILES.frames)),
    bulk: checkedSocket(path.join(folder, RUNTIME_FILES.bulk)),
  };
}

/** The end of QEMU's log, "" where there is none. */
export function logTail(folder: string): string {
  let file: number | null = null;
  try {
    file = fs.openSync(path.join(folder, RUNTIME_FILES.log), READ_PLAIN_FILE);
    const { size } = fs.fstatSync(file);
    const tail = Buffer.alloc(Math.min(size, LOG_TAIL_BYTES));
    const length = fs.readSync(file, tail, 0, tail.length, size - tail.length);
    return tail.subarray(0, length).toString("utf8").trim();
  } catch {
    return "";
  } finally {
    if (file !== null) fs.closeSync(file);
  }
}

/**
 * The end of the log of a QEMU that has ended, once its writer has written all of it.
 *
 * @param logPid of the writer; undefined = unknown
 */
export async function wholeLogTail(folder: string, logPid: number | undefined): Promise<string> {
  if (logPid !== undefined) await untilGone(logPid, LOG_TIMEOUT_MS);
  return logTail(folder);
}

/** Resolves when the process has ended, or has not in that time: it need not be a child of ours. */
export async function untilGone(pid: number, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (isAlive(pid) && performance.now() < deadline) await delay(5);
}

/** Whether a process runs (one that ended and that nobody has waited for does not). */
export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(fs.readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

/** Whether this process is the QEMU of that VM, and ours; the number may be another process's by now. */
export function isQemuOf(pid: number, id: VmId): boolean {
  try {
    const owner = Number(/^Uid:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
    return (
      owner === process.getuid?.() &&
      isAlive(pid) &&
      fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`\0-uuid\0${id}\0`)
    );
  } catch {
    return false;
  }
}

function isNobody(error: unknown): boolean {
  if (error instanceof AppError) return error.details["isGone"] === true;
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ECONNREFUSED";
}

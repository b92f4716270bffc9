/**
 * One QEMU that runs, known by its monitor. How a machine ends is told apart by what was seen last:
 * SHUTDOWN {guest} = the guest's own doing, GUEST_PANICKED, a kill of ours, or none of these: QEMU ended by itself.
 */
import fs from "node:fs";
import path from "node:path";
import { AppError } from "#shared/model/app-error.ts";
import type { Accelerator, VmId } from "#shared/model/vm.ts";
import { Emitter } from "../../base/emitter.ts";
import { checkedSocket } from "../../base/paths.ts";
import type { ChannelSockets, Machine, MachineEnd, MachineEvents } from "../driver.ts";
import { CONSOLE_BYTES, RUNTIME_FILES } from "./argv.ts";
import { QmpClient } from "./qmp.ts";

const KILL_TIMEOUT_MS = 5_000;
const LOG_TAIL_BYTES = 2_000;

export interface MachineRecord {
  id: VmId;
  accelerator: Accelerator;
  startedAtMs: number;
  pid: number;
}

export class QemuMachine extends Emitter<MachineEvents> implements Machine {
  readonly id: VmId;
  readonly accelerator: Accelerator;
  readonly startedAtMs: number;
  readonly channels: ChannelSockets;
  readonly #pid: number;
  readonly #folder: string;
  readonly #qmp: QmpClient;
  #isPaused: boolean;
  #end: MachineEnd | null = null;
  #hasEnded = false;

  private constructor(
    record: MachineRecord,
    folder: string,
    qmp: QmpClient,
    status: { running: boolean; status: string },
  ) {
    super();
    this.id = record.id;
    this.accelerator = record.accelerator;
    this.startedAtMs = record.startedAtMs;
    this.#pid = record.pid;
    this.#folder = folder;
    this.#qmp = qmp;
    this.channels = channelSockets(folder);
    this.#isPaused = status.status === "paused";
    qmp.on("STOP", () => this.#paused(true));
    qmp.on("RESUME", () => this.#paused(false));
    qmp.on("GUEST_PANICKED", () => void this.#panicked());
    qmp.on("SHUTDOWN", ({ reason }) => {
      // A reset that our init did not ask for is a kernel that gave up (panic=-1 without pvpanic).
      if (reason === "guest-panic" || reason === "guest-reset") void this.#panicked();
      else if (reason === "guest-shutdown") this.#quit({ reason: "powered-off" });
    });
    qmp.on("closed", () => this.#ended());
    // It ended while no application was there to see it.
    if (status.status === "shutdown") this.#quit({ reason: "powered-off" });
    else if (status.status === "guest-panicked") void this.#panicked();
  }

  /** Connects to the monitor of a machine; null where nobody answers there, or somebody else. */
  static async attach(record: MachineRecord, folder: string): Promise<QemuMachine | null> {
    let qmp: QmpClient;
    try {
      qmp = await QmpClient.connect(checkedSocket(path.join(folder, RUNTIME_FILES.qmp)));
    } catch (error) {
      if (isNobody(error)) return null;
      throw error;
    }
    const { UUID } = await qmp.execute("query-uuid");
    if (UUID !== record.id) {
      qmp.close();
      return null;
    }
    return new QemuMachine(record, folder, qmp, await qmp.execute("query-status"));
  }

  get isPaused(): boolean {
    return this.#isPaused;
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
    const gone = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new AppError("hardware.qemu-failed", `QEMU (process ${this.#pid}) does not end.`, { pid: this.#pid }));
      }, KILL_TIMEOUT_MS);
      this.on("ended", () => {
        clearTimeout(timer);
        resolve();
      });
    });
    // The monitor has just answered for this pid's UUID, so the pid is not somebody else's by now.
    process.kill(this.#pid, "SIGKILL");
    await gone;
  }

  #paused(isPaused: boolean): void {
    if (this.#end !== null || this.#isPaused === isPaused) return;
    this.#isPaused = isPaused;
    this.emit(isPaused ? "paused" : "resumed");
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

  #ended(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    const end = this.#end ?? { reason: "qemu-exited" as const, detail: logTail(this.#folder) };
    // Not within the constructor's turn: whoever attached has no listener yet.
    setImmediate(() => this.emit("ended", end));
  }
}

export function channelSockets(folder: string): ChannelSockets {
  return {
    control: checkedSocket(path.join(folder, RUNTIME_FILES.control)),
    frames: checkedSocket(path.join(folder, RUNTIME_FILES.frames)),
    bulk: checkedSocket(path.join(folder, RUNTIME_FILES.bulk)),
  };
}

/** The last words of QEMU's log, "" where there are none. */
export function logTail(folder: string): string {
  try {
    return fs.readFileSync(path.join(folder, RUNTIME_FILES.log), "utf8").slice(-LOG_TAIL_BYTES).trim();
  } catch {
    return "";
  }
}

function isNobody(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOENT" || code === "ECONNREFUSED";
}

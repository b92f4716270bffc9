/** Client of the QEMU Machine Protocol over a unix socket: commands, events. @see QEMU docs/interop/qmp-spec.rst */
import net from "node:net";
import { AppError } from "#shared/model/app-error.ts";
import { Emitter } from "../../base/emitter.ts";

export type ShutdownReason =
  | "none"
  | "host-error"
  | "host-qmp-quit"
  | "host-qmp-system-reset"
  | "host-signal"
  | "host-ui"
  | "guest-shutdown"
  | "guest-reset"
  | "guest-panic"
  | "subsystem-reset"
  | "snapshot-load";

/** Of QEMU's run states those that are distinguished here; there are more. @see QEMU qapi/run-state.json */
export type RunState =
  "running" | "paused" | "io-error" | "internal-error" | "guest-panicked" | "shutdown" | (string & {});

interface QmpEventMap {
  SHUTDOWN: [{ guest: boolean; reason: ShutdownReason }];
  STOP: [];
  RESUME: [];
  GUEST_PANICKED: [{ action: string }];
  /** The guest opened or closed its end of a port; `id` is the device's. At most one a second for each port: the last. */
  VSERPORT_CHANGE: [{ id: string; open: boolean }];
  /** There were too many events, and some were passed over: what they would have told must be asked for. */
  missed: [];
  /** The monitor's socket is gone. */
  closed: [];
}

/** Longest line that is read: QEMU's longest answers have some 100 KB. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const COMMAND_TIMEOUT_MS = 10_000;
/** A machine's whole life has some dozens of events; a guest that makes more costs us a look at each line's beginning. */
const MAX_EVENTS = 100;
/** The time in which there may be so many. */
const EVENT_WINDOW_MS = 1_000;
/** How QEMU begins an event, and no answer. What begins otherwise is parsed. */
const EVENT_BEGINNING = '{"timestamp"';

interface Pending {
  resolve(value: unknown): void;
  reject(error: AppError): void;
  timer: NodeJS.Timeout;
}

export class QmpClient extends Emitter<QmpEventMap> {
  readonly #socket: net.Socket;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;
  #text = "";
  /** Events since the window's begin. */
  #eventCount = 0;
  #window: NodeJS.Timeout | null = null;

  private constructor(socket: net.Socket) {
    super();
    this.#socket = socket;
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => this.#received(text));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => this.#lost());
  }

  /** Connects and leaves capability negotiation. Rejects with the socket's error (ENOENT, ECONNREFUSED: nobody is there). */
  static async connect(path: string): Promise<QmpClient> {
    const socket = await new Promise<net.Socket>((resolve, reject) => {
      const attempt = net.connect(path, () => {
        attempt.off("error", reject);
        resolve(attempt);
      });
      attempt.once("error", reject);
    });
    const client = new QmpClient(socket);
    try {
      await client.execute("qmp_capabilities");
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  }

  execute(command: "query-status"): Promise<{ running: boolean; status: RunState }>;
  execute(command: "query-uuid"): Promise<{ UUID: string }>;
  execute(command: "query-chardev"): Promise<{ label: string; "frontend-open": boolean }[]>;
  execute(command: "query-block"): Promise<{ "io-status"?: "ok" | "failed" | "nospace" }[]>;
  execute(command: "ringbuf-read", args: { device: string; size: number; format: "utf8" | "base64" }): Promise<string>;
  execute(command: "qmp_capabilities" | "stop" | "cont" | "system_powerdown" | "quit"): Promise<unknown>;
  execute(command: string, args?: Record<string, unknown>): Promise<unknown> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#pending.delete(id);
        reject(
          new AppError(
            "hardware.monitor-failed",
            `QEMU did not answer "${command}" within ${COMMAND_TIMEOUT_MS / 1000} s.`,
            { command },
          ),
        );
      }, COMMAND_TIMEOUT_MS);
      this.#pending.set(id, { resolve, reject, timer });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #received(text: string): void {
    this.#text += text;
    for (let end = this.#text.indexOf("\n"); end >= 0; end = this.#text.indexOf("\n")) {
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      if (line.trim() !== "" && !this.#isTooMuch(line)) this.#line(line);
    }
    if (this.#text.length > MAX_LINE_BYTES) this.#socket.destroy();
  }

  #isTooMuch(line: string): boolean {
    if (!line.startsWith(EVENT_BEGINNING)) return false;
    this.#window ??= setTimeout(() => this.#windowEnded(), EVENT_WINDOW_MS).unref();
    this.#eventCount += 1;
    return this.#eventCount > MAX_EVENTS;
  }

  #windowEnded(): void {
    const hasMissed = this.#eventCount > MAX_EVENTS;
    this.#eventCount = 0;
    this.#window = null;
    if (hasMissed) this.emit("missed");
  }

  #line(line: string): void {
    let message: {
      id?: number;
      return?: unknown;
      error?: { class: string; desc: string };
      event?: string;
      data?: unknown;
    };
    try {
      message = JSON.parse(line) as typeof message;
    } catch {
      this.#socket.destroy();
      return;
    }
    if (message.event !== undefined) return this.#event(message.event, message.data);
    const pending = message.id === undefined ? undefined : this.#pending.get(message.id);
    if (message.id === undefined || pending === undefined) return;
    this.#pending.delete(message.id);
    clearTimeout(pending.timer);
    if (message.error === undefined) pending.resolve(message.return);
    else
      pending.reject(
        new AppError("hardware.monitor-failed", `QEMU: ${message.error.desc}`, { class: message.error.class }),
      );
  }

  #event(name: string, data: unknown): void {
    if (name === "SHUTDOWN") this.emit("SHUTDOWN", data as QmpEventMap["SHUTDOWN"][0]);
    else if (name === "GUEST_PANICKED") this.emit("GUEST_PANICKED", data as QmpEventMap["GUEST_PANICKED"][0]);
    else if (name === "VSERPORT_CHANGE") this.emit("VSERPORT_CHANGE", data as QmpEventMap["VSERPORT_CHANGE"][0]);
    else if (name === "STOP" || name === "RESUME") this.emit(name);
  }

  #lost(): void {
    if (this.#window !== null) clearTimeout(this.#window);
    for (const pending of this.#pending.values()) {
      clearTimeout(pending.timer);
      pending.reject(new AppError("hardware.monitor-failed", "QEMU ended before it answered.", { isGone: true }));
    }
    this.#pending.clear();
    this.emit("closed");
  }
}

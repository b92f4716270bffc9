/** Client of the QEMU Machine Protocol over a unix socket: commands, events. @see QEMU docs/interop/qmp-spec.rst */
import net from "node:net";
import { z } from "zod";
import { AppError } from "#shared/model/app-error.ts";
import { cleanText } from "#shared/model/text.ts";
import { Emitter } from "../../base/emitter.ts";
import { type Settle, waitFor } from "../../base/waiting.ts";
import type { nicDevice, nicNetdev } from "./nic-words.ts";

/** Of QEMU's events those whose data counts. */
const EVENTS = {
  SHUTDOWN: z.looseObject({ reason: z.string() }),
  /** The guest opened or closed its end of a port; `id` is the device's. At most one a second for each port: the last. */
  VSERPORT_CHANGE: z.looseObject({ id: z.string(), open: z.boolean() }),
  /** The guest has given a device away. Of some devices a part without an id says so, too. */
  DEVICE_DELETED: z.looseObject({ device: z.string().optional() }),
  /** Said only after it was asked for. */
  MIGRATION: z.looseObject({ status: z.string() }),
} as const;

/** What QEMU answers, by command. @see QEMU qapi/ */
const ANSWERS = {
  "query-status": z.looseObject({ status: z.string() }),
  "query-uuid": z.looseObject({ UUID: z.string() }),
  "query-chardev": z.array(z.looseObject({ label: z.string(), "frontend-open": z.boolean() })),
  "query-block": z.array(z.looseObject({ "io-status": z.enum(["ok", "failed", "nospace"]).optional() })),
  "ringbuf-read": z.string(),
  qmp_capabilities: z.unknown(),
  "qom-list": z.array(z.looseObject({ name: z.string() })),
  "qom-get": z.unknown(),
  set_link: z.unknown(),
  netdev_add: z.unknown(),
  netdev_del: z.unknown(),
  device_add: z.unknown(),
  device_del: z.unknown(),
  "migrate-set-capabilities": z.unknown(),
  migrate: z.unknown(),
  "migrate-incoming": z.unknown(),
  stop: z.unknown(),
  cont: z.unknown(),
  system_powerdown: z.unknown(),
  quit: z.unknown(),
} as const;

type Answers = typeof ANSWERS;
interface CommandArguments {
  "migrate-set-capabilities": { capabilities: { capability: "events" | "x-ignore-shared"; state: boolean }[] };
  migrate: { uri: string };
  "migrate-incoming": { uri: string };
  "qom-list": { path: string };
  "qom-get": { path: string; property: string };
  set_link: { name: string; up: boolean };
  netdev_add: ReturnType<typeof nicNetdev>;
  netdev_del: { id: string };
  device_add: ReturnType<typeof nicDevice>;
  device_del: { id: string };
  "ringbuf-read": { device: string; size: number; format: "utf8" | "base64" };
}

const messageSchema = z.looseObject({
  id: z.number().optional(),
  return: z.unknown().optional(),
  error: z.looseObject({ class: z.string(), desc: z.string() }).optional(),
  event: z.string().optional(),
  data: z.unknown().optional(),
});

interface QmpEventMap {
  SHUTDOWN: [z.infer<typeof EVENTS.SHUTDOWN>];
  STOP: [];
  RESUME: [];
  GUEST_PANICKED: [];
  VSERPORT_CHANGE: [z.infer<typeof EVENTS.VSERPORT_CHANGE>];
  DEVICE_DELETED: [z.infer<typeof EVENTS.DEVICE_DELETED>];
  MIGRATION: [z.infer<typeof EVENTS.MIGRATION>];
  /** There were too many events, and some were passed over: what they would have told must be asked for. */
  missed: [];
  /** It said what no QEMU says, and is left: `closed` follows. */
  broken: [];
  /** The monitor's socket is gone. */
  closed: [];
}

/** Longest line that is read: QEMU's longest answers have some 100 KB. */
const MAX_LINE_BYTES = 4 * 1024 * 1024;
const COMMAND_TIMEOUT_MS = 10_000;
/** Graphemes of an error's words that are kept. */
const MAX_ERROR_LENGTH = 300;
/** A machine's whole life has some dozens of events; a guest that makes more costs us a look at each line's beginning. */
const MAX_EVENTS = 100;
/** The time in which there may be so many. */
const EVENT_WINDOW_MS = 1_000;
/** How QEMU begins an event, and no answer. What begins otherwise is parsed. */
const EVENT_BEGINNING = '{"timestamp"';

export class QmpClient extends Emitter<QmpEventMap> {
  readonly #socket: net.Socket;
  readonly #pending = new Map<number, Settle<unknown>>();
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

  /** Rejects with hardware.monitor-failed; `isLate` in its details: QEMU may do it yet. */
  async execute<Command extends keyof Answers>(
    command: Command,
    ...[args]: Command extends keyof CommandArguments ? [CommandArguments[Command]] : []
  ): Promise<z.infer<Answers[Command]>> {
    const answer = ANSWERS[command].safeParse(await this.#answer(command, args));
    if (answer.success) return answer.data as z.infer<Answers[Command]>;
    throw new AppError("hardware.monitor-failed", `QEMU's answer to "${command}" is not one.`, { command });
  }

  #answer(command: string, args: unknown): Promise<unknown> {
    // Nobody would say so any more.
    if (this.#socket.destroyed) return Promise.reject(gone());
    this.#lastId += 1;
    const id = this.#lastId;
    return waitFor<unknown>({
      listen: (settle) => {
        this.#pending.set(id, settle);
        this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`);
        return () => this.#pending.delete(id);
      },
      timeoutMs: COMMAND_TIMEOUT_MS,
      onTimeout: ({ reject }) => {
        const message = `QEMU did not answer "${command}" within ${COMMAND_TIMEOUT_MS / 1000} s.`;
        reject(new AppError("hardware.monitor-failed", message, { command, isLate: true }));
      },
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #received(text: string): void {
    this.#text += text;
    for (let end = this.#text.indexOf("\n"); end >= 0; end = this.#text.indexOf("\n")) {
      if (this.#socket.destroyed) return;
      const line = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 1);
      if (line.trim() !== "" && !this.#isTooMuch(line)) this.#line(line);
    }
    if (this.#text.length > MAX_LINE_BYTES) this.#leave();
  }

  /** Whether it is passed over, unless it may be an answer that is waited for. */
  #isTooMuch(line: string): boolean {
    this.#window ??= setTimeout(() => this.#windowEnded(), EVENT_WINDOW_MS).unref();
    const isEvent = line.startsWith(EVENT_BEGINNING);
    if (!isEvent && this.#pending.size > 0) return false;
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
    const message = messageSchema.safeParse(parsedLine(line)).data;
    // A QEMU that a guest has broken may say anything.
    if (message === undefined) return this.#leave();
    if (message.event !== undefined) return this.#event(message.event, message.data);
    const pending = message.id === undefined ? undefined : this.#pending.get(message.id);
    if (pending === undefined) return;
    if (message.error === undefined) pending.resolve(message.return);
    else
      pending.reject(
        new AppError("hardware.monitor-failed", `QEMU: ${cleanText(message.error.desc, MAX_ERROR_LENGTH)}`),
      );
  }

  #event(name: string, untrustedData: unknown): void {
    if (name === "STOP" || name === "RESUME" || name === "GUEST_PANICKED") this.emit(name);
    else if (name === "SHUTDOWN") this.#emitParsed(EVENTS.SHUTDOWN, untrustedData, (data) => this.emit(name, data));
    else if (name === "VSERPORT_CHANGE")
      this.#emitParsed(EVENTS.VSERPORT_CHANGE, untrustedData, (data) => this.emit(name, data));
    else if (name === "DEVICE_DELETED")
      this.#emitParsed(EVENTS.DEVICE_DELETED, untrustedData, (data) => this.emit(name, data));
    else if (name === "MIGRATION") this.#emitParsed(EVENTS.MIGRATION, untrustedData, (data) => this.emit(name, data));
  }

  #emitParsed<Data>(schema: z.ZodType<Data>, untrustedData: unknown, emit: (data: Data) => void): void {
    const read = schema.safeParse(untrustedData);
    if (read.success) emit(read.data);
    else this.#leave();
  }

  #leave(): void {
    this.emit("broken");
    this.#socket.destroy();
  }

  #lost(): void {
    if (this.#window !== null) clearTimeout(this.#window);
    for (const { reject } of [...this.#pending.values()]) reject(gone());
    this.emit("closed");
  }
}

function gone(): AppError {
  return new AppError("hardware.monitor-failed", "QEMU ended before it answered.", { isGone: true });
}

/** undefined: it is no JSON. */
function parsedLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

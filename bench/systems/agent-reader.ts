/**
 * The least that can talk with an agent: opens its three ports, says welcome, starts programs, counts frames and throws
 * them away. A limit for cold starts, and how the benches reach into the rival's guest.
 */
import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import net from "node:net";
import path from "node:path";
import { PORTS, type PortName } from "#shared/protocol/routes.ts";
import { EchoFinder, encodeMessage, MessageReader, opening } from "#shared/protocol/framing.ts";
import {
  decodeHeader,
  encodeHeader,
  type WireMessage,
  type WireMessageInit,
  type WireMessageName,
} from "#shared/protocol/header.ts";
import { EPOCH_BYTES, MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { PROTOCOL_MAJOR, PROTOCOL_MINOR } from "#shared/protocol/session.ts";
import { RUNTIME_FILES } from "../../main/hardware/qemu/argv.ts";
import { SCREEN } from "../screen.ts";

/** The keys of a US keyboard, without a layout of the host's. */
const KEYMAP = { rules: "", model: "", layout: "us", variant: "", options: "" };

interface Events {
  message: [WireMessage, Uint8Array];
}

export class AgentReader {
  readonly #sockets = new Map<PortName, net.Socket>();
  readonly #events = new EventEmitter<Events>();
  #lastRequest = 0;

  /** Connects to the ports of a machine; resolves when its agent has said hello, however late that is. */
  static async connect(runFolder: string): Promise<AgentReader> {
    const reader = new AgentReader();
    reader.#events.setMaxListeners(0);
    const hello = reader.#next((message) => message.case === "hello" && message.value);
    const epoch = randomBytes(EPOCH_BYTES);
    for (const port of PORTS) reader.#connect(port, path.join(runFolder, RUNTIME_FILES[port]), epoch);
    await hello;
    const output = { ...SCREEN, scale120: 120, refreshMhz: 60_000 };
    reader.#say("control", "welcome", { major: PROTOCOL_MAJOR, minor: PROTOCOL_MINOR, output, keymap: KEYMAP });
    reader.#events.on("message", (message) => reader.#answer(message));
    return reader;
  }

  /** Starts a program; resolves when the first frame of its window is there, whole. */
  async firstPicture(...argv: string[]): Promise<void> {
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    const opened = this.#next(
      (message) => message.case === "windowOpened" && message.value.launch === request && message.value,
    );
    this.#say("control", "launch", { request, argv });
    const { surface } = await opened;
    await this.#next(
      (message) => message.case === "frame" && message.value.surface === surface && message.value.last && message.value,
    );
  }

  /** Runs a command to its end; gives its output. @throws Error when it ends with another code than 0 */
  async exec(input: Uint8Array, ...argv: string[]): Promise<string> {
    this.#lastRequest += 1;
    const exec = this.#lastRequest;
    const [stdin, stdout, stderr] = [exec * 3, exec * 3 + 1, exec * 3 + 2];
    const output: Uint8Array[] = [];
    let sent = 0;
    const listen = (message: WireMessage, payload: Uint8Array): void => {
      if (message.case === "streamData" && [stdout, stderr].includes(message.value.stream)) {
        output.push(payload);
        this.#say("bulk", "streamCredit", { stream: message.value.stream, bytes: payload.length });
      } else if (message.case === "streamCredit" && message.value.stream === stdin) {
        const end = Math.min(input.length, sent + message.value.bytes);
        for (; sent < end; sent = Math.min(end, sent + MAX_STREAM_CHUNK_BYTES)) {
          const chunk = input.subarray(sent, Math.min(end, sent + MAX_STREAM_CHUNK_BYTES));
          this.#say("bulk", "streamData", { stream: stdin }, chunk);
        }
        if (sent === input.length) this.#say("bulk", "streamEnd", { stream: stdin });
      }
    };
    this.#events.on("message", listen);
    const ended = this.#next(
      (message) =>
        (message.case === "execExited" || message.case === "execFailed") &&
        message.value.exec === exec &&
        message.value,
    );
    this.#say("bulk", "execStart", { exec, argv, tty: false, stdin, stdout, stderr });
    for (const stream of [stdout, stderr])
      this.#say("bulk", "streamCredit", { stream, bytes: MAX_STREAM_CREDIT_BYTES / 4 });
    const end = await ended;
    this.#events.off("message", listen);
    const text = Buffer.concat(output).toString();
    if ("detail" in end) throw new Error(`${argv.join(" ")}: ${end.detail}`);
    if (end.code !== 0 || end.signal !== 0)
      throw new Error(`${argv.join(" ")} ended with code ${end.code}, signal ${end.signal}: ${text}`);
    return text;
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  #connect(port: PortName, socketPath: string, epoch: Uint8Array): void {
    const socket = net.connect(socketPath);
    this.#sockets.set(port, socket);
    const finder = new EchoFinder(epoch);
    const reader = new MessageReader();
    let isOpen = false;
    // Without a repetition: in a machine that has just been made, nobody is in the middle of an old message.
    socket.write(opening(epoch));
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk: Buffer) => {
      let bytes: Uint8Array = chunk;
      if (!isOpen) {
        const found = finder.search(bytes);
        if (typeof found !== "number") return;
        isOpen = true;
        bytes = bytes.subarray(found);
      }
      reader.read(bytes, ({ header, payload }) => {
        const decoded = decodeHeader(header);
        if (decoded.kind === "message") this.#events.emit("message", decoded.message, payload);
      });
    });
  }

  /** What the agent needs to be told so that it goes on. */
  #answer(message: WireMessage): void {
    switch (message.case) {
      case "windowOpened": {
        const { surface } = message.value;
        const bounds = { boundsWidth: SCREEN.width, boundsHeight: SCREEN.height };
        this.#say("control", "configure", { surface, serial: 1, ...bounds });
        this.#say("frames", "credit", { surface, count: 2 });
        return;
      }
      case "frame":
        if (message.value.last) this.#say("frames", "credit", { surface: message.value.surface, count: 1 });
        return;
      default:
    }
  }

  /** Resolves with what `pick` finds in a message that comes from now on. */
  #next<Value extends object>(pick: (message: WireMessage) => Value | false): Promise<Value> {
    return new Promise((resolve) => {
      const listen = (message: WireMessage): void => {
        const value = pick(message);
        if (value === false) return;
        this.#events.off("message", listen);
        resolve(value);
      };
      this.#events.on("message", listen);
    });
  }

  #say<Name extends WireMessageName>(
    port: PortName,
    name: Name,
    value: WireMessageInit<Name>,
    payload?: Uint8Array,
  ): void {
    this.#sockets.get(port)?.write(encodeMessage(encodeHeader(name, value), payload));
  }
}

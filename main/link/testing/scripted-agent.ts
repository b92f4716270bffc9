/** An agent scripted by a test: reaches states that a real agent never would. Listens on three unix sockets. */
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { PORTS, type PortName } from "#shared/protocol/routes.ts";
import { encodeMessage, MAGIC, MessageReader } from "#shared/protocol/framing.ts";
import {
  decodeHeader,
  encodeHeader,
  type WireMessage,
  type WireMessageInit,
  type WireMessageName,
  type WireMessageOf,
} from "#shared/protocol/header.ts";
import { EPOCH_BYTES, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { PROTOCOL_MAJOR } from "#shared/protocol/session.ts";
import type { Channels, ChannelSockets } from "../../hardware/driver.ts";
import type { OpenMessage } from "../contract.ts";

const OPENING_BYTES = MAGIC.length + EPOCH_BYTES;

export class ScriptedAgent {
  readonly sockets: ChannelSockets;
  readonly #folder: string;
  readonly #servers: net.Server[] = [];
  readonly #ports = new Map<PortName, net.Socket>();
  readonly #heard: WireMessage[] = [];
  /** Of each StreamData. */
  readonly #payloads = new WeakMap<object, Uint8Array>();
  #echoed = 0;
  /** All that wait for what the host says next. */
  #waiting: (() => void)[] = [];

  private constructor(folder: string) {
    this.#folder = folder;
    const socket = (name: PortName): string => path.join(folder, `${name}.sock`);
    this.sockets = { control: socket("control"), frames: socket("frames"), bulk: socket("bulk") };
  }

  /** As a driver opens them. */
  get channels(): OpenMessage["channels"] {
    const open: Channels["open"] = (name) => ({ kind: "socket", path: this.sockets[name] });
    return { control: open("control"), frames: open("frames"), bulk: open("bulk") };
  }

  /** `before`: what arrives on a port before its echo, as an earlier session leaves it. */
  static async listen(before: Partial<Record<PortName, Uint8Array>> = {}): Promise<ScriptedAgent> {
    const agent = new ScriptedAgent(fs.mkdtempSync(path.join(os.tmpdir(), "atoll-agent-")));
    await Promise.all(PORTS.map((port) => agent.#listen(port, before[port])));
    return agent;
  }

  async #listen(port: PortName, before: Uint8Array | undefined): Promise<void> {
    const server = net.createServer((socket) => {
      this.#ports.set(port, socket);
      if (before !== undefined) socket.write(before);
      let opening = Buffer.alloc(0);
      const reader = new MessageReader();
      socket.on("error", () => socket.destroy());
      socket.on("data", (bytes: Buffer) => {
        let rest = bytes;
        if (opening.length < OPENING_BYTES) {
          const begun = Buffer.concat([opening, bytes]);
          opening = begun.subarray(0, OPENING_BYTES);
          if (opening.length < OPENING_BYTES) return;
          socket.write(opening);
          this.#echoed += 1;
          this.#wake();
          rest = begun.subarray(OPENING_BYTES);
        }
        // The host says it again until it has read the echo, between messages, and each time in one piece.
        for (let at = rest.indexOf(opening); at >= 0; at = rest.indexOf(opening))
          rest = Buffer.concat([rest.subarray(0, at), rest.subarray(at + OPENING_BYTES)]);
        reader.read(rest, ({ header, payload }) => {
          const decoded = decodeHeader(header);
          if (decoded.kind === "message") {
            this.#heard.push(decoded.message);
            if (decoded.message.case === "streamData") this.#payloads.set(decoded.message.value, payload);
          }
          this.#wake();
        });
      });
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(this.sockets[port], resolve));
  }

  /** Resolves when the echo of every port is on its way. */
  async opened(): Promise<void> {
    while (this.#echoed < PORTS.length) await this.#more();
  }

  hello(): void {
    this.say("control", "hello", { major: PROTOCOL_MAJOR, agent: "scripted" });
  }

  say<Name extends WireMessageName>(
    port: PortName,
    name: Name,
    value: WireMessageInit<Name>,
    payload?: Uint8Array,
  ): void {
    this.sayBytes(port, encodeMessage(encodeHeader(name, value), payload));
  }

  sayBytes(port: PortName, bytes: Uint8Array): void {
    this.#ports.get(port)?.write(bytes);
  }

  /** Resolves with the next message of that name that the host says. */
  async hear<Name extends WireMessageName>(name: Name): Promise<WireMessageOf<Name>> {
    for (;;) {
      const at = this.#heard.findIndex((message) => message.case === name);
      if (at >= 0) return this.#heard.splice(at, 1)[0]?.value as WireMessageOf<Name>;
      await this.#more();
    }
  }

  /** What the host has said of that name and nobody has taken yet. */
  heard<Name extends WireMessageName>(name: Name): WireMessageOf<Name>[] {
    const messages = this.#heard.filter((message) => message.case === name);
    return messages.map((message) => message.value as WireMessageOf<Name>);
  }

  /** Reads a stream of the host's to its end, as a real agent does. */
  async read(stream: number): Promise<{ bytes: Buffer; aborted: boolean }> {
    const chunks: Uint8Array[] = [];
    const next = async (): Promise<WireMessageOf<"streamData" | "streamEnd">> => {
      for (;;) {
        const at = this.#heard.findIndex(
          ({ case: name, value }) => (name === "streamData" || name === "streamEnd") && value.stream === stream,
        );
        if (at >= 0) return this.#heard.splice(at, 1)[0]?.value as WireMessageOf<"streamData" | "streamEnd">;
        await this.#more();
      }
    };
    this.say("bulk", "streamCredit", { stream, bytes: MAX_STREAM_CREDIT_BYTES });
    for (let message = await next(); ; message = await next()) {
      if ("aborted" in message) return { bytes: Buffer.concat(chunks), aborted: message.aborted };
      const payload = this.#payloads.get(message) ?? new Uint8Array(0);
      chunks.push(payload);
      this.say("bulk", "streamCredit", { stream, bytes: payload.length });
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #wake(): void {
    for (const go of this.#waiting.splice(0)) go();
  }

  hangUp(): void {
    for (const socket of this.#ports.values()) socket.destroy();
  }

  close(): void {
    this.hangUp();
    for (const server of this.#servers) server.close();
    fs.rmSync(this.#folder, { recursive: true });
  }
}

/**
 * The link of the host's own files: a program of Atoll takes an agent's place (agents/files), by framed messages on its standard
 * streams, without opening and handshake. What it says is parsed as an agent's is, for it reads what guests send; its bytes go by
 * joints, and main sees none of them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { withoutInherited } from "../base/close-inherited.ts";
import { log } from "../base/log.ts";
import { encodeMessage, MessageReader } from "#shared/protocol/framing.ts";
import { decodeHeader, encodeHeader, type WireMessage } from "#shared/protocol/header.ts";
import { refuse, ViolationError } from "#shared/protocol/violation.ts";
import { escapeForLog } from "#shared/model/text.ts";
import type { FromLink, LaterMessage, OpenHostMessage, OutputInfo } from "./contract.ts";
import type { MessagePortLike } from "./message-port.ts";
import { ServiceSet } from "./service-set.ts";
import { files } from "./services/files.ts";
import { ROUTES } from "./services/index.ts";
import { streams } from "./services/streams.ts";

const SERVICES = [files, streams];
/** It has no screen. */
const NO_OUTPUT: OutputInfo = { width: 0, height: 0, scale120: 120, refreshMhz: 0 };

export class HostLink {
  readonly #child: ChildProcess;
  readonly #services: ServiceSet;
  readonly #toMain: (message: FromLink) => void;
  #isClosed = false;

  constructor({ program, args }: OpenHostMessage, toMain: (message: FromLink) => void) {
    this.#toMain = toMain;
    const child = spawn(...withoutInherited([], [program, ...args]), { stdio: ["pipe", "pipe", "inherit"] });
    this.#child = child;
    this.#services = new ServiceSet(SERVICES, {
      output: NO_OUTPUT,
      page: null,
      send: (name, value, payload) => {
        if (!this.#isClosed) child.stdin.write(encodeMessage(encodeHeader(name, value), payload));
      },
      emit: (service, event) => toMain({ type: "event", service, event }),
      queuedBytes: () => child.stdin.writableLength,
      whenDrained: (_port, drained) => {
        if (child.stdin.writableNeedDrain) child.stdin.once("drain", drained);
        else setImmediate(drained);
      },
      violated: ({ code, detail }) => this.#close(`${code}: ${detail}`),
    });
    const reader = new MessageReader();
    child.stdout.on("data", (bytes: Buffer) => {
      const read = reader.read(bytes, ({ header, payload }) => this.#received(header, payload));
      if (!read.ok) this.#close(read.error);
    });
    child.stdin.on("error", (error) => this.#close(error.message));
    child.on("error", (error) => this.#close(error.message));
    child.on("exit", (code, signal) => this.#close(`it ended: ${signal ?? code}`));
  }

  /** A message of main, with the ports that came with it. */
  handle(message: LaterMessage, ports: readonly MessagePortLike[]): void {
    if (!this.#isClosed && message.type === "order") this.#services.order(message.service, message.order, ports);
  }

  #received(header: Uint8Array, payload: Uint8Array): void {
    if (this.#isClosed) return;
    try {
      const decoded = decodeHeader(header);
      if (decoded.kind !== "message") return this.#close(`a header is ${decoded.kind}`);
      this.#accept(decoded.message, payload);
    } catch (error) {
      if (!(error instanceof ViolationError)) throw error;
      this.#close(error.message);
    }
  }

  #accept(message: WireMessage, payload: Uint8Array): void {
    const isMine = SERVICES.some(({ accepts }) => message.case in accepts);
    if (!isMine) refuse("wrong-direction", `${message.case} from a program that serves files only`);
    if (ROUTES.toHost.get(message.case)?.payload !== true && payload.length > 0)
      refuse("unexpected-payload", `${message.case} with ${payload.length} bytes`);
    this.#services.accept(message, payload);
  }

  #close(detail: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // Its standard input ends: it keeps what came, and ends.
    this.#child.stdin?.destroy();
    this.#services.closed();
    log(`link: the host's files are not there any more: ${escapeForLog(detail, 300)}`);
    this.#toMain({ type: "closed", reason: "agent-lost", detail });
  }
}

/**
 * The host's end of one agent: three ports, the session, and the services that its messages belong to. Runs in a process of
 * its own, which holds nothing of another VM; the first violation of the protocol closes this VM's channels and nothing
 * else.
 */
import { randomBytes } from "node:crypto";
import { escapeForLog } from "#shared/model/text.ts";
import { encodeMessage, type RawMessage } from "#shared/protocol/framing.ts";
import { encodeHeader, type WireMessageInit, type WireMessageName } from "#shared/protocol/header.ts";
import { EPOCH_BYTES, MAX_BULK_MESSAGES_BURST, MAX_BULK_MESSAGES_PER_S } from "#shared/protocol/limits.ts";
import { PORTS, type PortName } from "#shared/protocol/routes.ts";
import { PROTOCOL_MAJOR, Session, type SessionResult } from "#shared/protocol/session.ts";
import type { Violation } from "#shared/protocol/violation.ts";
import { log } from "../base/log.ts";
import type { ClosedReason, FromLink, LaterMessage, OpenMessage } from "./contract.ts";
import type { MessagePortLike } from "./message-port.ts";
import { PagePorts } from "./page-ports.ts";
import { PortChannel } from "./port-channel.ts";
import { Quotas } from "./quotas.ts";
import { RateLimit } from "./rate-limit.ts";
import { ServiceSet } from "./service-set.ts";
import { ROUTES, SERVICES } from "./services/index.ts";

/** With more than this unread by the guest it is lost: nothing we say reaches it. */
const MAX_QUEUED_BYTES = 8 * 1024 * 1024;

export class Link {
  readonly #options: OpenMessage;
  readonly #toMain: (message: FromLink) => void;
  readonly #session: Session;
  readonly #services: ServiceSet;
  readonly #channels: Record<PortName, PortChannel>;
  readonly #quotas = new Quotas();
  #page: PagePorts | null = null;
  #isClosed = false;

  constructor(options: OpenMessage, toMain: (message: FromLink) => void) {
    this.#options = options;
    this.#toMain = toMain;
    const isOpen = (): boolean => this.#session.isOpen && !this.#isClosed;
    const page = (): PagePorts | null => this.#page;
    this.#services = new ServiceSet(SERVICES, {
      output: options.output,
      get page() {
        return page();
      },
      send: (name, value, payload) => {
        if (isOpen()) this.#send(name, value, payload);
      },
      emit: (service, event) => toMain({ type: "event", service, event }),
      queuedBytes: (port) => this.#channels[port].queuedBytes,
      whenDrained: (port, drained) => this.#channels[port].whenDrained(drained),
      violated: (violation) => this.#violated(violation),
    });
    this.#session = new Session(ROUTES, (message, payload) => this.#services.accept(message, payload));
    const epoch = randomBytes(EPOCH_BYTES);
    const open = (port: PortName, pace: RateLimit | null = null): PortChannel => {
      const listener = {
        opened: () => this.#portOpened(),
        message: (message: RawMessage) => this.#received(port, message),
        violated: (violation: Violation) => this.#violated(violation),
        lost: (cause: string) => this.#close("agent-lost", `${port}: ${cause}`),
      };
      return new PortChannel(options.channels[port], epoch, listener, pace);
    };
    const pace = new RateLimit(MAX_BULK_MESSAGES_PER_S, MAX_BULK_MESSAGES_BURST);
    this.#channels = { control: open("control"), frames: open("frames"), bulk: open("bulk", pace) };
  }

  /** A message of main, with the ports that came with it. */
  handle(message: LaterMessage, ports: readonly MessagePortLike[]): void {
    if (this.#isClosed) return;
    if (message.type === "order") this.#services.order(message.service, message.order, ports);
    else this.#attachPage(ports);
  }

  /** Nobody wants it any more. */
  close(): void {
    this.#close("agent-lost", "the host has let go of it");
  }

  #portOpened(): void {
    if (PORTS.every((name) => this.#channels[name].isOpen)) this.#toMain({ type: "opened" });
  }

  #received(port: PortName, message: RawMessage): void {
    const excess = this.#quotas.received(port, message);
    if (excess !== null) return this.#violated(excess);
    const result = this.#session.accept(port, message.header, message.payload);
    if (result.kind === "hello") return this.#greeted(result);
    const violation = result.kind === "violation" ? result.violation : this.#quotas.accepted(result);
    if (violation !== null) this.#violated(violation);
  }

  #greeted({ agent, minor }: Extract<SessionResult, { kind: "hello" }>): void {
    const { output, keymap } = this.#options;
    this.#send("welcome", { major: PROTOCOL_MAJOR, minor, output, keymap });
    this.#services.opened();
    this.#toMain({ type: "hello", agent });
    if (this.#page !== null) this.#pageIsAttached(this.#page);
  }

  #send<Name extends WireMessageName>(name: Name, value: WireMessageInit<Name>, payload?: Uint8Array): void {
    const route = ROUTES.toAgent.get(name);
    if (route === undefined) throw new Error(`no service declares that it sends ${name}`);
    const channel = this.#channels[route.port];
    if (channel.queuedBytes > MAX_QUEUED_BYTES)
      return this.#close("agent-lost", `${route.port}: the guest does not read`);
    channel.write(encodeMessage(encodeHeader(name, value), payload));
  }

  #attachPage(ports: readonly MessagePortLike[]): void {
    const [events, pixels] = ports;
    if (events === undefined || pixels === undefined) return;
    this.#page?.close();
    this.#page = new PagePorts(events, pixels, {
      command: (command) => {
        if (this.#session.isOpen) this.#services.command(command);
      },
      refused: (what) => log(`link: refused ${escapeForLog(what, 1000)}`),
    });
    if (this.#session.isOpen) this.#pageIsAttached(this.#page);
  }

  #pageIsAttached(page: PagePorts): void {
    page.event({ type: "attached" });
    this.#services.pageAttached(page);
  }

  #violated(violation: Violation): void {
    this.#close("protocol-violation", `${violation.code}: ${violation.detail}`);
  }

  #close(reason: ClosedReason, detail: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const port of PORTS) this.#channels[port].close();
    this.#page?.end({ type: "closed", reason, detail });
    this.#services.closed();
    this.#toMain({ type: "closed", reason, detail });
  }
}

/** All services of a link without its ports and processes: what they send, report and refuse is looked at directly. */
import {
  encodeHeader,
  type WireMessageInit,
  type WireMessageName,
  type WireMessageOf,
} from "#shared/protocol/header.ts";
import type { PortName } from "#shared/protocol/routes.ts";
import { PROTOCOL_MAJOR, Session } from "#shared/protocol/session.ts";
import type { Violation } from "#shared/protocol/violation.ts";
import type { LinkEvent, PixelEvent } from "#shared/ipc/link-port.ts";
import type { OutputInfo, ServiceContract } from "../contract.ts";
import type { MessagePortLike } from "../message-port.ts";
import { type PageCommand, PagePorts } from "../page-ports.ts";
import type { AnyLinkService, ServiceDefinition } from "../service.ts";
import { ServiceSet } from "../service-set.ts";
import { ROUTES, SERVICES } from "../services/index.ts";

/** What a page was told, in order; fences are answered at once. */
export interface SeenByPage {
  events: LinkEvent[];
  pixels: PixelEvent[];
}

interface Sent {
  name: WireMessageName;
  value: unknown;
  payload: Uint8Array | undefined;
}

const TEST_OUTPUT: OutputInfo = { width: 1920, height: 1080, scale120: 120, refreshMhz: 60_000 };
const NO_BYTES = new Uint8Array(0);

export class ServiceHost {
  readonly session: Session;
  /** Messages to the agent, in order. */
  readonly sent: Sent[] = [];
  /** Told to main, in order. */
  readonly events: { service: string; event: unknown }[] = [];
  readonly violations: Violation[] = [];
  /** Bytes that the agent has not read. */
  queuedBytes = 0;
  readonly #drained: (() => void)[] = [];
  readonly #services: ServiceSet;
  #page: PagePorts | null = null;
  #wake: () => void = () => undefined;

  /** @param listener hears each event too */
  constructor(listener: (service: string, event: unknown) => void = () => undefined, output: OutputInfo = TEST_OUTPUT) {
    const page = (): PagePorts | null => this.#page;
    this.#services = new ServiceSet(SERVICES, {
      output,
      get page() {
        return page();
      },
      send: (name, value, payload) => {
        this.sent.push({ name, value, payload });
        this.#wake();
      },
      emit: (service, event) => {
        this.events.push({ service, event });
        listener(service, event);
        this.#wake();
      },
      queuedBytes: () => this.queuedBytes,
      whenDrained: (_port, drained) => void this.#drained.push(drained),
      violated: (violation) => void this.violations.push(violation),
    });
    this.session = new Session(ROUTES, (message, payload) => this.#services.accept(message, payload));
    this.say("hello", { major: PROTOCOL_MAJOR });
  }

  /** The agent says it. Returns the kind of the session's result, or the code of the violation. */
  say<Name extends WireMessageName>(
    name: Name,
    value: WireMessageInit<Name>,
    payload: Uint8Array = NO_BYTES,
    port: PortName = ROUTES.toHost.get(name)?.port ?? "control",
  ): string {
    const result = this.session.accept(port, encodeHeader(name, value), payload);
    return result.kind === "violation" ? result.violation.code : result.kind;
  }

  order<Order>({ name }: ServiceContract<Order, unknown>, order: Order, ports: readonly MessagePortLike[] = []): void {
    this.#services.order(name, order, ports);
  }

  command(command: PageCommand): void {
    this.#services.command(command);
  }

  /** A page comes, in place of the one before. */
  attachPage(): SeenByPage {
    this.#page?.close();
    const seen: SeenByPage = { events: [], pixels: [] };
    let answer: (event: { data: unknown }) => void = () => undefined;
    const events: MessagePortLike = {
      postMessage: (message) => {
        const event = message as LinkEvent;
        if (event.type === "fence") answer({ data: { type: "fenceReached" } });
        else seen.events.push(event);
      },
      on: (name: "message" | "close", listener: (event: { data: unknown }) => void) => {
        if (name === "message") answer = listener;
      },
      start: () => undefined,
      close: () => undefined,
    };
    const pixels: MessagePortLike = {
      postMessage: (message) => void seen.pixels.push(message as PixelEvent),
      on: () => undefined,
      start: () => undefined,
      close: () => undefined,
    };
    const listener = { command: (command: PageCommand) => this.command(command), refused: () => undefined };
    this.#page = new PagePorts(events, pixels, listener);
    this.#services.pageAttached(this.#page);
    return seen;
  }

  use<Service extends AnyLinkService>(definition: ServiceDefinition<Service>): Service {
    return this.#services.use(definition);
  }

  /** The agent has read all that was sent. */
  drain(): void {
    this.queuedBytes = 0;
    for (const drained of this.#drained.splice(0)) drained();
  }

  /** The messages of that name that were sent to the agent. */
  sentOf<Name extends WireMessageName>(name: Name): Partial<WireMessageOf<Name>>[] {
    return this.sent.flatMap((one) => (one.name === name ? [one.value as Partial<WireMessageOf<Name>>] : []));
  }

  /** What that service reported to main. */
  eventsOf<Event>({ name }: ServiceContract<unknown, Event>): Event[] {
    return this.events.flatMap(({ service, event }) => (service === name ? [event as Event] : []));
  }

  /** Resolves when `look` is true, which it is asked again after everything that is sent or reported. */
  async until(look: () => boolean): Promise<void> {
    while (!look()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** As after a hello: timers run from now on. */
  opened(): void {
    this.#services.opened();
  }

  close(): void {
    this.#services.closed();
  }
}

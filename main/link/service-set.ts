/** The services of one link: made once, and found by the messages, commands and orders that they have declared. */
import type { WireMessage, WireMessageName } from "#shared/protocol/header.ts";
import type { MessagePortLike } from "./message-port.ts";
import type { PageCommand, PagePorts } from "./page-ports.ts";
import type { AnyLinkService, LinkContext, ServiceDefinition } from "./service.ts";

/** What the link gives to all of its services. */
export interface LinkCore extends Omit<LinkContext, "emit" | "use"> {
  emit(service: string, event: unknown): void;
}

type MessageHandler = (message: WireMessage["value"], payload: Uint8Array) => void;
type CommandHandler = (command: PageCommand) => void;

export class ServiceSet {
  readonly #core: LinkCore;
  readonly #services = new Map<ServiceDefinition, AnyLinkService>();
  readonly #byName = new Map<string, AnyLinkService>();
  readonly #messages = new Map<WireMessageName, MessageHandler>();
  readonly #commands = new Map<PageCommand["type"], CommandHandler>();

  constructor(definitions: readonly ServiceDefinition[], core: LinkCore) {
    this.#core = core;
    for (const definition of definitions) this.use(definition);
  }

  /** The service of that definition; made now if it was not yet, for services may need each other. */
  use<Service extends AnyLinkService>(definition: ServiceDefinition<Service>): Service {
    const known = this.#services.get(definition);
    // It was made by this same definition.
    if (known !== undefined) return known as Service;
    const service = definition.create(this.#contextOf(definition.name));
    this.#services.set(definition, service);
    this.#byName.set(definition.name, service);
    for (const [name, handler] of Object.entries(service.messages))
      this.#messages.set(name as WireMessageName, handler as MessageHandler);
    for (const [type, handler] of Object.entries(service.commands ?? {}))
      this.#commands.set(type as PageCommand["type"], handler as CommandHandler);
    return service;
  }

  /** Throws ViolationError. */
  accept(message: WireMessage, payload: Uint8Array): void {
    this.#messages.get(message.case)?.(message.value, payload);
  }

  command(command: PageCommand): void {
    this.#commands.get(command.type)?.(command);
  }

  order(name: string, order: unknown, ports: readonly MessagePortLike[]): void {
    // Main has it from the contract that the service was made by.
    this.#byName.get(name)?.order?.(order as never, ports);
  }

  opened(): void {
    for (const service of this.#services.values()) service.opened?.();
  }

  pageAttached(page: PagePorts): void {
    for (const service of this.#services.values()) service.pageAttached?.(page);
  }

  closed(): void {
    for (const service of this.#services.values()) service.closed?.();
  }

  #contextOf(name: string): LinkContext {
    const core = this.#core;
    return {
      output: core.output,
      get page() {
        return core.page;
      },
      send: (message, value, payload) => core.send(message, value, payload),
      emit: (event) => core.emit(name, event),
      queuedBytes: (port) => core.queuedBytes(port),
      whenDrained: (port, drained) => core.whenDrained(port, drained),
      violated: (violation) => core.violated(violation),
      use: (definition) => this.use(definition),
    };
  }
}

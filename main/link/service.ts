/**
 * A service of the link: one domain of what a guest and its host say to each other. It declares the messages of the wire
 * that are its own, takes orders of its client in main and commands of the page, and keeps its own state and limits.
 * Link knows services by the list in services/index.ts, and no message of theirs.
 */
import type { WireMessageInit, WireMessageName, WireMessageOf } from "#shared/protocol/header.ts";
import type { Declaration, PortName, Routes } from "#shared/protocol/routes.ts";
import type { Violation } from "#shared/protocol/violation.ts";
import type { OutputInfo, ServiceContract } from "./contract.ts";
import type { MessagePortLike } from "./message-port.ts";
import type { PageCommand, PagePorts } from "./page-ports.ts";

export type PageHandlers = {
  readonly [Type in PageCommand["type"]]?: (command: Extract<PageCommand, { type: Type }>) => void;
};

/** What a service has of its link. */
export interface LinkContext<Sends extends WireMessageName = WireMessageName, Event = unknown> {
  /** The host's screen when the link began. */
  readonly output: OutputInfo;
  /** The desktop's page, if one has come. */
  readonly page: PagePorts | null;
  /** Sends a message to the agent; nothing is sent while the session is not open. */
  send<Name extends Sends>(name: Name, value: WireMessageInit<Name>, payload?: Uint8Array): void;
  /** Tells the service's client in main. */
  emit(event: Event): void;
  /** Bytes that wait in this process for the guest to read. */
  queuedBytes(port: PortName): number;
  /** Calls `drained` once, when the guest has read all of them; never where it does not. */
  whenDrained(port: PortName, drained: () => void): void;
  /** Closes the channels, for what was found out behind the wire. A message that is being accepted throws ViolationError instead. */
  violated(violation: Violation): void;
  /** Another service of the same link. */
  use<Service extends AnyLinkService>(definition: ServiceDefinition<Service>): Service;
}

/** A service, whatever its messages and orders are. */
export interface AnyLinkService {
  readonly messages: object;
  /** What the page says; comes only while the session is open. */
  readonly commands?: PageHandlers;
  /** An order of the service's client in main. */
  order?(order: never, ports: readonly MessagePortLike[]): void;
  /** The agent has said hello. */
  opened?(): void;
  /** A page has come while the session is open, or was there when it opened; its `attached` event has gone before. */
  pageAttached?(page: PagePorts): void;
  /** The channels are closed: nothing can be sent any more. */
  closed?(): void;
}

export interface LinkService<Accepts extends WireMessageName, Order = never> extends AnyLinkService {
  /** One for each message that the service accepts. May throw ViolationError; `payload` is the handler's own. */
  readonly messages: { readonly [Name in Accepts]: (message: WireMessageOf<Name>, payload: Uint8Array) => void };
  order?(order: Order, ports: readonly MessagePortLike[]): void;
}

/** As Link sees it. */
export interface ServiceDefinition<Service extends AnyLinkService = AnyLinkService> extends Declaration {
  readonly name: string;
  create(context: LinkContext): Service;
}

type NameOf<Of extends Routes> = keyof Of & WireMessageName;

/** @param create makes the service of one link, with a handler for each message that is accepted */
export function linkService<
  const Accepts extends Routes,
  const Sends extends Routes,
  Order,
  Event,
  Service extends LinkService<NameOf<Accepts>, Order>,
>(
  contract: ServiceContract<Order, Event>,
  declaration: { accepts: Accepts; sends: Sends },
  create: (context: LinkContext<NameOf<Sends>, Event>) => Service,
): ServiceDefinition<Service> {
  return { name: contract.name, ...declaration, create };
}

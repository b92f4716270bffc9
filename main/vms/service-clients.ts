/**
 * Main's side of a VM's link services: one client for each service, made when it is first asked for, which lives as long as
 * the VM. It holds its own open requests, and `closed` is called once when the link is gone, whatever the reason.
 */
import type { ServiceContract } from "../link/contract.ts";
import type { LinkProcess } from "../link/link-process.ts";

/** What a client has of its VM. */
export interface ClientContext<Order = unknown> {
  /** The VM's name, for messages to people. */
  readonly vmName: string;
  /** @throws AppError vm.not-running while no agent answers */
  send(order: Order): void;
  /** The same, and nothing where there is no link: for orders that are of no use without one. */
  sendIfLinked(order: Order): void;
  /** The link itself. @throws AppError vm.not-running */
  link(): LinkProcess;
  /** Another client of the same VM. */
  use<Client extends ServiceClient>(definition: ClientDefinition<Client>): Client;
}

export interface ServiceClient<Event = never> {
  /** Of the service in the link. */
  happened(event: Event): void;
  /** The agent has said hello: orders reach the link. */
  opened?(): void;
  /** The link is gone: nothing more comes of what was asked of it. */
  closed?(): void;
}

export interface ClientDefinition<Client extends ServiceClient = ServiceClient> {
  readonly service: string;
  create(context: ClientContext): Client;
}

export function serviceClient<Order, Event, Client extends ServiceClient<Event>>(
  contract: ServiceContract<Order, Event>,
  create: (context: ClientContext<Order>) => Client,
): ClientDefinition<Client> {
  return { service: contract.name, create };
}

/** What the VM gives to its clients. */
export interface ClientHost {
  readonly vmName: string;
  /** null: there is none. */
  readonly link: LinkProcess | null;
  /** @throws AppError vm.not-running */
  requireLink(): LinkProcess;
}

export class ServiceClients {
  readonly #host: ClientHost;
  readonly #clients = new Map<ClientDefinition, ServiceClient>();
  readonly #byService = new Map<string, ServiceClient>();
  /** The clients know that orders reach the link. */
  #isOpen = false;

  constructor(host: ClientHost) {
    this.#host = host;
  }

  get<Client extends ServiceClient>(definition: ClientDefinition<Client>): Client {
    const known = this.#clients.get(definition);
    // It was made by this same definition.
    if (known !== undefined) return known as Client;
    const client = definition.create(this.#contextOf(definition.service));
    this.#clients.set(definition, client);
    this.#byService.set(definition.service, client);
    // It comes late: an adopted VM may say hello before anybody asks for a service of it.
    if (this.#isOpen) client.opened?.();
    return client;
  }

  /** An event of a service; of one that nobody has asked for it is dropped. */
  happened(service: string, event: unknown): void {
    // The link has it from the contract that the client was made by.
    this.#byService.get(service)?.happened(event as never);
  }

  opened(): void {
    for (const client of this.#clients.values()) client.opened?.();
    this.#isOpen = true;
  }

  closed(): void {
    this.#isOpen = false;
    for (const client of this.#clients.values()) client.closed?.();
  }

  #contextOf(service: string): ClientContext {
    const host = this.#host;
    return {
      get vmName() {
        return host.vmName;
      },
      send: (order) => host.requireLink().send({ type: "order", service, order }),
      sendIfLinked: (order) => host.link?.send({ type: "order", service, order }),
      link: () => host.requireLink(),
      use: (definition) => this.get(definition),
    };
  }
}

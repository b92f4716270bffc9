/** What main and a link process say to each other (structured clone over the utility process's port). */
import type { VmId } from "#shared/model/vm.ts";
import type { ChannelEndpoint, ChannelName } from "../hardware/driver.ts";

/** XKB names; "" = XKB's default. */
export interface Keymap {
  rules: string;
  model: string;
  layout: string;
  variant: string;
  options: string;
}

export interface OutputInfo {
  /** Physical pixels. */
  width: number;
  height: number;
  scale120: number;
  refreshMhz: number;
}

/**
 * What a service of the link and its client in main say to each other: one exported constant for each service, in
 * contracts/. Both sides find the other by it.
 */
export interface ServiceContract<Order, Event> {
  readonly name: string;
  /** Never there: it carries the types. */
  readonly types?: { order: Order; event: Event };
}

export function serviceContract<Order, Event>(name: string): ServiceContract<Order, Event> {
  return { name };
}

/** Longest that a guest may take to answer a request, ms. Main keeps the time, and tells the link with a GiveUp. */
export const ANSWER_TIMEOUT_MS = 30_000;

/** An order: nobody waits any more for the answer to this request. */
export interface GiveUp {
  request: number;
  isGivenUp: true;
}

/** The first message. Channels are connected to at once; the agent may come much later. */
export interface OpenMessage {
  type: "open";
  vm: VmId;
  /** As the driver has opened them. */
  channels: Readonly<Record<ChannelName, ChannelEndpoint>>;
  output: OutputInfo;
  keymap: Keymap;
}

/** The first message to a link of the host's own files: a program that takes an agent's place (host-link.ts). */
export interface OpenHostMessage {
  type: "openHost";
  program: string;
  args: readonly string[];
}

export type ToLink =
  | OpenMessage
  | OpenHostMessage
  /** With two ports: [0] LinkEvent/LinkCommand of the page, [1] PixelEvent/PixelCommand of its worker. Replaces an earlier page. */
  | { type: "attachPage" }
  /** For the service of that name. Some orders come with a MessagePort. */
  | { type: "order"; service: string; order: unknown };

/** What follows the first message. */
export type LaterMessage = Exclude<ToLink, OpenMessage | OpenHostMessage>;

export type ClosedReason = "protocol-violation" | "agent-lost";

export type FromLink =
  /** All three ports have answered: an agent is there. */
  | { type: "opened" }
  /** The agent speaks our version. */
  | { type: "hello"; agent: string }
  /** Of the service of that name. */
  | { type: "event"; service: string; event: unknown }
  /** The last message: the channels are closed. */
  | { type: "closed"; reason: ClosedReason; detail: string };

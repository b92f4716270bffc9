/**
 * Which message travels on which port, in which direction. Each service of the link declares its own messages
 * (main/link/services/); those of the session itself are here.
 */
import type { WireMessageName } from "./header.ts";

export const PORTS = ["control", "frames", "bulk"] as const;
export type PortName = (typeof PORTS)[number];

export interface Route {
  port: PortName;
  /** Whether raw bytes may follow the header. */
  payload: boolean;
}

export type Routes = Readonly<Partial<Record<WireMessageName, Route>>>;

/** What one part of the host takes from agents, and what it sends them. A message may be in both. */
export interface Declaration {
  readonly accepts: Routes;
  readonly sends: Routes;
}

export const CONTROL: Route = { port: "control", payload: false };
export const FRAMES: Route = { port: "frames", payload: false };
export const BULK: Route = { port: "bulk", payload: false };

export function withPayload(route: Route): Route {
  return { ...route, payload: true };
}

export const SESSION_MESSAGES = { accepts: { hello: CONTROL }, sends: { welcome: CONTROL } } satisfies Declaration;

export interface RouteTable {
  toHost: ReadonlyMap<WireMessageName, Route>;
  toAgent: ReadonlyMap<WireMessageName, Route>;
}

/** All declarations in one table. Throws where two of them name the same message: that is our own mistake. */
export function routeTable(declarations: readonly Declaration[]): RouteTable {
  const merged = (all: readonly Routes[]): Map<WireMessageName, Route> => {
    const table = new Map<WireMessageName, Route>();
    for (const [name, route] of all.flatMap((routes) => Object.entries(routes) as [WireMessageName, Route][])) {
      if (table.has(name)) throw new Error(`the message ${name} is declared twice`);
      table.set(name, route);
    }
    return table;
  };
  return {
    toHost: merged(declarations.map(({ accepts }) => accepts)),
    toAgent: merged(declarations.map(({ sends }) => sends)),
  };
}

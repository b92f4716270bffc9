/** MessagePorts of node:worker_threads with the surface of Electron's. */
import { MessageChannel, type MessagePort } from "node:worker_threads";
import type { MessagePortLike } from "../message-port.ts";

export function adaptPort(port: MessagePort): MessagePortLike {
  return {
    postMessage: (message) => port.postMessage(message),
    on: (name: "message" | "close", listener: (event: { data: unknown }) => void) =>
      port.on(name, (data: unknown) => listener({ data })),
    start: () => port.start(),
    close: () => port.close(),
  };
}

/** Two ends of a channel. */
export function portPair(): [MessagePortLike, MessagePortLike] {
  const { port1, port2 } = new MessageChannel();
  return [adaptPort(port1), adaptPort(port2)];
}

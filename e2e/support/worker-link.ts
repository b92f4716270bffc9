/** Links in workers, for tests that run main's modules without Electron: real links, whose messages with main can be counted. */
import path from "node:path";
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import type { FromLink, ToLink } from "../../main/link/contract.ts";
import type { LinkProcess } from "../../main/link/link-process.ts";
import type { MessagePortLike } from "../../main/link/message-port.ts";

const checkout = path.resolve(import.meta.dirname, "../..");

/** A link, and how many bytes of data main and it have said to each other. */
export class WorkerLink implements LinkProcess {
  readonly #worker = new Worker(path.join(checkout, "e2e/support/link-worker.mjs"), {
    workerData: path.join(checkout, "out/main/link.js"),
  });
  dataBytes = 0;

  send(message: ToLink, ports: readonly MessagePortLike[] = []): void {
    this.dataBytes += dataBytesOf(message);
    // The only ports that there are here are those of connect().
    const transferred = ports as unknown as MessagePort[];
    this.#worker.postMessage({ message, ports: transferred }, transferred);
  }

  connect(message: ToLink, other: LinkProcess, othersMessage: ToLink): void {
    const { port1, port2 } = new MessageChannel();
    this.send(message, [port1]);
    other.send(othersMessage, [port2]);
  }

  attachPage(): void {}

  onMessage(listener: (message: FromLink) => void): void {
    this.#worker.on("message", (message: FromLink) => {
      this.dataBytes += dataBytesOf(message);
      listener(message);
    });
  }

  onExit(): void {}

  kill(): void {
    void this.#worker.terminate();
  }
}

/** Bytes of all buffers in a message. */
function dataBytesOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.length;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((sum, part) => sum + dataBytesOf(part), 0);
}

// The link process of a test that has no Electron: the built link in a worker, which finds the port to its parent where
// Electron's utility process has it.
import { parentPort, workerData } from "node:worker_threads";

/** @param {import("node:worker_threads").MessagePort} port with the surface of Electron's */
function adapted(port) {
  return {
    postMessage: (/** @type {unknown} */ message) => port.postMessage(message),
    on: (/** @type {"message" | "close"} */ name, /** @type {(event?: { data: unknown }) => void} */ listener) =>
      name === "message" ? port.on(name, (data) => listener({ data })) : port.on(name, () => listener()),
    start: () => port.start(),
    close: () => port.close(),
  };
}

Object.assign(process, {
  parentPort: {
    postMessage: (/** @type {unknown} */ message) => parentPort?.postMessage(message),
    on: (/** @type {"message"} */ name, /** @type {(event: object) => void} */ listener) =>
      parentPort?.on(name, ({ message, ports }) => listener({ data: message, ports: ports.map(adapted) })),
  },
});
await import(workerData);

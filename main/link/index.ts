/** Entry of the link process (Electron utilityProcess): one for each VM. */
import type { ToLink } from "./contract.ts";
import { Link } from "./link.ts";
import type { MessagePortLike } from "./message-port.ts";

/** Electron's process.parentPort, as far as it is used; declared here because only main/electron may import Electron. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(name: "message", listener: (event: { data: ToLink; ports: MessagePortLike[] }) => void): void;
}

const { parentPort } = process as unknown as { parentPort: ParentPort };
let link: Link | null = null;

parentPort.on("message", ({ data, ports }) => {
  if (data.type === "open") link ??= new Link(data, (message) => parentPort.postMessage(message));
  else link?.handle(data, ports);
});

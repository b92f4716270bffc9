/** Entry of the link process (Electron utilityProcess): one for each VM, and one for each transfer of the host's own files. */
import type { ToLink } from "./contract.ts";
import { HostLink } from "./host-link.ts";
import { Link } from "./link.ts";
import type { MessagePortLike } from "./message-port.ts";

/** Electron's process.parentPort, as far as it is used; declared here because only main/electron may import Electron. */
interface ParentPort {
  postMessage(message: unknown): void;
  on(name: "message", listener: (event: { data: ToLink; ports: MessagePortLike[] }) => void): void;
}

const { parentPort } = process as unknown as { parentPort: ParentPort };
let link: Link | HostLink | null = null;

parentPort.on("message", ({ data, ports }) => {
  const toMain = (message: unknown): void => parentPort.postMessage(message);
  if (data.type === "open") link ??= new Link(data, toMain);
  else if (data.type === "openHost") link ??= new HostLink(data, toMain);
  else link?.handle(data, ports);
});

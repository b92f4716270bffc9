/** A link in this process: for a command that runs one VM and has no page. */
import type { FromLink } from "./contract.ts";
import type { LinkProcess } from "./link-process.ts";
import { Link } from "./link.ts";

export function localLink(): LinkProcess {
  let link: Link | null = null;
  let listener: (message: FromLink) => void = () => undefined;
  let isKilled = false;
  const toMain = (message: FromLink): void => {
    // As from another process: later, and with nothing shared.
    setImmediate(() => {
      if (!isKilled) listener(structuredClone(message));
    });
  };
  return {
    send(message, ports = []) {
      if (message.type === "open") link ??= new Link(message, toMain);
      else if (message.type !== "openHost") link?.handle(message, ports);
    },
    connect() {
      throw new Error("nothing is joined here");
    },
    attachPage: () => undefined,
    onMessage: (heard) => void (listener = heard),
    onExit: () => undefined,
    kill() {
      isKilled = true;
      link?.close();
    },
  };
}

/** Link processes as Electron utility processes, and the ports between each of them and the page. */
import { MessageChannelMain, type MessagePortMain, utilityProcess, type WebContents } from "electron";
import path from "node:path";
import { LINK_PORTS } from "#shared/ipc/channels.ts";
import type { LinkPortsMessage } from "#shared/ipc/index.ts";
import { vmIdBeginning } from "#shared/model/vm.ts";
import { log } from "../base/log.ts";
import type { FromLink, ToLink } from "../link/contract.ts";
import type { LinkProcess, SpawnLink } from "../link/link-process.ts";
import { requireOwnProgram } from "./own-program.ts";

/**
 * Memory of a link's JavaScript objects, MiB: a guest that finds a way to fill it ends its own link. Buffers are not counted;
 * what a link may hold of them is bounded by quotas. Electron passes no other flag of V8's to a utility process.
 */
const EXEC_ARGV = ["--js-flags=--max-old-space-size=256"];

/** `page`: the desktop's page once it is ready for ports, else null. */
export function linkSpawner(page: () => WebContents | null): SpawnLink {
  return (vm) =>
    spawnLink(vmIdBeginning(vm), (send) => {
      const contents = page();
      if (contents === null) return;
      const events = new MessageChannelMain();
      const pixels = new MessageChannelMain();
      const message: LinkPortsMessage = { type: LINK_PORTS, vm };
      send({ type: "attachPage" }, [events.port1, pixels.port1]);
      contents.postMessage(LINK_PORTS, message, [events.port2, pixels.port2]);
    });
}

/** Of the host's own files: the page has nothing to do with them. */
export function hostLinkSpawner(): () => LinkProcess {
  return () => spawnLink("host", () => undefined);
}

/** @throws AppError desktop.replaced */
function spawnLink(
  name: string,
  attachPage: (send: (message: ToLink, ports: MessagePortMain[]) => void) => void,
): LinkProcess {
  requireOwnProgram();
  const child = utilityProcess.fork(path.join(import.meta.dirname, "link.js"), [], {
    serviceName: `atoll-link-${name}`,
    stdio: "inherit",
    execArgv: EXEC_ARGV,
  });
  // V8 has given up in it, and it ends next. Where nobody listens this is thrown, and Electron keeps all of main waiting with a dialog.
  child.on("error", (type, location) => log(`the link of ${name} ends: ${type}, ${location}`));
  let isKilled = false;
  return {
    // The only ports that there are here are Electron's.
    send: (message: ToLink, ports = []) => child.postMessage(message, [...ports] as MessagePortMain[]),
    connect(message, other, othersMessage) {
      const { port1, port2 } = new MessageChannelMain();
      child.postMessage(message, [port1]);
      other.send(othersMessage, [port2]);
    },
    attachPage: () => attachPage((message, ports) => child.postMessage(message, ports)),
    onMessage: (listener) => void child.on("message", (message: FromLink) => listener(message)),
    onExit: (listener) =>
      void child.on("exit", (code) => {
        if (!isKilled) listener(code);
      }),
    kill() {
      isKilled = true;
      child.kill();
    },
  };
}

/** The host's own files as one end of a transfer: a link process with a program that sees no more of the host than it needs. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { LinkProcess } from "../link/link-process.ts";
import { type ClientDefinition, type ServiceClient, ServiceClients } from "../vms/service-clients.ts";
import type { FilesDestination, FilesSource } from "./transfer.ts";

/** Both kinds of party have clients of their link's services. */
export interface FilesEnd {
  service<Client extends ServiceClient>(definition: ClientDefinition<Client>): Client;
}

/** What the program may see, absolute. */
interface Reach {
  reads: readonly string[];
  writes: readonly string[];
}

export interface HostFilesOptions {
  spawn: () => LinkProcess;
  /** `atoll-files`. */
  program: string;
}

/** Lives as long as one transfer. */
export class HostFiles implements FilesEnd {
  readonly #clients: ServiceClients;
  #link: LinkProcess | null;

  constructor({ spawn, program }: HostFilesOptions, { reads, writes }: Reach) {
    const link = spawn();
    this.#link = link;
    const current = (): LinkProcess | null => this.#link;
    this.#clients = new ServiceClients({
      vmName: "@host",
      get link() {
        return current();
      },
      requireLink: () => link,
    });
    link.onMessage((message) => {
      if (message.type === "event") this.#clients.happened(message.service, message.event);
      else if (message.type === "closed") this.#lost();
    });
    link.onExit(() => this.#lost());
    const args = [
      "--incoming",
      incomingFolder(),
      ...reads.flatMap((folder) => ["--read", folder]),
      ...writes.flatMap((folder) => ["--write", folder]),
    ];
    link.send({ type: "openHost", program, args });
  }

  service<Client extends ServiceClient>(definition: ClientDefinition<Client>): Client {
    return this.#clients.get(definition);
  }

  /** The transfer is over. */
  end(): void {
    this.#link?.kill();
    this.#link = null;
  }

  #lost(): void {
    if (this.#link === null) return;
    // Its process has nothing more to do.
    this.end();
    this.#clients.closed();
  }
}

/** Where the host's folders of what comes in are. */
export function incomingFolder(): string {
  return path.join(os.homedir(), "Incoming");
}

export function reachOfSource({ paths }: Extract<FilesSource, { paths: unknown }>): Reach {
  return { reads: [...new Set(paths.map((file) => path.dirname(text(file))))], writes: [] };
}

export function reachOfTarget(destination: FilesDestination): Reach {
  switch (destination.kind) {
    case "incoming":
      fs.mkdirSync(incomingFolder(), { recursive: true });
      return { reads: [], writes: [incomingFolder()] };
    case "path":
    case "replaced":
      return { reads: [], writes: [existing(text(destination.path))] };
    case "opened":
      return { reads: [], writes: [existing(path.join(os.homedir(), "Opened"))] };
  }
}

/** The folder itself, or the nearest one above it that is there. */
function existing(file: string): string {
  let folder = path.resolve(file);
  while (!fs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() && folder !== path.dirname(folder))
    folder = path.dirname(folder);
  return folder;
}

/** The person's own names, or Node's of the host's. */
function text(file: Uint8Array): string {
  return path.resolve(os.homedir(), Buffer.from(file).toString());
}

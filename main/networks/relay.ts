/** A relay (agents/relay) that runs: it joins two ends of a link, and ends with the application. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { boundToUs } from "../base/bound-child.ts";
import { Emitter } from "../base/emitter.ts";
import { log } from "../base/log.ts";

export interface RelayEvents {
  /** Frames pass from now on. */
  joined: [];
  /** An end has gone; the relay tries again by itself. */
  parted: [reason: string];
  /** Its process is gone, though nobody has ended it. The last event. */
  ended: [reason: string];
}

export interface Relay {
  on<Name extends keyof RelayEvents>(name: Name, listener: (...args: RelayEvents[Name]) => void): () => void;
  /** Nothing passes from now on, and no event follows. */
  end(): void;
}

/** What a relay joins: paths of sockets on which VMs listen. */
export type RelayWork =
  | { readonly kind: "join"; readonly sockets: readonly [string, string] }
  | {
      readonly kind: "uplink";
      readonly socket: string;
      /** Addresses of the VM and of its gateway, which no other may take the place of. */
      readonly ends: UplinkEnds;
      /** What speaks for it on the internet; it is given `-F` and the number of a socket that it has inherited. */
      readonly command: readonly string[];
    };

export interface UplinkEnds {
  readonly guest: { readonly ipv4: string; readonly ipv6: string };
  readonly gateway: { readonly ipv4: string; readonly ipv6: string };
}

export type StartRelay = (work: RelayWork) => Relay;

/** @param program path of `atoll-relay` */
export function relayStarter(program: () => string): StartRelay {
  return (work) => new RelayProcess(program(), relayArguments(work));
}

/** @see agents/relay/src/main.rs */
export function relayArguments(work: RelayWork): string[] {
  if (work.kind === "join") return ["join", ...work.sockets];
  const { guest, gateway } = work.ends;
  const ends = [guest.ipv4, gateway.ipv4, guest.ipv6, gateway.ipv6].join(",");
  return ["uplink", work.socket, ends, "--", ...work.command];
}

class RelayProcess extends Emitter<RelayEvents> implements Relay {
  readonly #kill: () => void;
  #isOver = false;

  constructor(program: string, words: readonly string[]) {
    super();
    const [command, args] = boundToUs("KILL", program, words);
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#kill = () => void child.kill("SIGKILL");
    child.on("error", ({ message }) => this.#ended(message));
    child.on("exit", (code, signal) => this.#ended(signal ?? `exit code ${code}`));
    createInterface({ input: child.stdout }).on("line", (line) => this.#read(line));
    createInterface({ input: child.stderr }).on("line", (line) => {
      // Of passt, where there is no system logger.
      if (line !== "" && !line.includes("to syslog")) log(`relay: ${line}`);
    });
  }

  end(): void {
    this.#isOver = true;
    this.#kill();
  }

  #read(line: string): void {
    if (this.#isOver) return;
    const [word, ...rest] = line.split(" ");
    if (word === "joined") this.emit("joined");
    else if (word === "parted") this.emit("parted", rest.join(" "));
  }

  #ended(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.emit("ended", reason);
  }
}

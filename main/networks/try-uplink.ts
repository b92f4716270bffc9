/** Checks whether passt, by which VMs reach the internet, works on this machine: starts it, and asks it for its gateway. */
import { spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { gatewayEnd, guestEnd, LINK_INDICES, ownNic } from "./addresses.ts";
import { passtCommand } from "./uplink.ts";

const TIMEOUT_MS = 5_000;
/** Of the one that inherits it: after standard input, output and errors. */
const SOCKET_FD = 3;

/** Why it does not work; null: it does. */
export function tryUplink(): Promise<string | null> {
  const index = LINK_INDICES.max;
  const [program = "", ...args] = passtCommand({ guest: guestEnd(index), gateway: gatewayEnd(index) });
  return new Promise((resolve) => {
    const child = spawn(program, [...args, "-F", String(SOCKET_FD)], { stdio: ["ignore", "ignore", "pipe", "pipe"] });
    let output = "";
    const found = (reason: string | null): void => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      resolve(reason);
    };
    const timer = setTimeout(() => found("passt does not answer"), TIMEOUT_MS);
    child.on("error", ({ message }) => found(message));
    child.on("close", () => found(lastWords(output)));
    child.stderr?.on("data", (text: Buffer) => (output += text.toString()));
    // The fourth is a socket, though a process's streams are typed as what they mostly are.
    const socket = child.stdio[SOCKET_FD] as Duplex;
    socket.on("error", () => undefined); // it has ended: `close` says why
    socket.once("data", () => found(null));
    socket.write(whereIsGateway(index));
  });
}

function lastWords(output: string): string {
  const lines = output.split("\n").filter((line) => line !== "" && !line.includes("to syslog"));
  return lines.at(-1) ?? "passt has ended without a word";
}

/** A question of ARP, behind its length. */
function whereIsGateway(index: number): Buffer {
  const bytes = (text: string, base: 10 | 16, separator: string): number[] =>
    text.split(separator).map((part) => parseInt(part, base));
  const own = bytes(ownNic(index).mac, 16, ":");
  const everybody = [255, 255, 255, 255, 255, 255];
  const head = [0x08, 0x06, 0, 1, 0x08, 0, 6, 4, 0, 1];
  const addresses = [guestEnd(index), gatewayEnd(index)].map(({ ipv4 }) => bytes(ipv4, 10, "."));
  const [guest = [], gateway = []] = addresses;
  const frame = Buffer.from([...everybody, ...own, ...head, ...own, ...guest, 0, 0, 0, 0, 0, 0, ...gateway]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(frame.length);
  return Buffer.concat([length, frame]);
}

/**
 * A machine's state goes out into a file and comes in again, by a socket of QEMU's in its runtime folder: QEMU can neither be
 * given an open file nor start a program.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "#shared/model/app-error.ts";
import { checkedSocket } from "../../base/paths.ts";
import { waitFor } from "../../base/waiting.ts";
import type { GuestNetwork } from "../driver.ts";
import { networkWord, RUNTIME_FILES } from "./argv.ts";
import { QemuNics } from "./nics.ts";
import { QmpClient } from "./qmp.ts";

/** What init says when the machine can be kept, and when a fork goes on: @see agents/init/src/fork.rs */
export const NONCE_BYTES = 16;
const ENTROPY_BYTES = 64;
/** How long a guest may take to come up, and to have nothing to do any more. */
const SETTLE_TIMEOUT_MS = 120_000;
/** The same where a program loads what is to be in the memory: init waits no longer for it. */
const PROGRAM_SETTLE_TIMEOUT_MS = 600_000;
/** How long QEMU may take to write or read a state, and a guest to go on. */
const STATE_TIMEOUT_MS = 20_000;
/** How long QEMU may take until it has its sockets. */
const SOCKET_TIMEOUT_MS = 15_000;

export interface StateFile {
  /** Absolute path. */
  file: string;
  /** Memory that others share is not in it: they have its file. */
  isWithoutMemory: boolean;
}

/** Of a machine that is to be kept. */
export interface KeptState extends StateFile {
  /** A program is in it, which loads what it needs before. */
  hasProgram: boolean;
}

/**
 * Waits until the guest says that it can be kept, and writes the machine's state. It is paused from then on.
 * @param lives whether QEMU runs
 * @returns what the guest says again when it goes on
 */
export async function keepState(
  folder: string,
  { file, isWithoutMemory, hasProgram }: KeptState,
  lives: () => boolean,
  signal?: AbortSignal,
): Promise<Buffer> {
  const port = await connected(path.join(folder, RUNTIME_FILES.fork), lives, signal);
  const qmp = await monitor(folder, lives, signal);
  try {
    const nonce = await readNonce(port, hasProgram ? PROGRAM_SETTLE_TIMEOUT_MS : SETTLE_TIMEOUT_MS, signal);
    await qmp.execute("stop");
    await qmp.execute("migrate-set-capabilities", capabilities(isWithoutMemory));
    const completed = migrated(qmp, signal);
    completed.catch(() => undefined); // what is received fails with it
    const received = receive(path.join(folder, RUNTIME_FILES.state), file);
    await received.listening;
    await qmp.execute("migrate", { uri: `unix:${RUNTIME_FILES.state}` });
    try {
      await completed;
    } finally {
      received.close();
    }
    await received.done;
    return nonce;
  } finally {
    port.destroy();
    qmp.close();
  }
}

/**
 * Gives a machine that waits for its state this one, and the guest what makes it another one than its siblings.
 * @param guest `nonce`: what the kept guest said; `network`: of the interface that is plugged into it, null: it gets none
 * @throws AppError hardware.machine-failed where it does not go on as that guest
 */
export async function restoreState(
  folder: string,
  { file, isWithoutMemory }: StateFile,
  guest: { hostname: string; nonce: Buffer; network: GuestNetwork | null },
  lives: () => boolean,
  signal?: AbortSignal,
): Promise<void> {
  const qmp = await monitor(folder, lives, signal);
  let port: net.Socket | null = null;
  try {
    await qmp.execute("migrate-set-capabilities", capabilities(isWithoutMemory));
    port = await connected(path.join(folder, RUNTIME_FILES.fork), lives, signal);
    const completed = migrated(qmp, signal);
    completed.catch(() => undefined); // it is awaited below, when the state is in
    await qmp.execute("migrate-incoming", { uri: `unix:${RUNTIME_FILES.state}` });
    const state = await connected(path.join(folder, RUNTIME_FILES.state), lives, signal);
    await sendState(file, state);
    await completed;
    if (guest.network !== null) await new QemuNics(folder, qmp).plug(guest.network.nic);
    const nonce = readNonce(port, STATE_TIMEOUT_MS, signal);
    nonce.catch(() => undefined); // it is awaited below
    port.write(renewal(guest));
    // It was paused when its state was written, and still is.
    await qmp.execute("cont");
    if (!(await nonce).equals(guest.nonce)) throw failed("it is not the guest whose memory was kept");
  } finally {
    port?.destroy();
    qmp.close();
  }
}

/** Sends a file's bytes to QEMU. Whether QEMU has taken them is not told by this, but by its migration events. */
export async function sendState(file: string, socket: net.Socket): Promise<void> {
  try {
    await pipeline(fs.createReadStream(file), socket);
  } catch (error) {
    // QEMU closes as soon as it has read all, which may be before this side has said that there is no more.
    if ((error as NodeJS.ErrnoException).code !== "ERR_STREAM_PREMATURE_CLOSE") throw error;
  }
}

/** @see agents/init/src/fork.rs */
export function renewal(
  { hostname, network }: { hostname: string; network: GuestNetwork | null },
  nowMs = Date.now(),
  entropy = randomBytes(ENTROPY_BYTES),
): Buffer {
  const time = Buffer.alloc(8);
  time.writeBigUInt64LE(BigInt(nowMs) * 1_000_000n);
  return Buffer.concat([entropy, time, counted(hostname), counted(network === null ? "" : networkWord(network))]);
}

/** After the count of its bytes, which is one byte. */
function counted(text: string): Buffer {
  return Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]);
}

function capabilities(isWithoutMemory: boolean) {
  return {
    capabilities: [
      { capability: "events", state: true },
      { capability: "x-ignore-shared", state: isWithoutMemory },
    ] satisfies { capability: "events" | "x-ignore-shared"; state: boolean }[],
  };
}

async function monitor(folder: string, lives: () => boolean, signal?: AbortSignal): Promise<QmpClient> {
  return tried(() => QmpClient.connect(checkedSocket(path.join(folder, RUNTIME_FILES.qmp))), lives, signal);
}

function connected(socket: string, lives: () => boolean, signal?: AbortSignal): Promise<net.Socket> {
  const connect = (): Promise<net.Socket> =>
    new Promise((resolve, reject) => {
      const attempt = net.connect(checkedSocket(socket), () => {
        attempt.off("error", reject);
        // What becomes of it is seen where it is read or written.
        attempt.on("error", () => attempt.destroy());
        resolve(attempt);
      });
      attempt.once("error", reject);
    });
  return tried(connect, lives, signal);
}

/** There is no event for a socket that QEMU has made. */
async function tried<Value>(
  attempt: () => Promise<Value>,
  lives: () => boolean,
  signal: AbortSignal | undefined,
): Promise<Value> {
  const deadline = performance.now() + SOCKET_TIMEOUT_MS;
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOENT" && code !== "ECONNREFUSED") throw error;
      if (!lives()) throw failed("QEMU has ended");
      if (performance.now() > deadline) throw failed("QEMU has made no sockets");
    }
    await delay(2);
  }
}

/** The first bytes that init says. A guest that says more is one that its programs have got hold of. */
function readNonce(port: net.Socket, timeoutMs: number, signal: AbortSignal | undefined): Promise<Buffer> {
  return waitFor<Buffer>({
    listen: ({ resolve, reject }) => {
      let untrusted = Buffer.alloc(0);
      const read = (bytes: Buffer): void => {
        untrusted = Buffer.concat([untrusted, bytes.subarray(0, NONCE_BYTES + 1)]);
        if (untrusted.length === NONCE_BYTES) resolve(untrusted);
        else if (untrusted.length > NONCE_BYTES) reject(failed("it sends more than init does"));
      };
      const ended = (): void => reject(failed("QEMU has ended, or refused the state"));
      port.on("data", read);
      port.on("close", ended);
      return () => {
        port.off("data", read);
        port.off("close", ended);
      };
    },
    timeoutMs,
    onTimeout: ({ reject }) => reject(failed(`the guest says nothing within ${timeoutMs / 1000} s`)),
    signal,
  });
}

/** Resolves when all of the state has gone out, or come in. */
function migrated(qmp: QmpClient, signal: AbortSignal | undefined): Promise<void> {
  return waitFor({
    listen: ({ resolve, reject }) => {
      const stops = [
        qmp.on("MIGRATION", ({ status }) => {
          if (status === "completed") resolve();
          else if (status === "failed" || status === "cancelled") reject(failed("QEMU cannot write or read the state"));
        }),
        qmp.on("closed", () => reject(failed("QEMU has ended"))),
      ];
      return () => {
        for (const stop of stops) stop();
      };
    },
    timeoutMs: STATE_TIMEOUT_MS,
    onTimeout: ({ reject }) => reject(failed("QEMU does not write or read the state in time")),
    signal,
  });
}

/** Writes what the one who connects to the socket sends. */
function receive(socket: string, file: string): { listening: Promise<void>; done: Promise<void>; close(): void } {
  const server = net.createServer();
  server.maxConnections = 1;
  const listening = new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(checkedSocket(socket), resolve);
  });
  const done = new Promise<void>((resolve, reject) => {
    server.on("connection", (sender) => {
      pipeline(sender, fs.createWriteStream(file, { mode: 0o600, flags: "wx", flush: true })).then(resolve, reject);
    });
  });
  done.catch(() => undefined); // awaited only where QEMU says that it has sent all
  return { listening, done, close: () => server.close() };
}

function failed(reason: string): AppError {
  return new AppError("hardware.machine-failed", `The memory snapshot cannot be used: ${reason}.`, { reason });
}

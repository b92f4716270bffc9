/** The control socket: JSON-RPC for the `atoll` command, 0600 in a folder that is ours alone, for who shows the token of this start. */
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import {
  createMessageConnection,
  ErrorCodes,
  ResponseError,
  SocketMessageReader,
  SocketMessageWriter,
} from "vscode-jsonrpc/node";
import { AppError } from "#shared/model/app-error.ts";
import { type FileLock, tryLock } from "../base/file-lock.ts";
import { checkPrivateFolder, makePrivateFolder, type Paths } from "../base/paths.ts";
import type { CliCaller } from "../ipc/caller.ts";
import type { Dispatcher } from "../ipc/dispatcher.ts";
import { clientConnection } from "./client-connection.ts";
import { afterToken, makeToken, removeToken } from "./token.ts";

/** How long a client that has asked for the end may stay. */
const CLOSE_TIMEOUT_MS = 1_000;
/** In the run folder. It stays; who has it locked is the application, and a crash unlocks it. */
const LOCK_FILE = "control.lock";

type Known = (method: string, untrustedInput: unknown) => Promise<void>;

export class ControlServer {
  readonly #server: net.Server;
  readonly #paths: Paths;
  readonly #lock: FileLock;

  private constructor(server: net.Server, paths: Paths, lock: FileLock) {
    this.#server = server;
    this.#paths = paths;
    this.#lock = lock;
  }

  /**
   * @param known resolves when what a request is about is known. What is asked before waits: it would hear of no VM, and one that
   *   was made before would be taken for a sign that this is no first start
   * @throws AppError desktop.already-running
   */
  static async listen(
    paths: Paths,
    dispatcher: Dispatcher,
    known: Known = () => Promise.resolve(),
  ): Promise<ControlServer> {
    makePrivateFolder(paths.run);
    // Whoever has it is alone from here on: of two that look at the socket, both would find nobody, and both would listen.
    const lock = await tryLock(path.join(paths.run, LOCK_FILE));
    if (lock === null) throw alreadyRunning(paths);
    try {
      // Something else may listen there.
      if (await isAnswered(paths.controlSocket)) throw alreadyRunning(paths);
      return new ControlServer(await serveAt(paths, dispatcher, known), paths, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Another application may take its place from then on. */
  async close(): Promise<void> {
    this.#server.close();
    fs.rmSync(this.#paths.controlSocket, { force: true });
    removeToken(this.#paths);
    await this.#lock.release();
  }
}

function alreadyRunning({ run, controlSocket }: Paths): AppError {
  return new AppError(
    "desktop.already-running",
    `Atoll runs already for ${run}: its desktop was brought to the front.`,
    {
      socket: controlSocket,
    },
  );
}

async function serveAt(paths: Paths, dispatcher: Dispatcher, known: Known): Promise<net.Server> {
  const file = paths.controlSocket;
  fs.rmSync(file, { force: true });
  const token = makeToken(paths);
  const server = net.createServer((socket) => {
    socket.on("error", () => socket.destroy());
    afterToken(socket, token, () => serve(socket, dispatcher, known));
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(file, resolve);
  });
  fs.chmodSync(file, 0o600);
  return server;
}

/** Whether an application listens there. @throws AppError file.not-ours */
export async function isAnswered(socket: string): Promise<boolean> {
  checkPrivateFolder(path.dirname(socket));
  return new Promise((resolve) => {
    const attempt = net.connect(socket);
    attempt.once("connect", () => {
      attempt.destroy();
      resolve(true);
    });
    attempt.once("error", () => resolve(false));
  });
}

function serve(socket: net.Socket, dispatcher: Dispatcher, known: Known): void {
  const connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
  const caller: CliCaller = {
    from: "cli",
    connection: clientConnection(connection, (listener) => whenGone(socket, listener)),
    afterAnswer: (act) => whenHungUp(socket, act),
  };
  connection.onRequest(async (method: string, untrustedParams: unknown) => {
    const untrustedInput = inputOf(untrustedParams);
    await known(method, untrustedInput);
    const answer = await dispatcher.dispatch(caller, method, untrustedInput);
    return answer.ok ? answer.value : new ResponseError(ErrorCodes.InternalError, answer.error.message, answer.error);
  });
  connection.onNotification((method: string, untrustedParams: unknown) =>
    dispatcher.report(caller, method, inputOf(untrustedParams)),
  );
  connection.onError(() => socket.destroy());
  connection.listen();
}

function whenGone(socket: net.Socket, listener: () => void): void {
  if (socket.destroyed) listener();
  else socket.once("close", listener);
}

/** JSON-RPC has parameters by name, which is what the command sends, or in order. */
function inputOf(untrustedParams: unknown): unknown {
  return Array.isArray(untrustedParams) ? (untrustedParams as unknown[])[0] : untrustedParams;
}

/** When the client has its answer and goes, or does not go. */
function whenHungUp(socket: net.Socket, act: () => void): void {
  const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS);
  whenGone(socket, () => {
    clearTimeout(timer);
    act();
  });
}

/** The control socket: JSON-RPC for the `atoll` command, 0600 in a folder that is ours alone. */
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
import { type ControlMethod, controlSchemas } from "#shared/ipc/control.ts";
import { AppError, type ErrorValue, toErrorValue } from "#shared/model/app-error.ts";
import { type FileLock, tryLock } from "../base/file-lock.ts";
import { logDefect } from "../base/log.ts";
import { checkPrivateFolder, makePrivateFolder, type Paths } from "../base/paths.ts";
import { ExecChannel } from "./exec-channel.ts";
import { type Application, methods } from "./methods.ts";

/** How long a client that has asked for the end may stay. */
const CLOSE_TIMEOUT_MS = 1_000;
/** In the run folder. It stays; who has it locked is the application, and a crash unlocks it. */
const LOCK_FILE = "control.lock";

export class ControlServer {
  readonly #server: net.Server;
  readonly #socket: string;
  readonly #lock: FileLock;

  private constructor(server: net.Server, socket: string, lock: FileLock) {
    this.#server = server;
    this.#socket = socket;
    this.#lock = lock;
  }

  /** @throws AppError desktop.already-running */
  static async listen(paths: Paths, app: Application): Promise<ControlServer> {
    makePrivateFolder(paths.run);
    // Whoever has it is alone from here on: of two that look at the socket, both would find nobody, and both would listen.
    const lock = await tryLock(path.join(paths.run, LOCK_FILE));
    if (lock === null) throw alreadyRunning(paths);
    try {
      // Something else may listen there.
      if (await isAnswered(paths.controlSocket)) throw alreadyRunning(paths);
      return new ControlServer(await serveAt(paths.controlSocket, app), paths.controlSocket, lock);
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Another application may take its place from then on. */
  async close(): Promise<void> {
    this.#server.close();
    fs.rmSync(this.#socket, { force: true });
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

async function serveAt(file: string, app: Application): Promise<net.Server> {
  fs.rmSync(file, { force: true });
  const server = net.createServer((socket) => serve(socket, app));
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

function serve(socket: net.Socket, app: Application): void {
  const connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
  const exec = new ExecChannel(connection);
  const own: Application = { ...app, quit: () => whenClosed(socket, () => app.quit()) };
  socket.on("error", () => socket.destroy());
  socket.on("close", () => exec.close());
  connection.onRequest(async (method: string, untrustedParams: unknown) => {
    try {
      return await answer(own, exec, method, untrustedParams);
    } catch (error) {
      const value: ErrorValue = toErrorValue(error);
      if (value.code === "internal") logDefect(method, error);
      return new ResponseError(ErrorCodes.InternalError, value.message, value);
    }
  });
  connection.onError(() => socket.destroy());
  connection.listen();
}

/** When the client has its answer and goes, or does not go. */
function whenClosed(socket: net.Socket, act: () => void): void {
  if (socket.destroyed) return act();
  const timer = setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS);
  socket.once("close", () => {
    clearTimeout(timer);
    act();
  });
}

async function answer(app: Application, exec: ExecChannel, method: string, untrustedParams: unknown): Promise<unknown> {
  if (!Object.hasOwn(controlSchemas, method))
    throw new AppError("usage.unknown-method", `The application does not know "${method}".`, { method });
  const name = method as ControlMethod;
  const parsed = controlSchemas[name].safeParse(Array.isArray(untrustedParams) ? untrustedParams[0] : untrustedParams);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new AppError("usage.bad-argument", `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not valid"}`, {
      method,
    });
  }
  if (name === "exec.start") {
    const params = controlSchemas["exec.start"].parse(parsed.data);
    exec.start(app.atoll.vm(params.vm), params);
    return null;
  }
  if (name === "exec.write") {
    await exec.write(controlSchemas["exec.write"].parse(parsed.data));
    return null;
  }
  // The schema of `name` has just made the parameters of the method `name`; TypeScript cannot follow the pair.
  const act = methods[name] as (app: Application, params: unknown) => Promise<unknown>;
  return act(app, parsed.data);
}

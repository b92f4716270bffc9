/** The command's end of the control socket. */
import net from "node:net";
import {
  createMessageConnection,
  type MessageConnection,
  ResponseError,
  SocketMessageReader,
  SocketMessageWriter,
} from "vscode-jsonrpc/node";
import type { ControlMethod, ControlParams, ControlResults, ExecNotices } from "#shared/ipc/control.ts";
import { AppError, type ErrorValue, fromErrorValue } from "#shared/model/app-error.ts";
import { checkPrivateFolder, resolvePaths } from "../../base/paths.ts";

export class ControlClient {
  readonly #connection: MessageConnection;
  readonly #socket: net.Socket;
  /** Rejects when the application ends. */
  readonly #lost: Promise<never>;

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
    this.#connection.listen();
    this.#lost = new Promise((_, reject) => {
      socket.once("close", () => reject(new AppError("desktop.not-running", "Atoll ended before it answered.")));
    });
    this.#lost.catch(() => undefined); // where no call waits for it
  }

  /** @throws AppError desktop.not-running; file.not-ours where somebody else may have laid the socket */
  static async connect(): Promise<ControlClient> {
    const { run, controlSocket } = resolvePaths();
    checkPrivateFolder(run);
    const socket = net.connect(controlSocket);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", (cause) => {
        reject(
          new AppError(
            "desktop.not-running",
            `Atoll is not running: start it with "atoll desktop".`,
            { socket: controlSocket },
            { cause },
          ),
        );
      });
    });
    return new ControlClient(socket);
  }

  async call<Method extends ControlMethod>(
    method: Method,
    params: ControlParams<Method>,
  ): Promise<ControlResults[Method]> {
    try {
      return (await Promise.race([this.#connection.sendRequest(method, params), this.#lost])) as ControlResults[Method];
    } catch (error) {
      if (error instanceof ResponseError && error.data !== undefined) throw fromErrorValue(error.data as ErrorValue);
      throw error;
    }
  }

  on<Name extends keyof ExecNotices>(name: Name, listener: (params: ExecNotices[Name]) => void): void {
    this.#connection.onNotification(name, listener);
  }

  notify(name: string, params: object): void {
    // The connection may be closed, which is thrown at once: what the command ended with is known by then.
    const send = async (): Promise<void> => this.#connection.sendNotification(name, params);
    send().catch(() => undefined);
  }

  onClose(listener: () => void): void {
    this.#socket.once("close", listener);
  }

  /** Resolves when the application has gone. */
  async closed(): Promise<void> {
    await this.#lost.catch(() => undefined);
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** The command's end of the control socket. */
import net from "node:net";
import {
  createMessageConnection,
  type MessageConnection,
  ResponseError,
  SocketMessageReader,
  SocketMessageWriter,
} from "vscode-jsonrpc/node";
import type {
  EventName,
  EventPayload,
  ReportInput,
  ReportName,
  RequestInput,
  RequestName,
  RequestOutput,
} from "#shared/ipc/index.ts";
import { AppError, type ErrorValue, fromErrorValue } from "#shared/model/app-error.ts";
import { checkPrivateFolder, resolvePaths } from "../../base/paths.ts";
import { tokenLine } from "../token.ts";

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

  /** @throws AppError desktop.not-running, desktop.socket-taken; file.not-ours where somebody else may have laid the socket */
  static async connect(paths = resolvePaths()): Promise<ControlClient> {
    const { run, controlSocket } = paths;
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
    try {
      socket.write(tokenLine(paths));
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return new ControlClient(socket);
  }

  async call<Name extends RequestName<"cli">>(name: Name, input: RequestInput<Name>): Promise<RequestOutput<Name>> {
    try {
      return (await Promise.race([this.#connection.sendRequest(name, input), this.#lost])) as RequestOutput<Name>;
    } catch (error) {
      if (error instanceof ResponseError && error.data !== undefined) throw fromErrorValue(error.data as ErrorValue);
      throw error;
    }
  }

  on<Name extends EventName<"cli">>(name: Name, listener: (payload: EventPayload<Name>) => void): void {
    this.#connection.onNotification(name, listener);
  }

  notify<Name extends ReportName<"cli">>(name: Name, input: ReportInput<Name>): void {
    // The connection may be closed, which is thrown at once: what the command ended with is known by then.
    const send = async (): Promise<void> => this.#connection.sendNotification(name, input);
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

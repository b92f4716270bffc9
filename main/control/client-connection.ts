/** A connection of the control socket, as handlers see it. */
import type { MessageConnection } from "vscode-jsonrpc/node";
import type { EventName, EventPayload } from "#shared/ipc/index.ts";
import type { ClientConnection } from "../ipc/caller.ts";

/** @param closed calls back when the client has gone */
export function clientConnection(
  connection: Pick<MessageConnection, "sendNotification">,
  closed: (listener: () => void) => void,
): ClientConnection {
  return {
    notify<Name extends EventName<"cli">>(name: Name, payload: EventPayload<Name>): void {
      // To a client that is gone nothing can be sent, which is thrown at once, and here is no failure.
      const send = async (): Promise<void> => connection.sendNotification(name, payload);
      send().catch(() => undefined);
    },
    onClose: closed,
  };
}

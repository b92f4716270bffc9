/** The end of a command's client. What commands do is e2e's. */
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node";
import { EXECS, type ExecOrder } from "../link/contracts/execs.ts";
import { STREAMS } from "../link/contracts/streams.ts";
import {
  HELLO,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  type ScriptedLink,
  ScriptedMachine,
  serviceEvent,
  serviceOrder,
} from "../vms/testing/scripted-vm.ts";
import { Vm } from "../vms/vm.ts";
import { ExecChannel } from "./exec-channel.ts";

it("a command whose client has gone goes on to its end, and nothing else notices", async () => {
  const links: ScriptedLink[] = [];
  const driver = scriptedDriver(new ScriptedMachine());
  const vm = new Vm(scriptedDefinition("test", "rose"), { ...scriptedContext(links), driver });
  await vm.start();
  links[0]?.says(HELLO);
  const fromClient = new PassThrough();
  const connection = createMessageConnection(
    new StreamMessageReader(fromClient),
    new StreamMessageWriter(new PassThrough()),
  );
  const channel = new ExecChannel(connection);
  connection.listen();
  channel.start(vm, { vm: "test", argv: ["yes"], tty: null });
  const orders = links[0]?.heard.flatMap((message) =>
    message.type === "order" && message.service === EXECS.name ? [message.order as ExecOrder] : [],
  );
  const exec = orders?.[0]?.exec ?? expect.unreachable("it was not started");

  fromClient.destroy();
  await once(fromClient, "close");
  channel.close();
  expect(links[0]?.heard).toContainEqual(serviceOrder(EXECS, { type: "signal", exec, signal: 1 }));
  const says = (): void => {
    links[0]?.says(serviceEvent(EXECS, { type: "streams", exec, streams: { stdin: 1, stdout: 2, stderr: 3 } }));
    links[0]?.says(serviceEvent(STREAMS, { type: "data", stream: 2, bytes: Buffer.from("y") }));
    links[0]?.says(serviceEvent(EXECS, { type: "exited", exec, code: 0, signal: 1 }));
  };
  expect(says).not.toThrow();
});

/** The end of a command's client. What commands do is e2e's. */
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node";
import { HELLO, scriptedContext, scriptedDefinition, scriptedDriver, type ScriptedLink, ScriptedMachine } from "../vms/testing/scripted-vm.ts";
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
  const start = links[0]?.heard.find((message) => message.type === "execStart");
  const exec = start?.exec ?? expect.unreachable("it was not started");

  fromClient.destroy();
  await once(fromClient, "close");
  channel.close();
  expect(links[0]?.heard).toContainEqual({ type: "execSignal", exec, signal: 1 });
  const says = (): void => {
    links[0]?.says({ type: "exec", event: { type: "execData", exec, stream: "stdout", bytes: Buffer.from("y") } });
    links[0]?.says({ type: "exec", event: { type: "execExited", exec, code: 0, signal: 1 } });
  };
  expect(says).not.toThrow();
});

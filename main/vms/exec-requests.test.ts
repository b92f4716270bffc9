/** The end of a command's client. What commands do is e2e's. */
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { expect, it } from "vitest";
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from "vscode-jsonrpc/node";
import { execContract } from "#shared/ipc/exec.ts";
import { clientConnection } from "../control/client-connection.ts";
import type { CrossingOutcome, CrossingRequest } from "../crossings/crossing-request.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { called, cliCaller } from "../ipc/testing/checked.ts";
import { EXECS } from "../link/contracts/execs.ts";
import { STREAMS } from "../link/contracts/streams.ts";
import { execHandlers } from "./exec-requests.ts";
import {
  HELLO,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  type ScriptedLink,
  ScriptedMachine,
  ordersOf,
  serviceEvent,
  serviceOrder,
} from "./testing/scripted-vm.ts";
import { Vm } from "./vm.ts";

const allowed = { allowed: true, by: "rule", rule: null, explanation: "", seq: null } as const;
const allowing = { request: () => Promise.resolve(allowed), ended: () => Promise.resolve() };

it("a command that the policy denies is not started, with its words, nor is one that nobody answers", async () => {
  const links: ScriptedLink[] = [];
  const vm = new Vm(scriptedDefinition("test", "rose"), {
    ...scriptedContext(links),
    driver: scriptedDriver(new ScriptedMachine()),
  });
  await vm.start();
  links[0]?.says(HELLO);
  const asked: unknown[] = [];
  const crossings = {
    ended: () => Promise.resolve(),
    request: (request: CrossingRequest, { signal }: { signal?: AbortSignal } = {}): Promise<CrossingOutcome> => {
      asked.push(request.crossing);
      const denied = { allowed: false, rule: null, explanation: "Line 9 denies it.", seq: null } as const;
      if (asked.length === 1) return Promise.resolve({ ...denied, by: "rule" });
      return new Promise((resolve) => signal?.addEventListener("abort", () => resolve({ ...denied, by: "lapsed" })));
    },
  };
  const exec = execHandlers({ application: { vm: () => vm }, crossings });
  const dispatcher = Dispatcher.of({ exec: execContract }, { exec }, { checksOutputs: true });
  const start = (askS: number): Promise<unknown> =>
    called(dispatcher, cliCaller({ notify: () => undefined, onClose: () => undefined }), "exec.start", {
      ...{ vm: "test", argv: ["true"], tty: null, askS },
    });
  await expect(start(20)).rejects.toMatchObject({ code: "policy.denied", message: "Line 9 denies it." });
  await expect(start(0.001)).rejects.toMatchObject({ code: "policy.unanswered" });
  expect(asked[0]).toMatchObject({ action: "exec", from: { kind: "host" }, to: { kind: "vm", name: "test" } });
  expect(ordersOf(links[0], EXECS)).toEqual([]);
});

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
  connection.listen();
  const exec = execHandlers({ application: { vm: () => vm }, crossings: allowing });
  const dispatcher = Dispatcher.of({ exec: execContract }, { exec }, { checksOutputs: true });
  const client = cliCaller(clientConnection(connection, (listener) => void fromClient.once("close", listener)));
  const started = { vm: "test", argv: ["yes"], tty: null };
  await called(dispatcher, client, "exec.start", started);
  await expect(called(dispatcher, client, "exec.start", started)).rejects.toMatchObject({ code: "usage.bad-argument" });
  const id = ordersOf(links[0], EXECS)[0]?.exec ?? expect.unreachable("it was not started");

  fromClient.destroy();
  await once(fromClient, "close");
  expect(links[0]?.heard).toContainEqual(serviceOrder(EXECS, { type: "signal", exec: id, signal: 1 }));
  const says = (): void => {
    links[0]?.says(serviceEvent(EXECS, { type: "streams", exec: id, streams: { stdin: 1, stdout: 2, stderr: 3 } }));
    links[0]?.says(serviceEvent(STREAMS, { type: "data", stream: 2, bytes: Buffer.from("y") }));
    links[0]?.says(serviceEvent(EXECS, { type: "exited", exec: id, code: 0, signal: 1 }));
  };
  expect(says).not.toThrow();
});

/** Joints by Electron's own ports, between real link processes: what goes through them, and what their end does. */
import path from "node:path";
import { expect, test } from "@playwright/test";
import { ScriptedAgent } from "../main/link/testing/scripted-agent.ts";
import { TestDesktop } from "./support/desktop.ts";

const LINK = path.resolve(import.meta.dirname, "../out/main/link.js");

let desktop: TestDesktop;
const agents: ScriptedAgent[] = [];

test.beforeAll(async () => void (desktop = await TestDesktop.open({})));
test.afterAll(async () => {
  for (const agent of agents) agent.close();
  await desktop.close();
});

/** In Electron's main process: what the test has started there, between its calls. */
declare global {
  var atollTestLinks: Electron.UtilityProcess[] | undefined;
}

/** Two agents that run a command each; the first one's standard output is joined with the other's standard input. */
async function joined(): Promise<{ writer: ScriptedAgent; reader: ScriptedAgent; stdout: number; stdin: number }> {
  const [writer, reader] = [await ScriptedAgent.listen(), await ScriptedAgent.listen()];
  agents.push(writer, reader);
  const greeted = Promise.all([writer, reader].map((agent) => agent.opened().then(() => agent.hello())));
  await desktop.electron.evaluate(
    async ({ utilityProcess, MessageChannelMain }, { file, agents: ends }) => {
      const output = { width: 800, height: 600, scale120: 120, refreshMhz: 60_000 };
      const keymap = { rules: "", model: "", layout: "us", variant: "", options: "" };
      const start = { type: "start", exec: 1, argv: ["x"], tty: null };
      globalThis.atollTestLinks = await Promise.all(
        ends.map(async (channels) => {
          const link = utilityProcess.fork(file);
          const streams = new Promise<void>((resolve) => {
            link.on("message", (message: { type: string; service?: string }) => {
              if (message.type === "hello") link.postMessage({ type: "order", service: "execs", order: start });
              else if (message.service === "execs") resolve();
            });
          });
          link.postMessage({ type: "open", vm: "x", channels, output, keymap });
          await streams;
          return link;
        }),
      );
      const { port1, port2 } = new MessageChannelMain();
      for (const [link, stream, port] of [
        [globalThis.atollTestLinks[0], 2, port1],
        [globalThis.atollTestLinks[1], 1, port2],
      ] as const)
        link?.postMessage({ type: "order", service: "streams", order: { type: "join", stream } }, [port]);
    },
    { file: LINK, agents: [writer.channels, reader.channels] },
  );
  await greeted;
  const [{ stdout }, { stdin }] = await Promise.all([writer.hear("execStart"), reader.hear("execStart")]);
  for (const agent of [writer, reader]) agent.say("bulk", "execStarted", { exec: 1, pid: 1 });
  return { writer, reader, stdout, stdin };
}

/** Kills the link process of the writer (0) or of the reader (1). */
async function kill(which: 0 | 1): Promise<void> {
  await desktop.electron.evaluate((_electron, at) => void globalThis.atollTestLinks?.[at]?.kill(), which);
}

test("bytes, credit and the end come through, the end after the last byte", async () => {
  const { writer, reader, stdout, stdin } = await joined();
  reader.say("bulk", "streamCredit", { stream: stdin, bytes: 100_000 });
  expect(await writer.hear("streamCredit")).toMatchObject({ stream: stdout, bytes: 100_000 });
  writer.say("bulk", "streamData", { stream: stdout }, Buffer.alloc(60_000, 7));
  writer.say("bulk", "streamData", { stream: stdout }, Buffer.alloc(40_000, 7));
  writer.say("bulk", "streamEnd", { stream: stdout });
  expect(await reader.hear("streamEnd")).toMatchObject({ stream: stdin, aborted: false });
  for (let count = 0; count < 2; count += 1) expect(await reader.hear("streamData")).toMatchObject({ stream: stdin });
});

test("the reader's agent hears of the end when the writer's link is killed", async () => {
  const { reader, stdin } = await joined();
  await kill(0);
  expect(await reader.hear("streamEnd")).toMatchObject({ stream: stdin, aborted: true });
});

test("the writer's agent is stopped when the reader's link is killed", async () => {
  const { writer, stdout } = await joined();
  await kill(1);
  expect(await writer.hear("streamEnd")).toMatchObject({ stream: stdout });
});

import net from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { encodeMessage, opening } from "#shared/protocol/framing.ts";
import { encodeHeader } from "#shared/protocol/header.ts";
import { EPOCH_BYTES } from "#shared/protocol/limits.ts";
import { ScriptedAgent } from "./scripted-agent.ts";

test("hears what stands behind an opening that a busy host has said again, and echoes it once", async () => {
  const agent = await ScriptedAgent.listen();
  onTestFinished(() => agent.close());
  const said = opening(new Uint8Array(EPOCH_BYTES).fill(7));
  const socket = net.connect(agent.sockets.frames);
  const credit = (surface: number): Uint8Array => encodeMessage(encodeHeader("credit", { surface, count: 1 }));
  const echoed: Buffer[] = [];
  socket.on("data", (bytes: Buffer) => echoed.push(bytes));
  socket.write(said.subarray(0, 5));
  socket.write(Buffer.concat([said.subarray(5), said, credit(1), said, credit(2)]));
  expect((await agent.hear("credit")).surface).toBe(1);
  expect((await agent.hear("credit")).surface).toBe(2);
  await expect.poll(() => Buffer.concat(echoed).equals(said)).toBe(true);
});

test("whoever waits for something hears it, also while somebody else waits for something else", async () => {
  const agent = await ScriptedAgent.listen();
  onTestFinished(() => agent.close());
  const socket = net.connect(agent.sockets.control);
  socket.write(opening(new Uint8Array(EPOCH_BYTES)));
  const heard = Promise.all([agent.hear("credit"), agent.hear("keyboardFocus")]);
  socket.write(encodeMessage(encodeHeader("credit", { surface: 1, count: 1 })));
  socket.write(encodeMessage(encodeHeader("keyboardFocus", { surface: 2 })));
  expect(await heard).toMatchObject([{ surface: 1 }, { surface: 2 }]);
});

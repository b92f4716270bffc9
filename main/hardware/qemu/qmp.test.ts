/** The monitor's client, with a monitor that says what a real one would under a hostile guest. */
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { QmpClient } from "./qmp.ts";

let folder: string;
let server: net.Server;
let client: QmpClient;
let monitor: net.Socket;
/** Of the monitor, by command. */
let answers: Record<string, object>;

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-qmp-"));
  const file = path.join(folder, "qmp.sock");
  answers = { "query-status": { return: { status: "running" } } };
  server = net.createServer((socket) => {
    monitor = socket;
    socket.on("error", () => undefined);
    socket.on("data", (text) => {
      for (const line of String(text).trim().split("\n")) {
        const { id, execute } = JSON.parse(line) as { id: number; execute: string };
        const ownAnswer = answers[execute] ?? { return: {} };
        socket.write(`${JSON.stringify({ ...ownAnswer, id })}\r\n`);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(file, resolve));
  client = await QmpClient.connect(file);
});

afterEach(() => {
  client.close();
  server.close();
  fs.rmSync(folder, { recursive: true });
});

/** As QEMU 7.2 writes it. */
const event = (name: string): string =>
  `{"timestamp": {"seconds": 1, "microseconds": 2}, "event": "${name}", "data": {"action": "pause"}}\r\n`;

it("tells each event of a machine that has few", async () => {
  const told = vi.fn<() => void>();
  const missed = vi.fn<() => void>();
  client.on("STOP", told);
  client.on("missed", missed);
  monitor.write(event("STOP").repeat(100));
  await client.execute("query-status");
  await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(100));
  expect(missed).not.toHaveBeenCalled();
});

it("passes a flood of events over without parsing it, answers meanwhile, and says once that some were missed", async () => {
  const told = vi.fn<() => void>();
  const missed = new Promise<void>((resolve) => client.on("missed", resolve));
  client.on("GUEST_PANICKED", told);
  const parse = vi.spyOn(JSON, "parse");
  monitor.write(event("GUEST_PANICKED").repeat(50_000));
  expect(await client.execute("query-status")).toEqual({ status: "running" });
  const parsedEvents = parse.mock.calls.filter(([text]) => text.includes("GUEST_PANICKED"));
  parse.mockRestore();
  expect(parsedEvents).toHaveLength(100);
  expect(told).toHaveBeenCalledTimes(100);
  await missed;
  // From then on it listens again.
  monitor.write(event("GUEST_PANICKED"));
  await vi.waitFor(() => expect(told).toHaveBeenCalledTimes(101));
});

it("passes over lines that nobody waits for, be they events or not", async () => {
  const missed = new Promise<void>((resolve) => client.on("missed", resolve));
  const parse = vi.spyOn(JSON, "parse");
  monitor.write('{"return": {"mine": 1}}\r\n'.repeat(10_000));
  await missed;
  const parsed = parse.mock.calls.filter(([text]) => text.includes("mine"));
  parse.mockRestore();
  expect(parsed).toHaveLength(100);
});

it.each([
  ["no JSON", "{"],
  ["no object", "null"],
  ["a list", "[]"],
  ["an event without a name", '{"event": 1}'],
  ["an end without a reason", '{"event": "SHUTDOWN"}'],
  ["a reason that is no text", '{"event": "SHUTDOWN", "data": {"reason": {}}}'],
  ["a port without a name", '{"event": "VSERPORT_CHANGE", "data": {"open": true}}'],
  ["an error without words", '{"id": 2, "error": {"class": "GenericError"}}'],
])("a monitor that says %s is left", async (_, line) => {
  const told = vi.fn<() => void>();
  for (const name of ["SHUTDOWN", "VSERPORT_CHANGE"] as const) client.on(name, told);
  const broken = vi.fn<() => void>();
  client.on("broken", broken);
  const closed = new Promise<void>((resolve) => client.on("closed", resolve));
  monitor.write(`${line}\r\n`.repeat(2));
  await closed;
  expect(broken).toHaveBeenCalledTimes(1);
  expect(told).not.toHaveBeenCalled();
});

it.each([
  ["query-status", {}],
  ["query-uuid", { UUID: 1 }],
  ["query-chardev", [{ label: "control" }]],
  ["query-block", [{ "io-status": "fine" }]],
] as const)("an answer to %s of another shape is an error: %j", async (command, answer) => {
  answers[command] = { return: answer };
  await expect(client.execute(command)).rejects.toMatchObject({
    code: "hardware.monitor-failed",
    details: { command },
  });
});

it("QEMU's words in an error are shown without what a terminal would obey", async () => {
  answers["stop"] = { error: { class: "GenericError", desc: `a\u{1b}[2J\u{202e}b${"c".repeat(10_000)}` } };
  await expect(client.execute("stop")).rejects.toThrow(/^QEMU: a\[2Jbc{295}…$/);
});

it("a monitor that is gone answers nothing more, and nobody waits for it", async () => {
  const closed = new Promise<void>((resolve) => client.on("closed", resolve));
  monitor.destroy();
  await closed;
  await expect(client.execute("query-status")).rejects.toMatchObject({ details: { isGone: true } });
});

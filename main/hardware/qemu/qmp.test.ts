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

beforeEach(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-qmp-"));
  const file = path.join(folder, "qmp.sock");
  server = net.createServer((socket) => {
    monitor = socket;
    socket.on("error", () => undefined);
    socket.on("data", (text) => {
      for (const line of String(text).trim().split("\n")) {
        const { id, execute } = JSON.parse(line) as { id: number; execute: string };
        const answer = execute === "query-status" ? { status: "running" } : {};
        socket.write(`${JSON.stringify({ return: answer, id })}\r\n`);
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

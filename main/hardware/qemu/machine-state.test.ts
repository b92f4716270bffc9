import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { renewal, sendState } from "./machine-state.ts";

it("is what a guest reads when it goes on: entropy, the time, its name", () => {
  const entropy = Buffer.alloc(64, 7);
  const bytes = renewal("disp-1", 1_700_000_000_123, entropy);
  expect(bytes.subarray(0, 64)).toEqual(entropy);
  expect(bytes.readBigUInt64LE(64)).toBe(1_700_000_000_123_000_000n);
  expect(bytes.readUInt8(72)).toBe(6);
  expect(bytes.subarray(73).toString()).toBe("disp-1");
});

it("is never the same twice", () => {
  expect(renewal("a", 0)).not.toEqual(renewal("a", 0));
});

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-state-"));
});

afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true });
});

it("a state is sent also where its reader closes with the last byte", async () => {
  const file = path.join(folder, "state");
  const size = 1 << 20;
  fs.writeFileSync(file, Buffer.alloc(size, 7));
  const counts: number[] = [];
  const server = net.createServer((reader) => {
    let count = 0;
    reader.on("data", (bytes) => {
      count += bytes.length;
      if (count === size) reader.destroy();
    });
    reader.on("close", () => counts.push(count));
  });
  server.listen(path.join(folder, "socket"));
  await once(server, "listening");
  for (let round = 0; round < 50; round++) {
    const socket = net.connect(path.join(folder, "socket"));
    await once(socket, "connect");
    await sendState(file, socket);
  }
  server.close();
  await once(server, "close");
  expect(counts).toEqual(Array.from({ length: 50 }, () => size));
});

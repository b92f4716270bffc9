import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { GuestNetwork } from "../driver.ts";
import { renewal, sendState } from "./machine-state.ts";

const network: GuestNetwork = {
  nic: { id: "nic", mac: "52:54:00:a7:00:01" },
  ipv4: { address: "10.137.0.6", prefix: 30, gateway: "10.137.0.5" },
  ipv6: { address: "fd00:137:1::2", prefix: 64, gateway: "fd00:137:1::1" },
};

it("is what a guest reads when it goes on: entropy, the time, its name, its network", () => {
  const entropy = Buffer.alloc(64, 7);
  const bytes = renewal({ hostname: "disp-1", network }, 1_700_000_000_123, entropy);
  expect(bytes.subarray(0, 64)).toEqual(entropy);
  expect(bytes.readBigUInt64LE(64)).toBe(1_700_000_000_123_000_000n);
  expect(bytes.readUInt8(72)).toBe(6);
  expect(bytes.subarray(73, 79).toString()).toBe("disp-1");
  const word = "10.137.0.6/30,10.137.0.5,fd00:137:1::2/64,fd00:137:1::1,52:54:00:a7:00:01";
  expect(bytes.readUInt8(79)).toBe(word.length);
  expect(bytes.subarray(80).toString()).toBe(word);
});

it("says by a count of nothing that there is no network", () => {
  expect(renewal({ hostname: "disp-1", network: null }).subarray(72).toString()).toBe("\x06disp-1\0");
});

it("is never the same twice", () => {
  const guest = { hostname: "a", network: null };
  expect(renewal(guest, 0)).not.toEqual(renewal(guest, 0));
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

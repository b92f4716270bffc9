import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { resolvePaths } from "../../base/paths.ts";
import { isAnswered } from "../server.ts";
import { makeToken } from "../token.ts";
import { ControlClient } from "./client.ts";

let home: string;
let server: net.Server;
const run = (...names: string[]): string => path.join(home, "run", ...names);

beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-cli-"));
  vi.stubEnv("ATOLL_HOME", home);
  fs.mkdirSync(run(), { mode: 0o700 });
  makeToken(resolvePaths());
  server = net.createServer().listen(run("control.sock"));
  await once(server, "listening");
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.close();
  fs.rmSync(home, { recursive: true });
});

it("a socket in a folder of ours is connected to", async () => {
  expect(await isAnswered(run("control.sock"))).toBe(true);
  (await ControlClient.connect()).close();
});

it("a socket that somebody else may have laid is not spoken to", async () => {
  fs.chmodSync(run(), 0o777);
  await expect(ControlClient.connect()).rejects.toMatchObject({ code: "file.not-ours" });
  await expect(isAnswered(run("control.sock"))).rejects.toMatchObject({ code: "file.not-ours" });
});

it("what listens and has left no token is not Atoll", async () => {
  fs.rmSync(run("control.token"));
  await expect(ControlClient.connect()).rejects.toMatchObject({
    code: "desktop.socket-taken",
    message: expect.stringContaining("control.token") as string,
  });
});

it("a notification after the connection's end does not throw", async () => {
  const client = await ControlClient.connect();
  client.close();
  await client.closed();
  expect(() => client.notify("exec.endInput", {})).not.toThrow();
});

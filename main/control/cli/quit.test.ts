import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createMessageConnection, SocketMessageReader, SocketMessageWriter } from "vscode-jsonrpc/node";
import { resolvePaths } from "../../base/paths.ts";
import { afterToken, makeToken } from "../token.ts";
import { quit } from "./quit.ts";

let home: string;
let application: net.Server;
let sockets: Set<net.Socket>;
/** Names of VMs that do not stop. */
let notStopped: string[];
let events: string[];

/** Ends as the real one does: when whoever asked has hung up, and all its connections with it. */
beforeEach(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-quit-"));
  vi.stubEnv("ATOLL_HOME", home);
  fs.mkdirSync(path.join(home, "run"), { mode: 0o700 });
  sockets = new Set();
  notStopped = [];
  events = [];
  const token = makeToken(resolvePaths());
  application = net.createServer((socket) => {
    sockets.add(socket);
    afterToken(socket, token, () => {
      const connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
      connection.onRequest("desktop.quit", () => {
        socket.once("close", () => setTimeout(end, 100));
        return { notStopped };
      });
      connection.listen();
    });
  });
  application.listen(path.join(home, "run/control.sock"));
  await once(application, "listening");
});
afterEach(() => {
  vi.unstubAllEnvs();
  application.close();
  fs.rmSync(home, { recursive: true });
});

function end(): void {
  events.push("ended");
  for (const socket of sockets) socket.destroy();
}

it("comes back when the application has gone", async () => {
  await quit("keep");
  events.push("back");
  expect(events).toEqual(["ended", "back"]);
});

it("names the VMs that did not stop", async () => {
  notStopped = ["web"];
  await expect(quit("stop")).rejects.toMatchObject({ code: "vm.not-stopped", details: { vms: ["web"] } });
  expect(events).toEqual(["ended"]);
});

/** One application for each home. What the methods do is e2e's. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createMessageConnection,
  type MessageConnection,
  SocketMessageReader,
  SocketMessageWriter,
} from "vscode-jsonrpc/node";
import { z } from "zod";
import { domain, report, request } from "#shared/ipc/declare.ts";
import { desktopContract } from "#shared/ipc/desktop.ts";
import { makePrivateFolder, type Paths, resolvePaths } from "../base/paths.ts";
import { deferred } from "../vms/testing/scripted-vm.ts";
import type { Quitting } from "../desktop/quitting.ts";
import { desktopHandlers } from "../desktop/requests.ts";
import type { Caller, CliCaller } from "../ipc/caller.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import { ControlClient } from "./cli/client.ts";
import { ControlServer } from "./server.ts";
import { raiseOther } from "./single-instance.ts";
import { afterToken, tokenLine } from "./token.ts";

let home: string;
let paths: Paths;

beforeEach(() => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-ctl-"));
  vi.stubEnv("ATOLL_HOME", home);
  paths = resolvePaths();
});
afterEach(() => {
  vi.unstubAllEnvs();
  fs.rmSync(home, { recursive: true });
});

/** Nothing is asked of it. */
const listen = (): Promise<ControlServer> => ControlServer.listen(paths, Dispatcher.of({}, {}));

it("of applications that start together one listens", async () => {
  const started = await Promise.allSettled(Array.from({ length: 4 }, listen));
  const [one, ...more] = started.filter((result) => result.status === "fulfilled");
  expect(more).toEqual([]);
  const reasons = started.filter((result) => result.status === "rejected").map(({ reason }) => reason as unknown);
  const refused = { code: "desktop.already-running", details: { socket: paths.controlSocket } };
  expect(reasons).toMatchObject(Array.from({ length: 3 }, () => refused));
  await one?.value.close();
  await (await listen()).close();
});

it("one that was killed leaves its socket and its lock, and keeps nobody from starting", async () => {
  makePrivateFolder(paths.run);
  const script = `require("node:net").createServer().listen(${JSON.stringify(paths.controlSocket)}, () => console.log())`;
  const words = ["--no-fork", path.join(paths.run, "control.lock"), process.execPath, "-e", script];
  const other = spawn("flock", words, { stdio: ["ignore", "pipe", "inherit"] });
  await once(other.stdout, "data");
  await expect(listen()).rejects.toMatchObject({ code: "desktop.already-running" });
  other.kill("SIGKILL");
  await once(other, "exit");
  expect(fs.existsSync(paths.controlSocket)).toBe(true);
  await (await listen()).close();
});

it("an end that was asked for comes when the VMs have stopped, also when whoever asked has gone before", async () => {
  makePrivateFolder(paths.run);
  const stopped = deferred<string[]>();
  const stopVms = vi.fn<() => Promise<string[]>>(() => stopped.promise);
  const quit = vi.fn<() => Promise<void>>(() => Promise.resolve());
  const quitting = { stopVms, quit } as unknown as Quitting;
  const desktop = desktopHandlers({ quitting } as unknown as Parameters<typeof desktopHandlers>[0]);
  const server = await ControlServer.listen(paths, Dispatcher.of({ desktop: desktopContract }, { desktop }));
  const client = await ControlClient.connect();
  const answered = client.call("desktop.quit", { vms: "stop" }).catch(() => undefined);
  await vi.waitFor(() => expect(stopVms).toHaveBeenCalled());
  client.close();
  await answered;
  expect(quit).not.toHaveBeenCalled();
  stopped.resolve([]);
  await vi.waitFor(() => expect(quit).toHaveBeenCalledOnce());
  await server.close();
});

it("what is asked waits until what it is about is known, and keeps nothing else waiting", async () => {
  makePrivateFolder(paths.run);
  const ask = request({ from: ["cli"], input: z.strictObject({}), output: z.null() });
  const test = domain({ requests: { "vm.list": ask, "desktop.raise": ask } });
  const asked: string[] = [];
  const handled = (name: string) => (): null => {
    asked.push(name);
    return null;
  };
  const handlers = { "vm.list": handled("vm.list"), "desktop.raise": handled("desktop.raise") };
  const defined = deferred<void>();
  const known = vi.fn<(method: string, untrustedInput: unknown) => Promise<void>>((method) =>
    method === "vm.list" ? defined.promise : Promise.resolve(),
  );
  const server = await ControlServer.listen(paths, Dispatcher.of({ test }, { test: handlers }), known);
  const client = await ControlClient.connect();
  const listed = client.call("vm.list", {});
  await client.call("desktop.raise", {});
  expect(asked).toEqual(["desktop.raise"]);
  defined.resolve();
  await listed;
  expect(asked).toEqual(["desktop.raise", "vm.list"]);
  expect(known.mock.calls).toEqual([
    ["vm.list", {}],
    ["desktop.raise", {}],
  ]);
  client.close();
  await server.close();
});

describe("a connection", () => {
  let server: ControlServer;
  let socket: net.Socket;
  let answers: Buffer[];
  const request = `{"jsonrpc":"2.0","id":1,"method":"nobody.knows","params":{}}`;
  const message = `Content-Length: ${request.length}\r\n\r\n${request}`;
  const whenClosed = (): Promise<void> => new Promise((resolve) => socket.once("close", () => resolve()));
  const token = (): string => fs.readFileSync(path.join(paths.run, "control.token"), "utf8");

  beforeEach(async () => {
    server = await listen();
    socket = net.connect(paths.controlSocket);
    answers = [];
    socket.on("data", (data: Buffer) => answers.push(data));
    // A connection that is closed before all that it said was read.
    socket.on("error", () => undefined);
    await once(socket, "connect");
  });
  afterEach(async () => {
    vi.useRealTimers();
    socket.destroy();
    await server.close();
  });

  it("is answered when it has shown the token, in one piece with its request or byte by byte", async () => {
    for (const byte of `${token()}\n${message}`) socket.write(byte);
    await vi.waitFor(() => expect(Buffer.concat(answers).toString()).toContain("nobody.knows"));
    const other = net.connect(paths.controlSocket);
    other.write(`${token()}\n${message}`);
    const [answer] = (await once(other, "data")) as [Buffer];
    expect(answer.toString()).toContain("Content-Length");
    other.destroy();
  });

  it("is open to its user alone, in a folder that is so too", () => {
    expect(fs.statSync(paths.controlSocket).mode & 0o777).toBe(0o600);
    expect(fs.statSync(paths.run).mode & 0o777).toBe(0o700);
  });

  it.each<[string, () => string]>([
    ["no token", () => message],
    ["another token", () => `${"0".repeat(64)}\n${message}`],
    ["a token that lacks its end", () => `${token().slice(0, -1)}\n${message}`],
    ["a token with a digit too many", () => `${token()}0\n${message}`],
    ["a token in capitals", () => `${token().toUpperCase()}g\n${message}`],
    ["very much", () => "x".repeat(1024 * 1024)],
  ])("with %s is closed without a byte", async (_what, said) => {
    const closed = whenClosed();
    socket.write(said());
    await closed;
    expect(answers).toEqual([]);
  });

  it("that ends before its token, or says nothing, gets nothing", async () => {
    const closed = whenClosed();
    socket.end(token());
    await closed;
    expect(answers).toEqual([]);
  });
});

describe("a request", () => {
  const text = z.strictObject({ text: z.string() });
  const echoed = vi.fn<(input: unknown, caller: Caller) => string>(() => "done");
  const heard = vi.fn<(input: unknown) => void>();
  const echo = domain({
    requests: { "echo.say": request({ from: ["cli"], input: text, output: z.string() }) },
    reports: { "echo.hear": report({ from: ["cli"], input: text }) },
  });
  const handlers = { "echo.say": echoed, "echo.hear": heard };
  let server: ControlServer;
  let connection: MessageConnection;
  let socket: net.Socket;

  beforeEach(async () => {
    echoed.mockClear();
    server = await ControlServer.listen(paths, Dispatcher.of({ echo }, { echo: handlers }));
    socket = net.connect(paths.controlSocket);
    socket.write(tokenLine(paths));
    connection = createMessageConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
    connection.listen();
  });
  afterEach(async () => {
    connection.dispose();
    socket.destroy();
    await server.close();
  });

  it.each(["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty", "echo", "echo.", "echo.__proto__", ""])(
    'of the name "%s" is unknown, and the connection goes on',
    async (name) => {
      await expect(connection.sendRequest(name, {})).rejects.toMatchObject({ data: { code: "usage.unknown-method" } });
      expect(await connection.sendRequest("echo.say", { text: "x" })).toBe("done");
      expect(echoed.mock.calls.map(([input]) => input)).toEqual([{ text: "x" }]);
    },
  );

  it.each([
    ["none", undefined],
    ["a list", [1, 2]],
    ["a list with the right one second", [{}, { text: "x" }]],
    ["a text that is a number", { text: 1 }],
    ["a text that is a list", { text: ["x"] }],
    ["one too many", { text: "x", more: 1 }],
    ["a prototype", JSON.parse('{"__proto__": {"text": "x"}}') as object],
  ])("with bad parameters (%s) is refused before anything is done", async (_what, input) => {
    const asked = input === undefined ? connection.sendRequest("echo.say") : connection.sendRequest("echo.say", input);
    await expect(asked).rejects.toMatchObject({ data: { code: "usage.bad-argument" } });
    expect(echoed).not.toHaveBeenCalled();
  });

  it("that wants no answer reaches its handler", async () => {
    await connection.sendNotification("echo.hear", { text: "x" });
    await vi.waitFor(() => expect(heard.mock.calls[0]?.[0]).toEqual({ text: "x" }));
  });

  /** What a handler has of the connection. */
  async function callerOf(): Promise<CliCaller> {
    await connection.sendRequest("echo.say", { text: "x" });
    return echoed.mock.calls[0]?.[1] as CliCaller;
  }

  it("tells its handler when the client has gone, also a handler that asks after it", async () => {
    const caller = await callerOf();
    const gone = vi.fn<() => void>();
    caller.connection.onClose(gone);
    expect(await connection.sendRequest("echo.say", { text: "y" })).toBe("done");
    expect(gone).not.toHaveBeenCalled();
    socket.destroy();
    await vi.waitFor(() => expect(gone).toHaveBeenCalledOnce());
    caller.connection.onClose(gone);
    expect(gone).toHaveBeenCalledTimes(2);
  });

  it("has what is to follow its answer done when the client stays, too: its connection is closed", async () => {
    const caller = await callerOf();
    const closed = once(socket, "close");
    await new Promise<void>((resolve) => caller.afterAnswer(resolve));
    await expect(closed).resolves.toEqual([false]);
  });

  it("that is no JSON-RPC closes the connection", async () => {
    socket.write("Content-Length: 8\r\n\r\nno JSON!");
    await expect(once(socket, "close")).resolves.toEqual([false]);
  });
});

it("a connection that shows no token is closed after a while", () => {
  vi.useFakeTimers();
  const socket = new net.Socket();
  const accepted = vi.fn<() => void>();
  afterToken(socket, "0".repeat(64), accepted);
  expect(socket.destroyed).toBe(false);
  vi.advanceTimersByTime(5_000);
  expect([socket.destroyed, accepted.mock.calls]).toEqual([true, []]);
  vi.useRealTimers();
});

it("the token is new at each start, and ours alone", async () => {
  const tokens = new Set<string>();
  for (let life = 0; life < 2; life += 1) {
    const server = await listen();
    const file = path.join(paths.run, "control.token");
    tokens.add(fs.readFileSync(file, "utf8"));
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    await server.close();
    expect(fs.existsSync(file)).toBe(false);
  }
  expect(tokens.size).toBe(2);
});

it("something else that listens there is left alone", async () => {
  makePrivateFolder(paths.run);
  const other = net.createServer().listen(paths.controlSocket);
  await once(other, "listening");
  for (let life = 0; life < 2; life += 1)
    await expect(listen()).rejects.toMatchObject({ code: "desktop.already-running" });
  other.close();
});

it("one that is about to listen, or has just ceased, is not called brought to the front", async () => {
  makePrivateFolder(paths.run);
  const other = spawn("flock", ["--no-fork", path.join(paths.run, "control.lock"), "sh", "-c", "echo; exec sleep 60"]);
  await once(other.stdout, "data");
  const error: unknown = await listen().catch((reason: unknown) => reason);
  await expect(raiseOther(error)).rejects.toMatchObject({ code: "desktop.not-ready" });
  other.kill("SIGKILL");
});

/** Who may call main: the desktop's page, in the window's own frame. */
import { beforeEach, expect, it, vi } from "vitest";
import { z } from "zod";
import { IPC } from "#shared/ipc/channels.ts";
import { domain, report, request } from "#shared/ipc/declare.ts";
import type { Envelope } from "#shared/ipc/index.ts";
import { Dispatcher } from "../ipc/dispatcher.ts";
import type { Page } from "../ipc/page.ts";
import { serveIpc } from "./ipc-server.ts";

type Listener = (event: { senderFrame: unknown }, ...words: unknown[]) => unknown;
const electron = vi.hoisted(() => ({ listeners: new Map<string, Listener>() }));
vi.mock("electron", () => ({
  protocol: {},
  ipcMain: {
    handle: (channel: string, listener: Listener) => electron.listeners.set(channel, listener),
    on: (channel: string, listener: Listener) => electron.listeners.set(channel, listener),
  },
}));
const logged = vi.hoisted(() => vi.fn<(what: string, error: unknown) => void>());
vi.mock("../base/log.ts", () => ({ logDefect: logged }));

const test = domain({
  requests: { "test.ask": request({ from: ["page"], input: z.strictObject({}), output: z.string() }) },
  reports: { "test.say": report({ from: ["page"], input: z.strictObject({}) }) },
});
const PAGE = { url: "app://atoll/index.html", parent: null };

let heard: string[];
beforeEach(() => {
  heard = [];
  logged.mockClear();
  const handlers = { "test.ask": () => `${heard.push("ask")}`, "test.say": () => void heard.push("say") };
  const page = { answered: () => heard.push("answer") } as unknown as Page;
  const add = (paths: readonly string[]): string => `word${heard.push(`dropped ${paths.join()}`)}`;
  serveIpc(Dispatcher.of({ test }, { test: handlers }), page, { add });
});

const from = (senderFrame: unknown, channel: string, ...words: unknown[]): unknown =>
  electron.listeners.get(channel)?.({ senderFrame }, ...words);

async function allFrom(sender: unknown): Promise<Envelope<unknown>> {
  from(sender, IPC.report, "test.say", {});
  from(sender, IPC.answer, 1, "yes");
  return (await from(sender, IPC.request, "test.ask", {})) as Envelope<unknown>;
}

it("the desktop's page is heard", async () => {
  expect(await allFrom(PAGE)).toEqual({ ok: true, value: "3" });
  expect(heard).toEqual(["say", "answer", "ask"]);
  expect(logged).not.toHaveBeenCalled();
});

it("files that are dropped have a word for the page, where they have paths", async () => {
  expect(await from(PAGE, IPC.dropped, ["", "/a", "/b"])).toBe("word1");
  expect(heard).toEqual(["dropped /a,/b"]);
  for (const bad of [[""], [], ["x".repeat(5000)], [1], "/a", Array.from({ length: 5000 }, () => "/a")])
    expect(await from(PAGE, IPC.dropped, bad)).toBeNull();
  expect(await from({ ...PAGE, parent: PAGE }, IPC.dropped, ["/a"])).toBeNull();
  expect(heard).toHaveLength(1);
});

it.each<[string, unknown]>([
  ["a frame in the page", { ...PAGE, parent: PAGE }],
  ["a frame that is gone", null],
  ["a page of the web", { url: "https://atoll/index.html", parent: null }],
  ["a page of another host", { url: "app://other/index.html", parent: null }],
  ["a page of a host that begins alike", { url: "app://atoll.example/index.html", parent: null }],
  ["a page that names ours as its user", { url: "app://atoll@other/index.html", parent: null }],
  ["a file", { url: "file:///app://atoll/index.html", parent: null }],
  ["an empty page", { url: "about:blank", parent: null }],
])("%s is refused, which the log says", async (_who, sender) => {
  expect(await allFrom(sender)).toMatchObject({ ok: false, error: { code: "internal" } });
  expect(heard).toEqual([]);
  expect(logged).toHaveBeenCalledTimes(3);
});

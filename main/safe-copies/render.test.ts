/** What main makes of a renderer and of the program that writes the PDF. Real guests are e2e's. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { EXECS } from "../link/contracts/execs.ts";
import { STREAMS } from "../link/contracts/streams.ts";
import {
  HELLO,
  ordersOf,
  scriptedContext,
  scriptedDefinition,
  scriptedDriver,
  type ScriptedLink,
  ScriptedMachine,
  serviceEvent,
} from "../vms/testing/scripted-vm.ts";
import { Vm } from "../vms/vm.ts";
import type { SafeCopy } from "./pages-output.ts";
import { render } from "./render.ts";

const [STDIN, STDOUT, STDERR] = [1, 2, 3];
const KILL = { type: "signal", exec: 1, signal: 9 };
const COPY = `copy 1 10 ${Buffer.from("/a-safe.pdf").toString("hex")}\n`;

interface Guest {
  vm: Vm;
  link: ScriptedLink;
}
let renderer: Guest;
let target: Guest;
let ending: AbortController;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  ending = new AbortController();
  [renderer, target] = [await guest("sanitizer"), await guest("home")];
});
afterEach(() => {
  vi.useRealTimers();
  renderer.vm.release();
  target.vm.release();
});

async function guest(name: string): Promise<Guest> {
  const links: ScriptedLink[] = [];
  const vm = new Vm(scriptedDefinition(name), {
    ...scriptedContext(links),
    driver: scriptedDriver(new ScriptedMachine()),
  });
  await vm.start();
  const [link] = links;
  if (link === undefined) throw new Error("the VM has no link");
  link.says(HELLO);
  return { vm, link };
}

/** Both programs run, and are joined. */
async function running(): Promise<{ copy: Promise<SafeCopy> }> {
  const copy = render({
    from: renderer.vm,
    argv: ["/program", "render", "/document"],
    to: target.vm,
    path: Buffer.from("a.pdf"),
    limitsMs: { firstPage: 5_000, page: 1_000, all: 60_000 },
    signal: ending.signal,
  });
  copy.catch(() => undefined);
  for (const { link } of [renderer, target])
    link.says(
      serviceEvent(EXECS, { type: "streams", exec: 1, streams: { stdin: STDIN, stdout: STDOUT, stderr: STDERR } }),
    );
  await vi.waitFor(() =>
    expect(ordersOf(renderer.link, STREAMS)).toContainEqual(expect.objectContaining({ type: "join", stream: STDOUT })),
  );
  return { copy };
}

function prints(text: string, stream = STDOUT): void {
  target.link.says(serviceEvent(STREAMS, { type: "data", stream, bytes: Buffer.from(text) }));
}

function exits({ link }: Guest, code: number, signal = 0): void {
  link.says(serviceEvent(EXECS, { type: "exited", exec: 1, code, signal }));
}

it("is what was written, from the renderer's output to the other's input", async () => {
  const { copy } = await running();
  expect(ordersOf(target.link, EXECS)[0]).toMatchObject({ argv: ["atoll-pages", "612e706466"] });
  expect(ordersOf(target.link, STREAMS)).toContainEqual(expect.objectContaining({ type: "join", stream: STDIN }));
  prints(`page 1 of 1\n${COPY}`);
  exits(target, 0);
  expect(await copy).toEqual({ path: Buffer.from("/a-safe.pdf"), pages: 1, bytes: 10 });
  // Whatever it still does.
  expect(ordersOf(renderer.link, EXECS)).toContainEqual(KILL);
});

it.each([
  [10, 0, "of a kind that can be rendered"],
  [12, 0, "with a password"],
  [1, 0, "has failed"],
  [12, 9, "has failed"],
])("a renderer's end by code %i and signal %i is said in words of Atoll's", async (code, signal, words) => {
  const { copy } = await running();
  exits(renderer, code, signal);
  prints("atoll-pages: not all of its pages came\n", STDERR);
  exits(target, 1);
  await expect(copy).rejects.toMatchObject({
    code: "open.no-safe-copy",
    message: expect.stringContaining(words) as string,
  });
});

it("a renderer that lies is told by the one who reads it", async () => {
  const { copy } = await running();
  prints("atoll-pages: it has no pages\n", STDERR);
  exits(target, 1);
  exits(renderer, 0);
  await expect(copy).rejects.toMatchObject({ message: expect.stringContaining("“it has no pages”") as string });
});

it("a program that says it has written and then fails, or says anything else, has not", async () => {
  const { copy } = await running();
  prints(COPY);
  exits(target, 1);
  exits(renderer, 0);
  await expect(copy).rejects.toMatchObject({ code: "open.no-safe-copy" });
});

it.each([
  ["no first page", "", 5_000],
  ["no second page", "page 1 of 2\n", 1_000],
])("one that gives %s in time is killed, and so is the other", async (_, said, limitMs) => {
  const { copy } = await running();
  if (said !== "") prints(said);
  await vi.advanceTimersByTimeAsync(limitMs);
  await expect(copy).rejects.toMatchObject({ message: expect.stringContaining("took too long") as string });
  for (const { link } of [renderer, target]) expect(ordersOf(link, EXECS)).toContainEqual(KILL);
});

it("all of it has a time, too, however soon each page comes", async () => {
  const { copy } = await running();
  for (let page = 1; page < 75; page += 1) {
    prints(`page ${page} of 2000\n`);
    await vi.advanceTimersByTimeAsync(800);
  }
  prints("page 75 of 2000\n");
  await vi.advanceTimersByTimeAsync(800);
  await expect(copy).rejects.toMatchObject({ message: expect.stringContaining("its pages took too long") as string });
  for (const { link } of [renderer, target]) expect(ordersOf(link, EXECS)).toContainEqual(KILL);
});

it("each page has its own time", async () => {
  const { copy } = await running();
  for (const page of [1, 2, 3]) {
    prints(`page ${page} of 3\n`);
    await vi.advanceTimersByTimeAsync(900);
  }
  prints(COPY);
  exits(target, 0);
  expect(await copy).toMatchObject({ pages: 1 });
});

it("a person who waits no more ends both", async () => {
  const { copy } = await running();
  ending.abort(new Error("gone"));
  await expect(copy).rejects.toThrow("gone");
  for (const { link } of [renderer, target]) expect(ordersOf(link, EXECS)).toContainEqual(KILL);
});

it("a renderer that does not say how it ended is waited for no longer than some seconds", async () => {
  const { copy } = await running();
  exits(target, 1);
  await vi.advanceTimersByTimeAsync(10_000);
  await expect(copy).rejects.toMatchObject({ code: "open.no-safe-copy" });
});

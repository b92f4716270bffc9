import { randomBytes } from "node:crypto";
import { MessageChannel } from "node:worker_threads";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { LinkEvent, PixelEvent } from "#shared/ipc/link-port.ts";
import type { VmId } from "#shared/model/vm.ts";
import { encodeMessage, opening } from "#shared/protocol/framing.ts";
import { Encoding, KeyState, Kind, PixelFormat } from "#shared/protocol/gen/atoll_pb.ts";
import { encodeHeader } from "#shared/protocol/header.ts";
import { MAX_BULK_MESSAGES_BURST, MAX_SURFACES } from "#shared/protocol/limits.ts";
import type { FromLink, ServiceContract } from "./contract.ts";
import { EXECS } from "./contracts/execs.ts";
import { KEYMAP } from "./contracts/keymap.ts";
import { LAUNCHES } from "./contracts/launches.ts";
import { STREAMS } from "./contracts/streams.ts";
import { SURFACES, type WindowEvent } from "./contracts/surfaces.ts";
import { Link } from "./link.ts";
import type { MessagePortLike } from "./message-port.ts";
import { adaptPort } from "./testing/ports.ts";
import { ScriptedAgent } from "./testing/scripted-agent.ts";

const cleanUps: (() => void)[] = [];
afterEach(() => cleanUps.splice(0).forEach((cleanUp) => cleanUp()));

type Told<Type extends FromLink["type"]> = Extract<FromLink, { type: Type }>;

interface Host {
  agent: ScriptedAgent;
  link: Link;
  /** The types of all that the link has said, in order. */
  heard: FromLink["type"][];
  /** Resolves with the next message of that type from the link. */
  told: <Type extends FromLink["type"]>(type: Type) => Promise<Told<Type>>;
  /** Resolves with the next event of that service. */
  event: <Event>(contract: ServiceContract<unknown, Event>) => Promise<Event>;
}

/** The next event of a window, whatever surfaces have their first frame meanwhile. */
async function windowEvent({ event }: Host): Promise<Exclude<WindowEvent, { type: "firstFrame" }>> {
  for (;;) {
    const next = await event(SURFACES);
    if (next.type !== "firstFrame") return next;
  }
}

function order<Order>(link: Link, { name }: ServiceContract<Order, unknown>, value: Order): void {
  link.handle({ type: "order", service: name, order: value }, []);
}

async function host(before: Parameters<typeof ScriptedAgent.listen>[0] = {}): Promise<Host> {
  const agent = await ScriptedAgent.listen(before);
  const messages: FromLink[] = [];
  const heard: FromLink["type"][] = [];
  const waiting: (() => void)[] = [];
  const link = new Link(
    {
      type: "open",
      vm: "00000000-0000-4000-8000-000000000001" as VmId,
      channels: agent.channels,
      output: { width: 1440, height: 900, scale120: 120, refreshMhz: 60_000 },
      keymap: { rules: "evdev", model: "pc105", layout: "us", variant: "", options: "" },
    },
    (message) => {
      messages.push(message);
      heard.push(message.type);
      for (const wake of waiting.splice(0)) wake();
    },
  );
  // The link ends with its sockets.
  cleanUps.push(() => agent.close());
  const next = async (isWanted: (message: FromLink) => boolean): Promise<FromLink> => {
    for (;;) {
      const [found] = messages.splice(messages.findIndex(isWanted) >>> 0, 1);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
  return {
    agent,
    link,
    heard,
    told: async (type) => (await next((message) => message.type === type)) as Told<typeof type>,
    async event<Event>({ name }: ServiceContract<unknown, Event>) {
      const message = await next(({ type, ...rest }) => type === "event" && "service" in rest && rest.service === name);
      return (message as Told<"event">).event as Event;
    },
  };
}

/** A session that is open, and its page. */
async function openHost(): Promise<Host> {
  const opened = await host();
  await opened.told("opened");
  opened.agent.hello();
  await opened.told("hello");
  return opened;
}

/** `answers`: it has time for what it hears. */
function page(
  link: Link,
  { answers } = { answers: true },
): {
  events: LinkEvent[];
  pixels: PixelEvent[];
  commands: MessagePort;
  credits: MessagePort;
  next: () => Promise<void>;
} {
  const events = new MessageChannel();
  const pixels = new MessageChannel();
  const seen = { events: [] as LinkEvent[], pixels: [] as PixelEvent[] };
  let wake = (): void => undefined;
  events.port2.on("message", (event: LinkEvent) => {
    if (event.type === "fence") return answers ? events.port2.postMessage({ type: "fenceReached" }) : undefined;
    seen.events.push(event);
    wake();
  });
  pixels.port2.on("message", (event: PixelEvent) => {
    seen.pixels.push(event);
    wake();
  });
  cleanUps.push(() => {
    events.port2.close();
    pixels.port2.close();
  });
  link.handle({ type: "attachPage" }, [adaptPort(events.port1), adaptPort(pixels.port1)]);
  return {
    ...seen,
    commands: events.port2 as unknown as MessagePort,
    credits: pixels.port2 as unknown as MessagePort,
    next: () => new Promise((resolve) => (wake = resolve)),
  };
}

describe("a link", () => {
  it("answers hello with welcome", async () => {
    const { agent } = await openHost();
    expect((await agent.hear("welcome")).keymap?.layout).toBe("us");
  });

  it("finds the beginning behind half a message of an earlier session", async () => {
    const half = encodeMessage(Uint8Array.of(1, 2, 3), randomBytes(500)).slice(0, 200);
    const restarted = await host({ control: half, frames: opening(randomBytes(16)), bulk: randomBytes(5000) });
    await restarted.told("opened");
    restarted.agent.hello();
    expect((await restarted.told("hello")).agent).toBe("scripted");
  });

  it.each([
    [
      "a length over the limit",
      (agent: ScriptedAgent) => agent.sayBytes("frames", Uint8Array.of(0xff, 0xff, 0xff, 0x7f)),
      "length-too-large",
    ],
    ["a length of nothing", (agent: ScriptedAgent) => agent.sayBytes("bulk", new Uint8Array(8)), "length-too-small"],
    [
      "a header that is no protobuf",
      (agent: ScriptedAgent) => agent.sayBytes("control", encodeMessage(Uint8Array.of(0xff, 0xff, 0xff))),
      "header-malformed",
    ],
    ["a message in the wrong state", (agent: ScriptedAgent) => agent.hello(), "wrong-state"],
    [
      "a surface nobody opened",
      (agent: ScriptedAgent) => agent.say("control", "surfaceClosed", { surface: 9 }),
      "unknown-surface",
    ],
    [
      "a frame without credit",
      (agent: ScriptedAgent) =>
        agent.say("frames", "frame", {
          surface: 1,
          serial: 1,
          width: 1,
          height: 1,
          scale: 1,
          format: PixelFormat.XRGB8888,
          last: true,
        }),
      "no-credit",
    ],
    [
      "random bytes",
      (agent: ScriptedAgent) => agent.sayBytes("bulk", new Uint8Array(4096).fill(0xee)),
      "length-too-large",
    ],
  ])("closes the channels with a reason after %s", async (_what, misbehave, code) => {
    const opened = await openHost();
    misbehave(opened.agent);
    expect(await opened.told("closed")).toMatchObject({
      reason: "protocol-violation",
      detail: expect.stringContaining(code) as string,
    });
  });

  it("reports that the agent was lost when the ports are closed", async () => {
    const opened = await openHost();
    opened.agent.hangUp();
    expect(await opened.told("closed")).toMatchObject({ reason: "agent-lost" });
  });

  it("takes a guest that does not read for lost, before what it has not read is much", async () => {
    const { agent, link, told } = await openHost();
    await agent.hear("welcome");
    const keymap = { rules: "evdev", model: "pc105", layout: "us", variant: "x".repeat(10_000), options: "" };
    // All in one turn of the event loop: nobody reads meanwhile.
    const say = (count: number): void => {
      for (let at = 0; at < count; at += 1) order(link, KEYMAP, keymap);
    };
    const unreadMessages = Math.floor((8 * 1024 * 1024) / 10_100);
    say(unreadMessages);
    // The guest has read it all: it was not too much.
    for (let at = 0; at < unreadMessages; at += 1) await agent.hear("keymapChanged");
    say(2 * unreadMessages);
    expect(await told("closed")).toMatchObject({ reason: "agent-lost", detail: "control: the guest does not read" });
  });

  it("is closed once, says so to its page and to main, and does nothing more", async () => {
    const { agent, link, told, heard } = await openHost();
    const { events, next } = page(link);
    while (events.length < 1) await next();
    order(link, EXECS, { type: "start", exec: 1, argv: ["cat"], tty: null });
    await agent.hear("execStart");
    const closed = { type: "closed", reason: "agent-lost", detail: "the host has let go of it" };
    link.close();
    expect(await told("closed")).toEqual(closed);
    const before = [...heard];
    link.close();
    order(link, EXECS, { type: "start", exec: 2, argv: ["cat"], tty: null });
    expect(heard).toEqual(before);
    expect([heard.filter((type) => type === "opened"), heard.at(-1)]).toEqual([["opened"], "closed"]);
    while (events.at(-1)?.type !== "closed") await next();
    expect(events).toEqual([{ type: "attached" }, closed]);
  });

  /** A page whose words come at once, and what it was told. */
  function promptPage(link: Link): { events: unknown[]; say: (command: unknown) => void } {
    const events: unknown[] = [];
    const listeners: ((event: { data: unknown }) => void)[] = [];
    const port = (told: unknown[]): MessagePortLike => ({
      postMessage: (message) => told.push(message),
      on: (name: "message" | "close", listener: (event: { data: unknown }) => void) =>
        name === "message" ? listeners.push(listener) : undefined,
      start: () => undefined,
      close: () => undefined,
    });
    link.handle({ type: "attachPage" }, [port(events), port([])]);
    const [, pixels] = listeners;
    return { events, say: (command) => pixels?.({ data: command }) };
  }

  it("has a page that is there before the guest wait for its hello, and takes no command until then", async () => {
    const opened = await host();
    await opened.told("opened");
    const violation = { type: "violation", surface: 1, detail: "bad block" };
    const { events, say } = promptPage(opened.link);
    say(violation);
    expect(events).toEqual([]);
    expect(opened.heard).toEqual(["opened"]);
    opened.agent.hello();
    await opened.told("hello");
    expect(events).toEqual([{ type: "attached" }]);
    say(violation);
    expect(events.at(-1)).toMatchObject({ type: "closed", reason: "protocol-violation" });
    expect(opened.heard.filter((type) => type === "closed")).toHaveLength(1);
  });

  it("has no page that came without its ports", async () => {
    const { link } = await openHost();
    const { events, say } = promptPage(link);
    const { port1 } = new MessageChannel();
    for (const ports of [[], [adaptPort(port1)]]) link.handle({ type: "attachPage" }, ports);
    port1.close();
    // The one before is still there.
    say({ type: "violation", surface: 1, detail: "bad block" });
    expect(events.at(-1)).toMatchObject({ type: "closed" });
  });

  it("brings a frame to the page against its credit, and a key to the guest", async () => {
    const opened = await openHost();
    const { events, pixels, commands, credits, next } = page(opened.link);
    opened.agent.say("control", "windowOpened", { surface: 1, kind: Kind.WAYLAND, title: "hi" });
    while (!events.some(({ type }) => type === "windowOpened")) await next();
    expect(events[0]).toEqual({ type: "attached" });
    credits.postMessage({ type: "credit", surface: 1, count: 2, shownSerial: 0 });
    expect(await opened.agent.hear("credit")).toMatchObject({ surface: 1, count: 2 });
    const damage = [{ x: 0, y: 0, width: 1, height: 1, encoding: Encoding.RAW, size: 4 }];
    opened.agent.say(
      "frames",
      "frame",
      { surface: 1, serial: 1, width: 1, height: 1, scale: 1, format: PixelFormat.XRGB8888, damage, last: true },
      Uint8Array.of(1, 2, 3, 4),
    );
    while (pixels.length === 0) await next();
    expect(pixels[0]).toMatchObject({ type: "frame", surface: 1, serial: 1, payload: Uint8Array.of(1, 2, 3, 4) });
    commands.postMessage({ type: "key", code: 30, state: "pressed", timeMs: 5 });
    expect(await opened.agent.hear("key")).toMatchObject({ code: 30, state: KeyState.PRESSED });
  });

  it("sends a page that loads later what is open", async () => {
    const opened = await openHost();
    opened.agent.say("control", "windowOpened", { surface: 4, kind: Kind.X11, title: "old" });
    opened.agent.say("control", "windowChanged", { surface: 4, title: "new" });
    await windowEvent(opened);
    await windowEvent(opened);
    const { events, next } = page(opened.link);
    while (events.length < 2) await next();
    expect(events[1]).toMatchObject({ type: "windowOpened", window: { surface: 4, title: "new" } });
  });

  it("tells a page how old the launch is that a window names, also one that comes later; main need not know", async () => {
    const opened = await openHost();
    order(opened.link, LAUNCHES, { request: 7, appId: null, argv: ["foot"], files: [] });
    const first = page(opened.link);
    opened.agent.say("control", "windowOpened", { surface: 4, kind: Kind.WAYLAND, launch: 7 });
    const told = { type: "windowOpened", window: { launch: 7 }, launchAgeMs: expect.any(Number) as number };
    while (first.events.length < 2) await first.next();
    expect(first.events[1]).toMatchObject(told);
    expect(await windowEvent(opened)).not.toHaveProperty("launchAgeMs");
    const second = page(opened.link);
    while (second.events.length < 2) await second.next();
    expect(second.events[1]).toMatchObject(told);
  });

  it("keeps back what a guest says too fast until the page has dealt with what came before", async () => {
    const opened = await openHost();
    const slow = page(opened.link, { answers: false });
    opened.agent.say("control", "windowOpened", { surface: 1, kind: Kind.WAYLAND });
    for (let at = 1; at <= 3000; at += 1)
      opened.agent.say("control", "windowChanged", { surface: 1, title: `title ${at}` });
    // Main hears of the last one in its own time: then the link has read them all.
    let title = "";
    while (title !== "title 3000") {
      const event = await windowEvent(opened);
      if (event.type === "windowChanged") title = event.change.title ?? "";
    }
    slow.commands.postMessage({ type: "fenceReached" });
    const titles = (): unknown[] =>
      slow.events.flatMap((event) => (event.type === "windowChanged" ? [event.change.title] : []));
    while (titles().at(-1) !== "title 3000") await slow.next();
    expect(titles().length).toBeLessThanOrEqual(2);
  });

  it("sends a page the events that it held back before it reports that the channels are closed", async () => {
    const opened = await openHost();
    const { events, next } = page(opened.link, { answers: false });
    for (const name of ["text", "wait", "help"])
      opened.agent.say("control", "cursorChanged", { cursor: { case: "shape", value: name } });
    opened.agent.hello();
    while (events.at(-1)?.type !== "closed") await next();
    expect(events.at(-2)).toMatchObject({ type: "cursorChanged", cursor: { name: "help" } });
  });

  it("reports windows to main, and nothing that is the page's alone", async () => {
    const opened = await openHost();
    const { agent } = opened;
    agent.say("control", "windowOpened", { surface: 1, kind: Kind.WAYLAND });
    agent.say("control", "cursorChanged", { cursor: { case: "shape", value: "text" } });
    agent.say("control", "subsurfaceOpened", { surface: 2, parent: 1 });
    agent.say("control", "childrenPlaced", { parent: 1, children: [{ surface: 1 }, { surface: 2 }] });
    agent.say("control", "windowChanged", { surface: 1, title: "hi" });
    agent.say("control", "surfaceClosed", { surface: 1 });
    for (const type of ["windowOpened", "windowChanged", "surfaceClosed"])
      expect((await windowEvent(opened)).type).toBe(type);
  });

  it("drops what the page says that is no command", async () => {
    const opened = await openHost();
    const { commands } = page(opened.link);
    commands.postMessage({ type: "key", code: 99_999, state: "pressed", timeMs: 0 });
    commands.postMessage({ type: "key", code: 1, state: "pressed", timeMs: 0 });
    expect((await opened.agent.hear("key")).code).toBe(1);
  });

  it("closes the channels when the compositor could not decode a frame", async () => {
    const opened = await openHost();
    const { credits } = page(opened.link);
    credits.postMessage({ type: "violation", surface: 1, detail: "bad block" });
    expect((await opened.told("closed")).detail).toContain("bad-pixels");
  });

  it("carries an exec's streams within their credit", async () => {
    const { agent, link, event } = await openHost();
    order(link, EXECS, { type: "start", exec: 1, argv: ["cat"], tty: null });
    expect(await agent.hear("execStart")).toMatchObject({ argv: ["cat"], stdin: 1, stdout: 2, stderr: 3 });
    expect(await event(EXECS)).toMatchObject({ type: "streams" });
    order(link, STREAMS, { type: "write", stream: 1, bytes: new Uint8Array(10) });
    order(link, STREAMS, { type: "end", stream: 1 });
    order(link, STREAMS, { type: "grant", stream: 2, bytes: 100 });
    agent.say("bulk", "execStarted", { exec: 1, pid: 7 });
    expect(await agent.hear("streamCredit")).toMatchObject({ stream: 2, bytes: 100 });
    agent.say("bulk", "streamCredit", { stream: 1, bytes: 4 });
    expect(await event(STREAMS)).toMatchObject({ type: "taken", bytes: 4 });
    agent.say("bulk", "streamCredit", { stream: 1, bytes: 100 });
    expect(await event(STREAMS)).toMatchObject({ type: "taken", bytes: 6 });
    expect(await agent.hear("streamEnd")).toMatchObject({ stream: 1, aborted: false });
    expect(await event(STREAMS)).toMatchObject({ type: "stopped" });
    agent.say("bulk", "streamData", { stream: 2 }, Uint8Array.of(5));
    agent.say("bulk", "streamEnd", { stream: 2 });
    agent.say("bulk", "streamEnd", { stream: 3 });
    agent.say("bulk", "execExited", { exec: 1, code: 3 });
    expect(await event(STREAMS)).toMatchObject({ type: "data", stream: 2, bytes: Uint8Array.of(5) });
    expect(await event(EXECS)).toMatchObject({ type: "exited", code: 3 });
  });

  it("closes on exec output above its credit", async () => {
    const { agent, link, told } = await openHost();
    order(link, EXECS, { type: "start", exec: 1, argv: ["yes"], tty: null });
    await agent.hear("execStart");
    order(link, STREAMS, { type: "grant", stream: 2, bytes: 60_000 });
    agent.say("bulk", "execStarted", { exec: 1, pid: 7 });
    for (let count = 0; count < 2; count += 1) agent.say("bulk", "streamData", { stream: 2 }, new Uint8Array(60_000));
    expect((await told("closed")).detail).toContain("no-credit");
  });
});

describe("a page that comes later", () => {
  type Page = ReturnType<typeof page>;

  /** One frame of a surface, or a part of one. */
  function draw(agent: ScriptedAgent, surface: number, serial: number, last = true): void {
    const format = PixelFormat.XRGB8888;
    agent.say("frames", "frame", { surface, serial, width: 1, height: 1, scale: 1, format, last });
  }

  function give(to: Page, surface: number, count = 2): void {
    to.credits.postMessage({ type: "credit", surface, count, shownSerial: 0 });
  }

  /** Resolves when all that came on `frames` until now is with the page: behind it comes a frame of surface 2. */
  async function caughtUp(agent: ScriptedAgent, { pixels, next }: Page, serial: number): Promise<void> {
    draw(agent, 2, serial);
    while (!pixels.some((event) => event.type === "frame" && event.surface === 2 && event.serial === serial))
      await next();
  }

  const serialsOf = ({ pixels }: Page, surface: number): number[] =>
    pixels.flatMap((event) => (event.type === "frame" && event.surface === surface ? [event.serial] : []));

  /** A VM with two windows, of which the first has sent its first frame to a page. */
  async function reloaded(): Promise<Host> {
    const opened = await openHost();
    const { agent, link } = opened;
    const first = page(link);
    for (const surface of [1, 2]) {
      agent.say("control", "windowOpened", { surface, kind: Kind.WAYLAND });
      while (!first.events.some((event) => event.type === "windowOpened" && event.window.surface === surface))
        await first.next();
    }
    give(first, 2, 8);
    expect(await agent.hear("credit")).toMatchObject({ surface: 2, count: 8 });
    give(first, 1);
    expect(await agent.hear("credit")).toMatchObject({ surface: 1, count: 2 });
    draw(agent, 1, 1);
    await caughtUp(agent, first, 1);
    expect(serialsOf(first, 1)).toEqual([1]);
    return opened;
  }

  it("has no frame of a surface before it has given credit for it, and then the whole of it", async () => {
    const { agent, link } = await reloaded();
    const second = page(link);
    give(second, 2, 1);
    expect(await agent.hear("refresh")).toMatchObject({ surface: 2 });
    // For the page before it, on its way when that one went: its canvas is not there yet.
    draw(agent, 1, 2);
    await caughtUp(agent, second, 2);
    expect(serialsOf(second, 1)).toEqual([]);
    give(second, 1);
    expect(await agent.hear("refresh")).toMatchObject({ surface: 1 });
    expect(await agent.hear("credit")).toMatchObject({ surface: 1, count: 2 });
    draw(agent, 1, 3);
    await caughtUp(agent, second, 3);
    expect(serialsOf(second, 1)).toEqual([3]);
  });

  it("is told of the pixels of those surfaces alone for which it has given credit", async () => {
    const { agent, link } = await reloaded();
    const second = page(link);
    give(second, 2, 1);
    await agent.hear("refresh");
    // It has given none for the first.
    for (const surface of [1, 2]) agent.say("control", "surfaceClosed", { surface });
    const retired = (): unknown[] => second.pixels.filter(({ type }) => type === "retired");
    while (retired().length === 0) await second.next();
    expect(retired()).toEqual([{ type: "retired", surface: 2 }]);
  });

  it("has nothing of a frame that began before its credit", async () => {
    const { agent, link } = await reloaded();
    const second = page(link);
    give(second, 2, 1);
    draw(agent, 1, 2, false);
    await caughtUp(agent, second, 2);
    give(second, 1);
    await agent.hear("credit");
    draw(agent, 1, 2);
    draw(agent, 1, 3);
    await caughtUp(agent, second, 3);
    expect(serialsOf(second, 1)).toEqual([3]);
  });

  it("gives what the guest lacks of its credits, and no more", async () => {
    const { agent, link, told } = await reloaded();
    for (let count = 0; count < 5; count += 1) {
      give(page(link), 1);
      expect(await agent.hear("refresh")).toMatchObject({ surface: 1 });
    }
    // One was left of two: the first of these pages has given one, the others nothing.
    expect(await agent.hear("credit")).toMatchObject({ surface: 1, count: 1 });
    for (const serial of [2, 3, 4]) draw(agent, 1, serial);
    expect((await told("closed")).detail).toContain("no-credit");
  });

  it("is not asked to begin anew what has sent no frame yet", async () => {
    const { agent, link } = await reloaded();
    const second = page(link);
    agent.say("control", "windowOpened", { surface: 3, kind: Kind.WAYLAND });
    while (!second.events.some((event) => event.type === "windowOpened" && event.window.surface === 3))
      await second.next();
    give(second, 3);
    expect(await agent.hear("credit")).toMatchObject({ surface: 3, count: 2 });
    give(second, 1);
    expect(await agent.hear("refresh")).toMatchObject({ surface: 1 });
  });
});

describe("a flood", () => {
  // Time stands still: what is read in a second, and what in ten, is the same.
  beforeEach(() => void vi.spyOn(performance, "now").mockReturnValue(1000));
  afterEach(() => void vi.restoreAllMocks());

  /** So many messages in one piece. */
  function many(count: number, message: (at: number) => Uint8Array): Uint8Array {
    return Buffer.concat(Array.from({ length: count }, (_, at) => message(at)));
  }

  it("of control messages closes the channels", async () => {
    const opened = await openHost();
    opened.agent.say("control", "windowOpened", { surface: 1, kind: Kind.WAYLAND });
    const title = (at: number): Uint8Array =>
      encodeMessage(encodeHeader("windowChanged", { surface: 1, title: `${at}` }));
    opened.agent.sayBytes("control", many(20_000, title));
    expect((await opened.told("closed")).detail).toMatch(/^flood: .* messages/);
  });

  it("of bytes on control, in few messages, closes the channels", async () => {
    const opened = await openHost();
    const bitmap = { width: 256, height: 256, hotX: 0, hotY: 0, scale: 1 };
    const header = encodeHeader("cursorChanged", { cursor: { case: "bitmap", value: bitmap } });
    const cursor = encodeMessage(header, new Uint8Array(256 * 256 * 4));
    opened.agent.sayBytes(
      "control",
      many(200, () => cursor),
    );
    expect((await opened.told("closed")).detail).toMatch(/^flood: .* bytes/);
  });

  it("of surfaces that open and close closes the channels", async () => {
    const opened = await openHost();
    const flicker = (at: number): Uint8Array =>
      Buffer.concat([
        encodeMessage(encodeHeader("windowOpened", { surface: at + 1, kind: Kind.WAYLAND })),
        encodeMessage(encodeHeader("surfaceClosed", { surface: at + 1 })),
      ]);
    opened.agent.sayBytes("control", many(7_000, flicker));
    expect((await opened.told("closed")).detail).toMatch(/^flood: .* surfaces/);
  });

  it("is not what an agent sends to a new host, and not one program that opens and closes until its agent ends it", async () => {
    const opened = await openHost();
    const open = (surface: number): Uint8Array =>
      encodeMessage(encodeHeader("subsurfaceOpened", { surface, parent: 1 }));
    const close = (surface: number): Uint8Array => encodeMessage(encodeHeader("surfaceClosed", { surface }));
    opened.agent.say("control", "windowOpened", { surface: 1, kind: Kind.WAYLAND });
    opened.agent.sayBytes(
      "control",
      many(MAX_SURFACES - 2, (at) => open(at + 2)),
    );
    opened.agent.sayBytes(
      "control",
      many(2_000, (at) => Buffer.concat([open(at + 2000), close(at + 2000)])),
    );
    opened.agent.say("control", "windowOpened", { surface: 5000, kind: Kind.WAYLAND });
    await windowEvent(opened);
    // Main is told of windows alone.
    expect(await windowEvent(opened)).toMatchObject({ type: "windowOpened", window: { surface: 5000 } });
  });

  it("of messages on bulk is read at the link's own pace, and costs the guest nothing else", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    cleanUps.push(() => vi.useRealTimers());
    const { agent, link, told, event } = await openHost();
    order(link, EXECS, { type: "start", exec: 1, argv: ["cat"], tty: null });
    await agent.hear("execStart");
    agent.say("bulk", "execStarted", { exec: 1, pid: 7 });
    const isOver = vi.fn<() => void>();
    const exited = (async () => {
      while ((await event(EXECS)).type !== "exited") continue;
      isOver();
    })();
    const credit = encodeMessage(encodeHeader("streamCredit", { stream: 1, bytes: 1 }));
    agent.sayBytes(
      "bulk",
      many(3 * MAX_BULK_MESSAGES_BURST, () => credit),
    );
    agent.say("bulk", "streamEnd", { stream: 2 });
    agent.say("bulk", "streamEnd", { stream: 3 });
    agent.say("bulk", "execExited", { exec: 1, code: 0 });
    /** The link has read what came on control, and so could have read as much on bulk. */
    let surface = 0;
    const readControl = async (): Promise<void> => {
      surface += 1;
      agent.say("control", "windowOpened", { surface, kind: Kind.WAYLAND });
      agent.say("control", "surfaceClosed", { surface });
      await event(SURFACES);
      await event(SURFACES);
    };
    for (let count = 0; count < 20; count += 1) await readControl();
    expect(isOver).not.toHaveBeenCalled();
    for (let nowMs = 1000; isOver.mock.calls.length === 0; nowMs += 3000) {
      vi.mocked(performance.now).mockReturnValue(nowMs);
      vi.advanceTimersByTime(3000);
      await readControl();
    }
    await exited;
    link.close();
    expect((await told("closed")).detail).toBe("the host has let go of it");
  });

  /** A message of a newer minor version. */
  const unknown = encodeMessage(Uint8Array.of(0xfa, 0x3f, 0x00));

  it.each(["control", "frames", "bulk"] as const)(
    "of messages that nobody knows closes the channels, a few are skipped (%s)",
    async (port) => {
      const opened = await openHost();
      opened.agent.sayBytes(port, unknown);
      opened.agent.say("control", "windowOpened", { surface: 1, kind: Kind.WAYLAND });
      await windowEvent(opened);
      opened.agent.sayBytes(
        port,
        many(1_000, () => unknown),
      );
      expect((await opened.told("closed")).detail).toMatch(/^flood: .* unknown/);
    },
  );

  it("of unknown messages before hello closes the channels", async () => {
    const opened = await host();
    await opened.told("opened");
    opened.agent.sayBytes(
      "bulk",
      many(1_000, () => unknown),
    );
    expect((await opened.told("closed")).detail).toMatch(/^flood: .* unknown/);
  });
});

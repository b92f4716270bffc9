/** What is asked of a guest, and what it may answer. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FailureCode, Kind } from "#shared/protocol/gen/atoll_pb.ts";
import { APP_TEXT_BYTES, MAX_APP_LIST, MAX_APP_TEXT_BYTES, MAX_APPS, MAX_APPS_BYTES } from "#shared/protocol/limits.ts";
import { APPS } from "../contracts/apps.ts";
import { CLOCK } from "../contracts/clock.ts";
import { KEYMAP } from "../contracts/keymap.ts";
import { LAUNCHES } from "../contracts/launches.ts";
import { LIVENESS } from "../contracts/liveness.ts";
import { POWER } from "../contracts/power.ts";
import { SURFACES } from "../contracts/surfaces.ts";
import { MAX_OPEN_REQUESTS } from "../open-requests.ts";
import { ServiceHost } from "../testing/service-host.ts";
import { clock } from "./clock.ts";
import { keymap as keymapService } from "./keymap.ts";
import { Launches } from "./launches.ts";
import { liveness } from "./liveness.ts";

const launch = { request: 1, appId: "foot", argv: [], files: [] };

describe("a launch", () => {
  it("is answered once, and only if it was asked for", () => {
    const host = new ServiceHost();
    expect(new ServiceHost().say("launched", { request: 1, pid: 5 })).toBe("unknown-request");
    host.order(LAUNCHES, launch);
    expect(host.sentOf("launch")).toMatchObject([{ request: 1, appId: "foot" }]);
    expect(host.say("launched", { request: 1, pid: 5 })).toBe("accepted");
    expect(host.eventsOf(LAUNCHES)).toEqual([{ type: "launched", request: 1, pid: 5 }]);
    expect(host.say("launched", { request: 1, pid: 5 })).toBe("unknown-request");
  });

  it("fails with a reason, whose words are cleaned", () => {
    const host = new ServiceHost();
    host.order(LAUNCHES, launch);
    host.say("requestFailed", { request: 1, code: FailureCode.NOT_FOUND, detail: "no\u0000 such" });
    expect(host.eventsOf(LAUNCHES)).toEqual([{ type: "failed", request: 1, code: "not-found", detail: "no such" }]);
  });

  it("that ends badly is told once, with how, and one that ends well is not", () => {
    const host = new ServiceHost();
    for (const request of [1, 2, 3]) host.order(LAUNCHES, { ...launch, request });
    for (const request of [1, 2, 3]) host.say("launched", { request, pid: 5 });
    expect(host.say("programEnded", { request: 1, signal: 11 })).toBe("accepted");
    expect(host.say("programEnded", { request: 2, code: 3 })).toBe("accepted");
    expect(host.say("programEnded", { request: 3 })).toBe("accepted");
    expect(host.eventsOf(LAUNCHES).slice(3)).toEqual([
      { type: "ended", request: 1, end: { code: 0, signal: 11 } },
      { type: "ended", request: 2, end: { code: 3, signal: 0 } },
    ]);
    expect(host.say("programEnded", { request: 3 })).toBe("unknown-request");
    // Before its start is told it cannot end.
    const early = new ServiceHost();
    early.order(LAUNCHES, launch);
    expect(early.say("programEnded", { request: 1, code: 1 })).toBe("unknown-request");
  });

  it("may end long after it was forgotten, and then nobody hears of it", () => {
    const host = new ServiceHost();
    for (let request = 1; request <= 258; request += 1) {
      host.order(LAUNCHES, { ...launch, request });
      host.say("launched", { request, pid: 5 });
    }
    expect(host.say("programEnded", { request: 2, code: 1 })).toBe("accepted");
    expect(host.eventsOf(LAUNCHES)).toHaveLength(258);
    expect(host.say("programEnded", { request: 259, code: 1 })).toBe("unknown-request");
  });

  it("is what a window may name, and nothing else is", () => {
    const host = new ServiceHost();
    host.order(LAUNCHES, { ...launch, request: 7 });
    host.say("windowOpened", { surface: 1, kind: Kind.WAYLAND, launch: 7 });
    host.say("windowOpened", { surface: 2, kind: Kind.WAYLAND, launch: 8 });
    expect(host.eventsOf(SURFACES)).toMatchObject([{ window: { launch: 7 } }, { window: { launch: null } }]);
  });

  it("is forgotten when there were many since: no window may name it any more", () => {
    const host = new ServiceHost();
    for (let request = 1; request <= 257; request += 1) {
      host.order(LAUNCHES, { ...launch, request });
      host.say("launched", { request, pid: 5 });
    }
    host.say("windowOpened", { surface: 1, kind: Kind.WAYLAND, launch: 1 });
    host.say("windowOpened", { surface: 2, kind: Kind.WAYLAND, launch: 2 });
    expect(host.eventsOf(SURFACES)).toMatchObject([{ window: { launch: null } }, { window: { launch: 2 } }]);
  });

  it("has an age, by which the page knows whether its window may still take focus", () => {
    let nowMs = 5_000;
    const context = { send: () => undefined } as unknown as ConstructorParameters<typeof Launches>[0];
    const launches = new Launches(context, () => nowMs);
    launches.order({ ...launch, request: 7 });
    nowMs += 1_500;
    expect([launches.ageMs(7), launches.ageMs(8)]).toEqual([1_500, null]);
    // One that nobody was to see is asked for now; one that was never ordered is none.
    launches.order({ request: 7, isAskedNow: true });
    launches.order({ request: 8, isAskedNow: true });
    expect([launches.ageMs(7), launches.ageMs(8)]).toEqual([0, null]);
  });
});

describe.each([
  [
    "launches",
    (host: ServiceHost, request: number) => host.order(LAUNCHES, { ...launch, request }),
    (host: ServiceHost, request: number) => host.order(LAUNCHES, { request, isGivenUp: true }),
  ],
  [
    "lists of applications",
    (host: ServiceHost, request: number) => host.order(APPS, { request }),
    (host: ServiceHost, request: number) => host.order(APPS, { request, isGivenUp: true }),
  ],
] as const)("%s that are not answered", (kind, ask, giveUp) => {
  const answer = (host: ServiceHost, request: number): string =>
    kind === "launches" ? host.say("launched", { request, pid: 1 }) : host.say("apps", { request, last: true });

  it("are given up when main says so; an answer that comes later is told to nobody, and comes once", () => {
    const host = new ServiceHost();
    ask(host, 1);
    giveUp(host, 1);
    expect(answer(host, 1)).toBe("accepted");
    expect(host.events).toEqual([]);
    expect(answer(host, 1)).toBe("unknown-request");
  });

  it("are bounded in number", () => {
    const host = new ServiceHost();
    for (let request = 1; request <= MAX_OPEN_REQUESTS + 10; request += 1) {
      ask(host, request);
      giveUp(host, request);
    }
    expect(host.sent).toHaveLength(MAX_OPEN_REQUESTS);
    answer(host, 1);
    ask(host, 1000);
    expect(host.sent).toHaveLength(MAX_OPEN_REQUESTS + 1);
  });
});

describe("a list of applications", () => {
  it("is bounded over all of its messages", () => {
    const host = new ServiceHost();
    host.order(APPS, { request: 1 });
    const text = "x".repeat(MAX_APP_TEXT_BYTES);
    const app = { id: text, name: text, mimeTypes: Array.from({ length: 98 }, () => text) };
    const bytesOfApp = (MAX_APP_TEXT_BYTES + APP_TEXT_BYTES) * 100;
    for (let bytes = bytesOfApp; bytes <= MAX_APPS_BYTES; bytes += bytesOfApp)
      expect(host.say("apps", { request: 1, apps: [app] })).toBe("accepted");
    expect(host.say("apps", { request: 1, apps: [app] })).toBe("quota");
  });

  it("is one at a time: what comes of one that was given up is not kept", () => {
    const host = new ServiceHost();
    host.order(APPS, { request: 1 });
    host.order(APPS, { request: 2 });
    expect(host.say("apps", { request: 1, apps: [{ id: "late" }], last: true })).toBe("accepted");
    expect(host.say("apps", { request: 2, apps: [{ id: "foot" }], last: true })).toBe("accepted");
    expect(host.eventsOf(APPS)).toMatchObject([{ request: 2, apps: [{ id: "foot" }] }]);
  });

  it("is reported once it is complete, with those that are hidden", () => {
    const host = new ServiceHost();
    host.order(APPS, { request: 2 });
    host.say("apps", { request: 2, apps: [{ id: "foot", name: "Foot" }] });
    expect(host.eventsOf(APPS)).toEqual([]);
    host.say("apps", { request: 2, apps: [{ id: "pdf", name: "PDF", hidden: true }], last: true });
    expect(host.eventsOf(APPS)).toMatchObject([
      {
        request: 2,
        apps: [
          { id: "foot", hidden: false },
          { id: "pdf", hidden: true },
        ],
      },
    ]);
    expect(host.say("apps", { request: 2, last: true })).toBe("unknown-request");
  });

  it.each([
    ["too many of them", Array.from({ length: MAX_APPS + 1 }, () => ({ id: "a" })), "quota"],
    ["a long name", [{ id: "a", name: "x".repeat(MAX_APP_TEXT_BYTES + 1) }], "text-too-long"],
    ["many types", [{ id: "a", mimeTypes: Array.from({ length: MAX_APP_LIST + 1 }, () => "a/b") }], "quota"],
  ])("is refused with %s", (_what, apps, code) => {
    const host = new ServiceHost();
    host.order(APPS, { request: 1 });
    expect(host.say("apps", { request: 1, apps })).toBe(code);
  });
});

it("power off is sent to the agent", () => {
  const host = new ServiceHost();
  host.order(POWER, "powerOff");
  expect(host.sent.map(({ name }) => name)).toEqual(["powerOff"]);
});

describe("a heartbeat", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("that is not answered in time says so, and again when it is", () => {
    const host = new ServiceHost();
    host.use(liveness).opened();
    vi.advanceTimersByTime(3_000);
    const [ping] = host.sentOf("ping");
    vi.advanceTimersByTime(30_000);
    expect(host.sentOf("ping")).toHaveLength(1);
    expect(host.eventsOf(LIVENESS)).toEqual([{ isResponsive: false }]);
    expect(host.say("pong", { nonce: ping?.nonce ?? 0n })).toBe("accepted");
    expect(host.eventsOf(LIVENESS)).toEqual([{ isResponsive: false }, { isResponsive: true }]);
    expect(host.say("pong", { nonce: ping?.nonce ?? 0n })).toBe("unknown-request");
    host.close();
  });

  it("is not expected of a VM that is paused", () => {
    const host = new ServiceHost();
    host.use(liveness).opened();
    vi.advanceTimersByTime(3_000);
    host.order(LIVENESS, { isPaused: true });
    vi.advanceTimersByTime(60_000);
    expect(host.eventsOf(LIVENESS)).toEqual([]);
    host.close();
  });
});

describe("the guest's clock", () => {
  const NOW = Date.UTC(2026, 10, 28);
  const HOUR_MS = 3_600_000;
  beforeEach(
    () => void vi.useFakeTimers({ now: NOW, toFake: ["Date", "setInterval", "clearInterval", "performance"] }),
  );
  afterEach(() => void vi.useRealTimers());
  const told = (host: ServiceHost): unknown[] => host.sentOf("clockSet").map(({ unixMs }) => unixMs);

  it("is set at hello, and when the VM goes on after a pause", () => {
    const host = new ServiceHost();
    host.use(clock).opened();
    expect(told(host)).toEqual([BigInt(NOW)]);
    host.order(CLOCK, { isPaused: false });
    host.order(CLOCK, { isPaused: true });
    vi.advanceTimersByTime(HOUR_MS);
    expect(told(host)).toHaveLength(1);
    host.order(CLOCK, { isPaused: false });
    expect(told(host)).toEqual([BigInt(NOW), BigInt(NOW + HOUR_MS)]);
  });

  it("is set when the host's has jumped, while the VM is not paused", () => {
    const host = new ServiceHost();
    host.use(clock).opened();
    host.order(CLOCK, { isPaused: true });
    vi.setSystemTime(Date.now() + HOUR_MS);
    vi.advanceTimersByTime(10_000);
    expect(told(host)).toHaveLength(1);
    host.order(CLOCK, { isPaused: false });
    for (const jumpMs of [HOUR_MS, -HOUR_MS]) {
      vi.setSystemTime(Date.now() + jumpMs);
      vi.advanceTimersByTime(10_000);
    }
    expect(told(host)).toHaveLength(4);
  });

  it("is left alone by a host whose own clock cannot be right", () => {
    vi.setSystemTime(Date.UTC(1970, 0, 2));
    const host = new ServiceHost();
    host.use(clock).opened();
    expect(told(host)).toEqual([]);
  });
});

it("a change of the keyboard layout is sent at once, and to an agent that says hello later", () => {
  const keymap = { rules: "evdev", model: "pc105", layout: "de", variant: "", options: "" };
  const host = new ServiceHost();
  host.use(keymapService).opened?.();
  expect(host.sentOf("keymapChanged")).toEqual([]);
  host.order(KEYMAP, keymap);
  host.use(keymapService).opened?.();
  expect(host.sentOf("keymapChanged")).toMatchObject([{ keymap }, { keymap }]);
});

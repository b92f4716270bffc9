import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ClipType, COPIED_FILES } from "#shared/model/clip.ts";
import type { Vm } from "../vms/vm.ts";
import type { HostClipState } from "./host-clip.ts";
import { HostExchange } from "./host-exchange.ts";
import { HostWatch } from "./host-watch.ts";
import { type LinkedVm, linkedVm } from "./testing/linked-vm.ts";
import { ClipDesk, settled, TEXT } from "./testing/clip-desk.ts";

const PNG: ClipType = "image/png";

class FakeHost {
  state: HostClipState = { types: [], isSecret: false, stamp: "" };
  takes = true;
  readonly written: [ClipType, string][] = [];
  readonly reads: ClipType[] = [];
  focus: () => void = () => undefined;

  copy(stamp: string, types: ClipType[] = [TEXT], isSecret = false): void {
    this.state = { types, isSecret, stamp };
  }

  look(): Promise<HostClipState> {
    return Promise.resolve(this.state);
  }

  read(type: ClipType): Promise<Uint8Array> {
    this.reads.push(type);
    return Promise.resolve(Buffer.from("of the host"));
  }

  write(type: ClipType, content: Uint8Array): Promise<boolean> {
    if (this.takes) this.written.push([type, Buffer.from(content).toString()]);
    this.copy("written");
    return Promise.resolve(this.takes);
  }

  onFocus(focused: () => void): void {
    this.focus = focused;
  }
}

let linked: LinkedVm;
let home: Vm;
let desk: ClipDesk;
let host: FakeHost;
let exchange: HostExchange;
let watch: HostWatch;
beforeEach(async () => {
  linked = await linkedVm("home");
  home = linked.vm;
  desk = new ClipDesk();
  desk.open(home);
  host = new FakeHost();
  watch = new HostWatch(host, desk.broker);
  const { gate, read, bringFiles } = desk.ports;
  exchange = new HostExchange({ broker: desk.broker, gate, read, host, watch, bringFiles });
});
afterEach(() => home.release());

/** Ends the reading that is under way. */
async function deliver(content: string | null = "text"): Promise<void> {
  await settled();
  await desk.readings.at(-1)?.end({ content: content === null ? null : Buffer.from(content) });
}

describe("from a VM to the host", () => {
  test("what was copied last there, whoever copied it, through the policy", async () => {
    desk.copy(home, 1, { sinceInputMs: null });
    const got = exchange.get(home, "text/plain");
    await deliver("a text");
    expect(await got).toEqual({ type: TEXT, bytes: Buffer.from("a text") });
    expect(desk.requests).toMatchObject([
      { crossing: { from: { id: home.id }, to: { kind: "host" }, type: "text/plain" } },
    ]);
    expect(desk.told).toHaveLength(1);
  });

  test("the person is asked with a preview; without an answer nothing comes", async () => {
    desk.rules.set("host", "ask");
    desk.copy(home, 1);
    const waiting = new AbortController();
    const got = exchange.get(home, TEXT, waiting.signal);
    expect(desk.asked[0]?.request.preview?.current).toMatchObject({ text: "secret plans" });
    waiting.abort();
    await expect(got).rejects.toMatchObject({ code: "policy.unanswered" });
    expect(desk.readings[0]).toMatchObject({ isCancelled: true, target: null });
  });

  test("a rule that denies is the command's failure", async () => {
    desk.rules.set("host", "deny");
    desk.copy(home, 1);
    await expect(exchange.get(home, TEXT)).rejects.toMatchObject({ code: "policy.denied" });
    expect(desk.readings[0]?.target).toBeNull();
  });

  test.each([
    ["nothing was copied", "clipboard.empty", () => undefined],
    ["it is of another type", "clipboard.not-offered", () => desk.copy(home, 1, { types: ["image/png"] })],
    ["the VM does not run", "vm.not-running", () => linked.machine.emit("ended", { reason: "killed" })],
  ])("%s: %s", async (_, code, happens) => {
    happens();
    await expect(exchange.get(home, TEXT)).rejects.toMatchObject({ code });
  });

  test("formatted text does not go to the host", async () => {
    desk.copy(home, 1, { types: ["text/html"] });
    await expect(exchange.get(home, "text/html")).rejects.toMatchObject({ code: "clipboard.not-offered" });
    await expect(exchange.copyToHost(home)).rejects.toMatchObject({ code: "clipboard.not-offered" });
  });

  test.each([
    { by: "source", code: "clipboard.failed" },
    { by: "size", code: "clipboard.too-large" },
  ] as const)("a transfer that fails by $by: $code", async ({ by, code }) => {
    desk.copy(home, 1);
    const [, got] = await Promise.allSettled([
      settled().then(() => desk.readings[0]?.end({ outcome: "failed", by })),
      exchange.get(home, TEXT),
    ]);
    expect(got).toMatchObject({ status: "rejected", reason: { code } });
  });

  test("no more comes than the rule lets through, and the words say so", async () => {
    desk.copy(home, 1);
    desk.ruleBytes = 1_000;
    const [, got] = await Promise.allSettled([
      settled().then(() => desk.readings[0]?.end({ outcome: "failed", by: "size" })),
      exchange.get(home, TEXT),
    ]);
    expect(desk.readings[0]?.ruleBytes).toBe(1_000);
    const message = expect.stringContaining(
      "more than the 1000 bytes that the rule lets through. Copy less of it.",
    ) as string;
    expect(got).toMatchObject({ status: "rejected", reason: { code: "clipboard.too-large", message } });
  });

  test("Copy to host takes the text before a picture, and writes it", async () => {
    desk.copy(home, 1, { types: ["image/png", "text/html", "text/plain"] });
    const copied = exchange.copyToHost(home);
    await deliver("a text");
    await copied;
    expect(host.written).toEqual([[TEXT, "a text"]]);
    // It is no copy that somebody made on the host.
    host.focus();
    await settled();
    expect(desk.broker.current?.from).toMatchObject({ id: home.id });
  });

  test("copied files come as files, and the host's clipboard stays as it is", async () => {
    desk.copy(home, 1, { types: ["text/uri-list", COPIED_FILES] });
    await exchange.copyToHost(home);
    expect(desk.brought).toMatchObject([{ to: "host" }]);
    await desk.brought[0]?.arrive("/home/me/Incoming/home/a");
    expect([host.written, desk.readings]).toEqual([[], []]);
    const message = expect.stringContaining('"atoll cp home:PATH ."') as string;
    await expect(exchange.get(home, TEXT)).rejects.toMatchObject({ code: "clipboard.not-offered", message });
  });

  test("a display that does not take it is told", async () => {
    host.takes = false;
    desk.copy(home, 1);
    const copied = exchange.copyToHost(home);
    await Promise.all([deliver(), expect(copied).rejects.toMatchObject({ code: "clipboard.failed" })]);
  });
});

describe("put into a VM", () => {
  test("goes through the policy, and is its own clip from then on", async () => {
    const web = desk.vm("web");
    const put = exchange.put(home, "text/plain", Buffer.from("a text"));
    await settled();
    expect(desk.requests).toMatchObject([{ crossing: { from: { kind: "host" }, to: { id: home.id }, bytes: 6 } }]);
    expect(desk.delivered[0]?.target).toEqual({ kind: "put", vm: home, selection: "clipboard" });
    let isDone = false;
    void put.then(() => (isDone = true));
    await deliver(null);
    await settled();
    expect(isDone).toBe(false);
    desk.copy(home, 1, { sinceInputMs: null });
    expect(await put).toEqual({ type: TEXT, characters: 12 });
    expect(desk.offers(web)).toEqual([TEXT]);
  });

  test.each([
    ["a VM whose link is lost", () => Promise.resolve(desk.broker.closed(home))],
    ["a VM that never says that it has it", () => desk.pass(5_001)],
  ])("is done with %s, too", async (_, happens) => {
    const put = exchange.put(home, "text/plain", Buffer.from("a text"));
    await deliver(null);
    await settled();
    await happens();
    expect(await put).toEqual({ type: TEXT, characters: 12 });
  });

  test("denied: nothing goes", async () => {
    desk.rules.set("home", "deny");
    await expect(exchange.put(home, TEXT, Buffer.from("x"))).rejects.toMatchObject({ code: "policy.denied" });
    expect(desk.delivered).toEqual([]);
  });

  test("a type that no clip has is wrong usage", async () => {
    await expect(exchange.put(home, "application/pdf", Buffer.from("x"))).rejects.toMatchObject({
      code: "usage.bad-argument",
    });
  });
});

describe("the host's clipboard", () => {
  test("what was copied there since is the current clip when the person comes back; it is read when it crosses", async () => {
    const web = desk.vm("web");
    host.focus();
    await settled();
    desk.copy(home, 1);
    host.copy("new", [TEXT, PNG]);
    host.focus();
    await settled();
    expect(desk.broker.current?.from).toEqual({ kind: "host" });
    expect(desk.offers(web)).toEqual([TEXT, PNG]);
    expect(host.reads).toEqual([]);
    desk.copy(home, 2);
    host.focus();
    await settled();
    expect(desk.broker.current?.from).toMatchObject({ id: home.id });
  });

  test("at the first look nobody knows how old it is: a copy in a VM is newer", async () => {
    host.copy("old");
    desk.copy(home, 1);
    host.focus();
    await settled();
    expect(desk.broker.current?.from).toMatchObject({ id: home.id });
  });

  test("it is taken back when the host holds nothing any more", async () => {
    host.copy("new");
    host.focus();
    await settled();
    host.copy("", []);
    host.focus();
    await settled();
    expect(desk.broker.current).toBeNull();
  });

  test("a secret of the host's is one here", async () => {
    host.copy("new", [TEXT], true);
    host.focus();
    await settled();
    expect(desk.broker.current?.isSecret).toBe(true);
  });

  test("the person can say that it is meant, whatever is newer", async () => {
    host.copy("same");
    host.focus();
    await settled();
    desk.copy(home, 1);
    expect(await watch.wanted()).toBe(true);
    expect(desk.broker.current?.from).toEqual({ kind: "host" });
    host.copy("", []);
    expect(await watch.wanted()).toBe(false);
  });
});

// From one VM's agent to another's, through two links: a test speaks for both agents.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClipType } from "#shared/model/clip.ts";
import { Selection } from "#shared/protocol/gen/atoll_pb.ts";
import { MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { CLIPBOARD } from "../link/contracts/clipboard.ts";
import { BUFFER_BYTES } from "../link/clips/buffered-reading.ts";
import { clipboard } from "../vms/services/clipboard.ts";
import type { MessagePortLike } from "../link/message-port.ts";
import { clipFilter } from "../link/clips/filters.ts";
import { streams } from "../link/services/streams.ts";
import { portPair } from "../link/testing/ports.ts";
import { sendContent, takeContent } from "./main-ends.ts";
import type { PictureBox } from "./picture-box.ts";
import { clipReader } from "./read-clip.ts";
import type { ClipPreview, ClipReading, ReadySource, ClipTarget } from "./reading.ts";
import { type LinkedVm, linkedVm } from "./testing/linked-vm.ts";

const TEXT = "text/plain;charset=utf-8";
const HTML = "text/html";

let source: LinkedVm;
let target: LinkedVm;
beforeEach(async () => {
  [source, target] = await Promise.all([linkedVm("home"), linkedVm("web")]);
  target.vm.service(clipboard).announce("clipboard", 1, [TEXT, HTML, "text/uri-list", "image/png"]);
});
afterEach(() => {
  for (const { vm, agent } of [source, target]) {
    agent.close();
    vm.release();
  }
});

const noPictures = { prepare: () => undefined, open: () => expect.fail("no picture is read") };
const readClip = clipReader(noPictures);

function read(type: ClipType = TEXT): ClipReading {
  source.agent.say("clipOffered", { selection: Selection.CLIPBOARD, generation: 1, types: ["UTF8_STRING"] });
  return readClip({ kind: "vm", vm: source.vm, selection: "clipboard", generation: 1, type: "UTF8_STRING" }, type);
}

function request(type: ClipType = TEXT, number = 1): ClipTarget {
  target.agent.say("pasteWanted", { request: number, offer: 1, type });
  return { kind: "request", vm: target.vm, request: number };
}

/** The stream that the source's agent writes. */
async function streamRead(): Promise<number> {
  await source.agent.until(() => source.agent.sentOf("clipRead").length > 0);
  return source.agent.sentOf("clipRead")[0]?.stream ?? 0;
}

async function streamGiven(): Promise<number> {
  await target.agent.until(() => target.agent.sentOf("pasteGiven").length > 0);
  return target.agent.sentOf("pasteGiven")[0]?.stream ?? 0;
}

/** Looks at each message to an agent once. */
class Tally {
  readonly #agent: LinkedVm["agent"];
  #seen = 0;
  credit = 0;
  bytes = 0;
  isEnded = false;

  constructor(agent: LinkedVm["agent"]) {
    this.#agent = agent;
  }

  look(): this {
    for (; this.#seen < this.#agent.sent.length; this.#seen += 1) {
      const { name, value, payload } = this.#agent.sent[this.#seen] ?? {};
      if (name === "streamCredit") this.credit += (value as { bytes: number }).bytes;
      else if (name === "streamData") this.bytes += payload?.length ?? 0;
      else if (name === "streamEnd") this.isEnded = true;
    }
    return this;
  }
}

/** The source's agent writes as it has credit. */
function writer(): { credit(): number; write(stream: number, bytes: Uint8Array): Promise<void> } {
  const tally = new Tally(source.agent);
  let written = 0;
  return {
    credit: () => tally.look().credit,
    async write(stream, bytes) {
      for (let at = 0; at < bytes.length;) {
        await source.agent.until(() => tally.look().credit > written);
        const chunk = bytes.subarray(at, at + Math.min(MAX_STREAM_CHUNK_BYTES, tally.credit - written));
        expect(source.agent.say("streamData", { stream }, chunk)).toBe("accepted");
        at += chunk.length;
        written += chunk.length;
      }
    },
  };
}

async function writeAll(text: string | Uint8Array): Promise<void> {
  const stream = await streamRead();
  await writer().write(stream, Buffer.from(text));
  expect(source.agent.say("streamEnd", { stream })).toBe("accepted");
}

/** What the target's agent has got. */
function got({ agent }: LinkedVm = target): Buffer {
  return Buffer.concat(
    agent.sent.flatMap(({ name, payload }) => (name === "streamData" && payload !== undefined ? [payload] : [])),
  );
}

/** The target's agent reads as long as something comes. */
async function readAll(stream: number): Promise<void> {
  const { agent } = target;
  const tally = new Tally(agent);
  agent.say("streamCredit", { stream, bytes: MAX_STREAM_CREDIT_BYTES });
  for (let read = 0; !tally.look().isEnded;) {
    await agent.until(() => tally.look().bytes > read || tally.isEnded);
    const more = tally.bytes - read;
    read += more;
    if (more > 0 && !tally.isEnded) agent.say("streamCredit", { stream, bytes: more });
  }
}

function previewThat(reading: ClipReading, isSought: (preview: ClipPreview) => boolean): Promise<ClipPreview> {
  return new Promise((resolve) => {
    const look = (preview: ClipPreview): void => void (isSought(preview) && resolve(preview));
    reading.onPreview(look);
    look(reading.preview);
  });
}

/** Until main has heard that nothing more comes. */
async function previewOver(reading: ClipReading): Promise<void> {
  await source.agent.until(() => source.agent.eventsOf(CLIPBOARD).some(({ type }) => type === "readingEnded"));
  await Promise.resolve();
  expect(reading.preview.isComplete).toBe(false);
}

describe("text of one VM", () => {
  it("is given to a program of another one, cleaned, and goes from link to link", async () => {
    const reading = read();
    const end = reading.deliver(request());
    await writeAll("caf\u00e9\r\n\u0000\u001b[31m\tred\u0085");
    await readAll(await streamGiven());
    expect(await end).toEqual({ outcome: "complete", bytes: 14, characters: 13, content: null });
    expect(got().toString()).toBe("café\n[31m\tred");
    expect(target.agent.sentOf("streamEnd")).toMatchObject([{ aborted: false }]);
    expect(source.agent.sentOf("clipRead")).toMatchObject([
      { selection: Selection.CLIPBOARD, generation: 1, type: "UTF8_STRING" },
    ]);
    // Main hears how much it is, and sees its beginning; no bytes on their way.
    for (const { agent } of [source, target])
      expect(agent.eventsOf(CLIPBOARD).filter(({ type }) => type === "said")).toEqual([]);
  });

  it("of several MiB comes whole, though the filter takes out much of it", async () => {
    const text = Buffer.alloc(3 * 1024 * 1024, "ab\u0000\u0001");
    const end = read().deliver(request());
    await Promise.all([writeAll(text), streamGiven().then((stream) => readAll(stream))]);
    expect(await end).toMatchObject({ outcome: "complete", bytes: text.length / 2 });
    expect(got().equals(Buffer.alloc(text.length / 2, "ab"))).toBe(true);
  });

  it.each([
    [9, { outcome: "complete", bytes: 9 }, "1234 6789"],
    [8, { outcome: "failed", by: "size" }, ""],
  ])("goes as far as its rule lets through, to a program and to main: %i bytes", async (ruleBytes, ends, given) => {
    const end = read().deliver(request(), ruleBytes);
    await writeAll("1234 6789");
    const stream = await streamGiven();
    target.agent.say("streamCredit", { stream, bytes: 100 });
    expect(await end).toMatchObject(ends);
    expect(got().toString()).toBe(given);
    expect(target.agent.sentOf("streamEnd")).toMatchObject([{ aborted: given === "" }]);

    const held = { kind: "bytes", bytes: Buffer.from("1234 6789") } as const;
    const content = given === "" ? {} : { content: Buffer.from(given) };
    expect(await readClip(held, TEXT).deliver({ kind: "collect" }, ruleBytes)).toMatchObject({ ...ends, ...content });
  });

  it("waits in its link while nobody has decided: no more than a bounded part, and nothing of it goes anywhere", async () => {
    const reading = read();
    const [stream, { credit, write }] = [await streamRead(), writer()];
    await write(stream, new Uint8Array(BUFFER_BYTES).fill(0x61));
    expect(credit()).toBe(BUFFER_BYTES);
    expect(source.agent.say("streamData", { stream }, new Uint8Array(1))).toBe("no-credit");
    await previewThat(reading, ({ bytes }) => bytes === BUFFER_BYTES);
    expect(target.agent.sent.map(({ name }) => name)).toEqual(["clipAnnounced"]);
  });

  it("is shown to main, 4 KiB of it at most, and how much there is", async () => {
    const reading = read();
    await writeAll(`\u001b${"é".repeat(4000)}`);
    const preview = await previewThat(reading, ({ isComplete }) => isComplete);
    expect(preview).toEqual({ text: "é".repeat(2047), bytes: 8001, isComplete: true, picture: null });
  });

  it("that waited is given first, then the rest", async () => {
    const reading = read();
    const [stream, { write }] = [await streamRead(), writer()];
    const text = Buffer.from(Array.from({ length: 100_000 }, (_, at) => `${at} `).join(""));
    await write(stream, text.subarray(0, BUFFER_BYTES));
    const end = reading.deliver(request());
    const rest = write(stream, text.subarray(BUFFER_BYTES)).then(() => source.agent.say("streamEnd", { stream }));
    await readAll(await streamGiven());
    await rest;
    expect(await end).toMatchObject({ outcome: "complete", bytes: text.length });
    expect(got().equals(text)).toBe(true);
  });
});

describe("content that does not come", () => {
  it("costs the program its paste, and says why: the source gives up in the middle", async () => {
    const end = read().deliver(request());
    const stream = await streamRead();
    await writer().write(stream, Buffer.from("abc"));
    const given = await streamGiven();
    target.agent.say("streamCredit", { stream: given, bytes: 100 });
    await target.agent.until(() => got().length === 3);
    source.agent.say("streamEnd", { stream, aborted: true });
    expect(await end).toEqual({ outcome: "failed", bytes: 3, by: "source" });
    expect(target.agent.sentOf("streamEnd")).toMatchObject([{ stream: given, aborted: true }]);
  });

  it("had failed before anybody decided: the request is refused", async () => {
    const reading = read();
    source.agent.say("streamEnd", { stream: await streamRead(), aborted: true });
    await previewOver(reading);
    expect(await reading.deliver(request())).toEqual({ outcome: "failed", bytes: 0, by: "source" });
    expect(target.agent.sentOf("pasteRefused")).toEqual([{ request: 1 }]);
    expect(target.agent.sentOf("pasteGiven")).toEqual([]);
  });

  it("is more than its type may have: nothing that came before is left of it, and the next clip is whole", async () => {
    const list = Buffer.alloc(64 * 1024 + 1, "https://a.example/\n");
    const end = read("text/uri-list").deliver(request("text/uri-list"));
    await writer().write(await streamRead(), list);
    target.agent.say("streamCredit", { stream: await streamGiven(), bytes: MAX_STREAM_CREDIT_BYTES });
    expect(await end).toEqual({ outcome: "failed", bytes: 0, by: "size" });
    expect(got()).toHaveLength(0);
    const next = readClip({ kind: "bytes", bytes: Buffer.from("next") }, TEXT).deliver(request(TEXT, 2));
    await target.agent.until(() => target.agent.sentOf("pasteGiven").length === 2);
    const stream = target.agent.sentOf("pasteGiven")[1]?.stream ?? 0;
    target.agent.say("streamCredit", { stream, bytes: 100 });
    expect(await next).toMatchObject({ outcome: "complete", bytes: 4 });
    expect(got().toString()).toBe("next");
  });

  it("is nothing that its type says", async () => {
    const end = read("text/uri-list").deliver(request("text/uri-list"));
    await writeAll("file:///home/user/secret");
    expect(await end).toEqual({ outcome: "failed", bytes: 0, by: "content" });
    expect(got()).toHaveLength(0);
  });

  it("is wanted no longer by its program", async () => {
    const end = read().deliver(request());
    target.agent.say("streamEnd", { stream: await streamGiven() });
    expect(await end).toEqual({ outcome: "failed", bytes: 0, by: "target" });
    await source.agent.until(() => source.agent.sentOf("streamEnd").length > 0);
  });

  it("is cancelled, before or after it is delivered", async () => {
    const reading = read();
    const stream = await streamRead();
    reading.cancel();
    await source.agent.until(() => source.agent.sentOf("streamEnd").length > 0);
    expect(source.agent.say("streamEnd", { stream, aborted: true })).toBe("accepted");
    await previewOver(reading);
    expect(await reading.deliver(request())).toMatchObject({ by: "cancelled" });
    const other = readClip(
      { kind: "vm", vm: source.vm, selection: "clipboard", generation: 1, type: "UTF8_STRING" },
      TEXT,
    );
    const end = other.deliver(request(TEXT, 2));
    await streamGiven();
    other.cancel();
    expect(await end).toEqual({ outcome: "failed", bytes: 0, by: "cancelled" });
  });

  it.each(["before", "after"] as const)("is of a VM that dies, %s it is delivered", async (when) => {
    const reading = read();
    await streamRead();
    const early = when === "after" ? reading.deliver(request()) : null;
    if (early !== null) await streamGiven();
    source.agent.close();
    source.machine.emit("ended", { reason: "killed" });
    const end = await (early ?? reading.deliver(request()));
    expect(end).toEqual({ outcome: "failed", bytes: 0, by: "source" });
  });

  it("is for a VM that dies in the middle, or is dead", async () => {
    const end = read().deliver(request());
    await streamGiven();
    target.agent.close();
    target.machine.emit("ended", { reason: "killed" });
    expect(await end).toMatchObject({ outcome: "failed", by: "target" });
    const put = readClip({ kind: "bytes", bytes: Buffer.from("a") }, TEXT);
    const late = put.deliver({ kind: "put", vm: target.vm, selection: "clipboard" });
    expect(await late).toMatchObject({ outcome: "failed", by: "target" });
    const dead = readClip({ kind: "vm", vm: target.vm, selection: "clipboard", generation: 1, type: "TEXT" }, TEXT);
    expect(await dead.deliver({ kind: "collect" })).toMatchObject({ outcome: "failed", by: "source" });
  });

  it("leaves nothing behind, ten thousand times", async () => {
    const first = read();
    await streamRead();
    first.cancel();
    source.agent.say("streamEnd", { stream: 1, aborted: true });
    for (let count = 2; count <= 10_000; count += 1) {
      const source1 = {
        kind: "vm" as const,
        vm: source.vm,
        selection: "clipboard" as const,
        generation: 1,
        type: "TEXT",
      };
      const reading = readClip(source1, TEXT);
      const end = reading.deliver(request(TEXT, count));
      reading.cancel();
      source.agent.say("streamEnd", { stream: count, aborted: true });
      if (count % 50 === 0) await end;
    }
    // Streams of both are as many as may be open at once, had any been left.
    expect(source.agent.use(streams).table.open("agent")).toBe(10_001);
  });
});

describe("what main has or takes itself", () => {
  it("goes to a program through the same filter", async () => {
    const end = readClip({ kind: "bytes", bytes: Buffer.from("a\u0000b\r\n") }, TEXT).deliver(request());
    await readAll(await streamGiven());
    expect(await end).toEqual({ outcome: "complete", bytes: 3, characters: 3, content: null });
    expect(got().toString()).toBe("ab\n");
  });

  it("goes ahead: a program takes it, and a request that was on its way is answered by it", async () => {
    const reading = readClip({ kind: "bytes", bytes: Buffer.from("abc") }, TEXT);
    const taken = new Promise<void>((resolve) => void reading.onTaken(resolve));
    const end = reading.deliver({ kind: "ahead", vm: target.vm, offer: 1, chord: null });
    const stream = target.agent.sentOf("clipAhead")[0]?.stream ?? 0;
    await readAll(stream);
    expect(await end).toMatchObject({ outcome: "complete", bytes: 3 });
    request(TEXT, 1);
    reading.answer(1);
    expect(target.agent.sentOf("pasteGiven")).toEqual([{ request: 1, stream }]);
    target.agent.say("pasteTaken", { stream });
    await taken;
  });

  it("does not go ahead after it was cancelled, and what asks for it is refused at once", async () => {
    const reading = readClip({ kind: "bytes", bytes: Buffer.from("abc") }, TEXT);
    reading.cancel();
    const end = reading.deliver({ kind: "ahead", vm: target.vm, offer: 1, chord: null });
    request(TEXT, 1);
    reading.answer(1);
    expect(await end).toEqual({ outcome: "failed", bytes: 0, by: "cancelled" });
    expect(target.agent.sentOf("clipAhead")).toEqual([]);
    await target.agent.until(() => target.agent.sentOf("pasteRefused").length > 0);
    expect(target.agent.sentOf("pasteRefused")).toEqual([{ request: 1 }]);
  });

  it("goes nowhere after it was cancelled", async () => {
    const reading = readClip({ kind: "bytes", bytes: Buffer.from("abc") }, TEXT);
    reading.cancel();
    expect(await reading.deliver({ kind: "collect" })).toEqual({ outcome: "failed", bytes: 0, by: "cancelled" });
  });

  it("becomes a VM's own clip", async () => {
    const put = readClip({ kind: "bytes", bytes: new Uint8Array(0) }, HTML);
    const end = put.deliver({ kind: "put", vm: target.vm, selection: "primary" });
    expect(target.agent.sentOf("clipPut")).toMatchObject([{ selection: Selection.PRIMARY, type: HTML, stream: 1 }]);
    await readAll(1);
    expect(await end).toMatchObject({ outcome: "complete", bytes: 0 });
  });

  it("comes from a VM, cleaned by main, which does not believe the link", async () => {
    const end = read().deliver({ kind: "collect" });
    await writeAll("a\u001bb");
    expect(await end).toEqual({ outcome: "complete", bytes: 2, characters: 2, content: Buffer.from("ab") });
  });

  it("is shown as it is, before it goes anywhere", () => {
    const reading = readClip({ kind: "bytes", bytes: Buffer.from("a\u0007b") }, TEXT);
    expect(reading.preview).toEqual({ text: "ab", bytes: 3, isComplete: true, picture: null });
  });

  it("passes through main alone where both ends are main's", async () => {
    const end = readClip({ kind: "bytes", bytes: Buffer.from("a\u0007b") }, TEXT).deliver({ kind: "collect" });
    expect(await end).toEqual({ outcome: "complete", bytes: 2, characters: 2, content: Buffer.from("ab") });
  });

  it("is never HTML of a guest", async () => {
    const end = await read(HTML).deliver({ kind: "collect" });
    expect(end).toEqual({ outcome: "failed", bytes: 0, by: "content" });
  });
});

describe("a picture", () => {
  /** In place of the box: what it is given is encoded by `encode`. */
  function boxed(encode: (picture: Buffer) => Uint8Array | null): {
    read: ReturnType<typeof clipReader>;
    ended: number[];
  } {
    const ended: number[] = [];
    const box: PictureBox = {
      prepare: () => undefined,
      open(from, shown) {
        const [source1, mine] = portPair();
        const [target1, others] = portPair();
        open.push(source1, mine, target1, others);
        from(source1);
        takeContent(clipFilter("image/png", null), mine, (outcome, content) => {
          const encoded = content === null ? null : encode(Buffer.from(content));
          if (encoded === null || outcome !== "complete") return others.close();
          shown?.(SHOWN);
          sendContent(encoded, others, () => undefined);
        });
        return { deliver: (to) => to(target1), end: () => void ended.push(1) };
      },
    };
    return { read: clipReader(box), ended };
  }
  const SHOWN = { width: 1, height: 1, pixels: new Uint8Array(4), fullWidth: 9, fullHeight: 9 };
  const open: MessagePortLike[] = [];
  afterEach(() => open.splice(0).forEach((port) => port.close()));
  const picture = (): ReadySource => ({
    kind: "vm",
    vm: source.vm,
    selection: "clipboard",
    generation: 1,
    type: "image/jpeg",
  });

  it("goes through the box, which ends with it", async () => {
    const { read: readPicture, ended } = boxed((bytes) => Buffer.concat([Buffer.from("PNG"), bytes]));
    const reading = readPicture(picture(), "image/png");
    const end = reading.deliver(request("image/png"));
    await writeAll("jpeg");
    await readAll(await streamGiven());
    expect(await end).toEqual({ outcome: "complete", bytes: 7, characters: null, content: null });
    expect(got().toString()).toBe("PNGjpeg");
    expect(source.agent.sentOf("clipRead")).toMatchObject([{ type: "image/jpeg" }]);
    expect(reading.preview.text).toBe("");
    expect(ended).toHaveLength(1);
  });

  it("is shown before it goes anywhere, and what was shown is what goes", async () => {
    const { read: readPicture, ended } = boxed((bytes) => Buffer.concat([Buffer.from("PNG"), bytes]));
    const reading = readPicture(picture(), "image/png");
    reading.look();
    const preview = previewThat(reading, ({ picture: shown, isComplete }) => shown !== null && isComplete);
    await writeAll("jpeg");
    expect(await preview).toEqual({ text: "", bytes: 4, isComplete: true, picture: SHOWN });
    expect(target.agent.sentOf("pasteGiven")).toEqual([]);
    const end = reading.deliver(request("image/png"));
    await readAll(await streamGiven());
    expect(await end).toEqual({ outcome: "complete", bytes: 7, characters: null, content: null });
    expect(got().toString()).toBe("PNGjpeg");
    expect(source.agent.sentOf("clipRead")).toHaveLength(1);
    expect(ended).toHaveLength(1);
  });

  it("that was looked at, and is not wanted, ends with its box", async () => {
    const { read: readPicture, ended } = boxed((bytes) => bytes);
    const reading = readPicture(picture(), "image/png");
    reading.look();
    await streamRead();
    reading.cancel();
    await source.agent.until(() => ended.length > 0);
    expect(target.agent.sentOf("pasteGiven")).toEqual([]);
  });

  it("that is none, and was looked at, is not shown and reaches nobody", async () => {
    const { read: readPicture } = boxed(() => null);
    const reading = readPicture(picture(), "image/png");
    reading.look();
    await writeAll("<svg>");
    const end = reading.deliver(request("image/png"));
    await readAll(await streamGiven());
    expect(await end).toEqual({ outcome: "failed", bytes: 0, by: "content" });
    expect(reading.preview.picture).toBeNull();
  });

  it("that is none reaches nobody", async () => {
    const { read: readPicture, ended } = boxed(() => null);
    const end = readPicture(picture(), "image/png").deliver(request("image/png"));
    await writeAll("<svg>");
    await readAll(await streamGiven());
    expect(await end).toEqual({ outcome: "failed", bytes: 0, by: "content" });
    expect(got()).toHaveLength(0);
    expect(ended).toHaveLength(1);
  });
});

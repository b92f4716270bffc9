// From one VM's agent to another's, through two links: a test speaks for both agents.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ClipType } from "#shared/model/clip.ts";
import { Selection } from "#shared/protocol/gen/atoll_pb.ts";
import { MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { CLIPBOARD } from "../link/contracts/clipboard.ts";
import { HOLD_BYTES } from "../link/clips/held-reading.ts";
import { clipboard } from "../vms/services/clipboard.ts";
import { clipReader } from "./read-clip.ts";
import type { ClipPreview, ClipReading, ClipTarget } from "./reading.ts";
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

const noPictures = { prepare: () => undefined, connect: () => expect.fail("no picture is read") };
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

describe("text of one VM", () => {
  it("is given to a program of another one, cleaned, and goes from link to link", async () => {
    const reading = read();
    const end = reading.deliver(request());
    await writeAll("caf\u00e9\r\n\u0000\u001b[31m\tred\u0085");
    await readAll(await streamGiven());
    expect(await end).toEqual({ outcome: "complete", bytes: 14, content: null });
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

  it("waits in its link while nobody has decided: no more than a bounded part, and nothing of it goes anywhere", async () => {
    const reading = read();
    const [stream, { credit, write }] = [await streamRead(), writer()];
    await write(stream, new Uint8Array(HOLD_BYTES).fill(0x61));
    expect(credit()).toBe(HOLD_BYTES);
    expect(source.agent.say("streamData", { stream }, new Uint8Array(1))).toBe("no-credit");
    await previewThat(reading, ({ bytes }) => bytes === HOLD_BYTES);
    expect(target.agent.sent.map(({ name }) => name)).toEqual(["clipAnnounced"]);
  });

  it("is shown to main, 4 KiB of it at most, and how much there is", async () => {
    const reading = read();
    await writeAll(`\u001b${"é".repeat(4000)}`);
    const preview = await previewThat(reading, ({ isComplete }) => isComplete);
    expect(preview).toEqual({ text: "é".repeat(2047), bytes: 8001, isComplete: true });
  });

  it("that waited is given first, then the rest", async () => {
    const reading = read();
    const [stream, { write }] = [await streamRead(), writer()];
    const text = Buffer.from(Array.from({ length: 100_000 }, (_, at) => `${at} `).join(""));
    await write(stream, text.subarray(0, HOLD_BYTES));
    const end = reading.deliver(request());
    const rest = write(stream, text.subarray(HOLD_BYTES)).then(() => source.agent.say("streamEnd", { stream }));
    await readAll(await streamGiven());
    await rest;
    expect(await end).toMatchObject({ outcome: "complete", bytes: text.length });
    expect(got().equals(text)).toBe(true);
  });
});

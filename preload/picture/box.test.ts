import { afterEach, describe, expect, it } from "vitest";
import { MAX_PICTURE_BYTES } from "#shared/model/picture.ts";
import { MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CREDIT_BYTES } from "#shared/protocol/limits.ts";
import { runBox } from "./box.ts";

type Said = { type: string; bytes?: number | Uint8Array; aborted?: boolean };

/** An end of a channel, and what the box has said to it. */
class End {
  readonly port: MessagePort;
  readonly said: Said[] = [];
  #wake: () => void = () => undefined;

  constructor(port: MessagePort) {
    this.port = port;
    port.onmessage = ({ data }: { data: Said }) => {
      this.said.push(data);
      this.#wake();
    };
  }

  say(message: object): void {
    this.port.postMessage(message);
  }

  async until(look: () => boolean): Promise<void> {
    while (!look()) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** All that has come, in its order. */
  get bytes(): number[] {
    return this.said.flatMap(({ bytes }) => (bytes instanceof Uint8Array ? [...bytes] : []));
  }

  ended(): Promise<void> {
    return this.until(() => this.said.some(({ type }) => type === "end" || type === "stop"));
  }
}

const ports: MessagePort[] = [];
afterEach(() => ports.splice(0).forEach((port) => port.close()));

function box(encode: (picture: Uint8Array) => Promise<Uint8Array> | Iterable<Uint8Array> | AsyncIterable<Uint8Array>): {
  source: End;
  target: End;
  over: Promise<void>;
} {
  const [from, to] = [new MessageChannel(), new MessageChannel()];
  ports.push(from.port1, from.port2, to.port1, to.port2);
  const over = runBox(from.port2, to.port2, async function* (picture) {
    const encoded = await encode(picture);
    if (encoded instanceof Uint8Array) yield encoded;
    else yield* encoded;
  });
  return { source: new End(from.port1), target: new End(to.port1), over };
}

const data = (bytes: number, value = 7): object => ({ type: "data", bytes: new Uint8Array(bytes).fill(value) });

describe("the box", () => {
  it("takes a picture as a whole, and gives what it was encoded as, as it is asked for", async () => {
    const { source, target, over } = box((picture) => Promise.resolve(Uint8Array.from([1, 2, 3, picture.length])));
    source.say(data(2));
    source.say(data(3));
    source.say({ type: "end", aborted: false });
    await over;
    expect(source.said).toEqual([{ type: "credit", bytes: MAX_STREAM_CREDIT_BYTES }]);
    expect(target.said).toEqual([]);
    target.say({ type: "credit", bytes: 3 });
    target.say({ type: "credit", bytes: 3 });
    await target.ended();
    expect(target.said).toEqual([
      { type: "data", bytes: Uint8Array.of(1, 2, 3) },
      { type: "data", bytes: Uint8Array.of(5) },
      { type: "end", aborted: false },
    ]);
    expect(source.said.slice(1)).toEqual([
      { type: "credit", bytes: 2 },
      { type: "credit", bytes: 3 },
    ]);
  });

  it("gives a large one in pieces that a stream may have", async () => {
    const encoded = new Uint8Array(MAX_STREAM_CHUNK_BYTES * 2 + 1).fill(9);
    const { source, target } = box(() => Promise.resolve(encoded));
    source.say({ type: "end", aborted: false });
    target.say({ type: "credit", bytes: MAX_STREAM_CREDIT_BYTES });
    await target.ended();
    const sizes = target.said.map(({ bytes }) => (bytes instanceof Uint8Array ? bytes.length : 0));
    expect(sizes).toEqual([MAX_STREAM_CHUNK_BYTES, MAX_STREAM_CHUNK_BYTES, 1, 0]);
  });

  it("gives the first pieces while the others are still made, and never more than is asked for", async () => {
    const { source, target } = box(function* () {
      yield Uint8Array.of(1, 2);
      yield new Uint8Array(0);
      yield Uint8Array.of(3);
    });
    target.say({ type: "credit", bytes: 1 });
    source.say({ type: "end", aborted: false });
    await target.until(() => target.said.length > 0);
    target.say({ type: "credit", bytes: 9 });
    await target.ended();
    expect(target.said[0]).toEqual({ type: "data", bytes: Uint8Array.of(1) });
    expect(target.bytes).toEqual([1, 2, 3]);
    expect(target.said.at(-1)).toEqual({ type: "end", aborted: false });
  });

  it("gives what is asked for meanwhile, though the encoder waits for nothing", async () => {
    // Node lets a thousand messages of one channel pass before it looks at another one.
    const most = 20_000;
    let made = 0;
    const heard = new AbortController();
    const { source, target, over } = box(function* () {
      for (; made < most && !heard.signal.aborted; made += 1) yield Uint8Array.of(1);
    });
    target.say({ type: "credit", bytes: 1 });
    source.say({ type: "end", aborted: false });
    await target.until(() => target.said.length > 0);
    target.say({ type: "credit", bytes: 1 });
    await target.until(() => target.said.length > 1);
    heard.abort();
    expect(made).toBeLessThan(most);
    await over;
    target.say({ type: "credit", bytes: most });
    await target.ended();
    expect(target.bytes).toHaveLength(made);
  });

  it("sends as much at once as is asked for, wherever its pieces end", async () => {
    const { source, target, over } = box(function* () {
      for (let piece = 0; piece < 100; piece += 1) yield new Uint8Array(7).fill(piece);
    });
    source.say({ type: "end", aborted: false });
    await over;
    for (let asked = 0; asked < 70; asked += 1) target.say({ type: "credit", bytes: 10 });
    await target.ended();
    expect(target.said).toHaveLength(71);
    expect(target.bytes).toEqual(Array.from({ length: 700 }, (_, at) => Math.floor(at / 7)));
  });

  it("says that a picture is cut whose encoding fails after its first pieces", async () => {
    let fail: () => void = () => undefined;
    const failed = new Promise<void>((resolve) => (fail = resolve));
    const { source, target } = box(async function* () {
      yield Uint8Array.of(1);
      await failed;
      throw new Error("no memory");
    });
    target.say({ type: "credit", bytes: 9 });
    source.say({ type: "end", aborted: false });
    await target.until(() => target.said.length > 0);
    fail();
    await target.ended();
    expect(target.said).toEqual([
      { type: "data", bytes: Uint8Array.of(1) },
      { type: "end", aborted: true },
    ]);
  });

  it("gives nothing of what cannot be decoded", async () => {
    const { source, target } = box(() => Promise.reject(new Error("no picture")));
    target.say({ type: "credit", bytes: 100 });
    source.say(data(2));
    source.say({ type: "end", aborted: false });
    await target.ended();
    expect(target.said).toEqual([{ type: "end", aborted: true }]);
  });

  it("gives nothing of a picture that is cut", async () => {
    const { source, target } = box((picture) => Promise.resolve(picture));
    target.say({ type: "credit", bytes: 100 });
    source.say(data(2));
    source.say({ type: "end", aborted: true });
    await target.ended();
    expect(target.said).toEqual([{ type: "end", aborted: true }]);
  });

  it("stops where more comes than a picture may have, before it is decoded", async () => {
    const { source, target } = box(() => expect.fail("it was decoded"));
    const chunk = data(MAX_STREAM_CREDIT_BYTES);
    for (let bytes = 0; bytes < MAX_PICTURE_BYTES; bytes += MAX_STREAM_CREDIT_BYTES) source.say(chunk);
    source.say(data(1));
    await Promise.all([target.ended(), source.ended()]);
    expect(target.said).toEqual([{ type: "end", aborted: true }]);
  });

  it("gives nothing that is larger than a picture may be", async () => {
    const { source, target } = box(() => Promise.resolve(new Uint8Array(MAX_PICTURE_BYTES + 1)));
    target.say({ type: "credit", bytes: 100 });
    source.say({ type: "end", aborted: false });
    await target.ended();
    expect(target.said).toEqual([{ type: "end", aborted: true }]);
  });

  it("stops its source when the target wants no more", async () => {
    const { source, target } = box((picture) => Promise.resolve(picture));
    target.say({ type: "stop" });
    await source.ended();
    expect(source.said.at(-1)).toEqual({ type: "stop" });
  });
});

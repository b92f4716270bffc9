import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { ConfigureRequest } from "../model/configure-request.ts";
import { Configurer } from "./configurer.ts";

const sized = (width: number, height: number, states = 0): ConfigureRequest => ({
  width,
  height,
  states,
  boundsWidth: 1000,
  boundsHeight: 800,
  x: 0,
  y: 0,
});

describe("a configurer", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());
  const make = (): { configurer: Configurer; sent: string[] } => {
    const sent: string[] = [];
    return {
      configurer: new Configurer(({ width, height, states }, serial) =>
        sent.push(`${serial}: ${width}x${height} ${states}`),
      ),
      sent,
    };
  };

  it("counts serials from 1 and does not say the same twice", () => {
    const { configurer, sent } = make();
    configurer.request(sized(0, 0));
    configurer.request(sized(0, 0));
    expect(sent).toEqual(["1: 0x0 0"]);
  });

  it("has one new size open at a time; the newest request wins", () => {
    const { configurer, sent } = make();
    configurer.request(sized(100, 100));
    configurer.request(sized(110, 100));
    configurer.request(sized(120, 100));
    expect(sent).toEqual(["1: 100x100 0"]);
    configurer.answered(1, { width: 100, height: 100 });
    expect(sent).toEqual(["1: 100x100 0", "2: 120x100 0"]);
  });

  it("sends other states at once: a program need not draw for them", () => {
    const { configurer, sent } = make();
    configurer.request(sized(100, 100));
    configurer.answered(1, { width: 100, height: 100 });
    configurer.request(sized(100, 100, 1));
    configurer.request(sized(100, 100, 0));
    configurer.request(sized(90, 100, 0));
    expect(sent).toHaveLength(4);
  });

  it("goes back to the size that is shown by a request of its own, while another size is unanswered", () => {
    const { configurer, sent } = make();
    configurer.request(sized(100, 100));
    configurer.answered(1, { width: 100, height: 100 });
    configurer.request(sized(200, 200));
    configurer.request(sized(100, 100));
    expect(sent).toEqual(["1: 100x100 0", "2: 200x200 0"]);
    configurer.answered(2, { width: 200, height: 200 });
    expect(sent.slice(2)).toEqual(["3: 100x100 0"]);
    expect(configurer.isSettled).toBe(false);
    configurer.request(sized(300, 300));
    vi.advanceTimersByTime(1000);
    configurer.request(sized(200, 200));
    expect(configurer.isSettled).toBe(false);
    configurer.answered(4, { width: 300, height: 300 });
    expect(sent.slice(3)).toEqual(["4: 300x300 0", "5: 200x200 0"]);
    configurer.answered(5, { width: 200, height: 200 });
    expect(configurer.isSettled).toBe(true);
  });

  it("does not count on the size that is shown where a program has accepted another one, but has not drawn yet", () => {
    const { configurer } = make();
    const [small, large] = [sized(100, 100), sized(200, 200)];
    configurer.request(small);
    configurer.answered(1, small);
    configurer.request(large);
    configurer.answered(2, small);
    configurer.request(small);
    // It draws for the one before after all: that is no answer to the last.
    expect(configurer.answered(2, large)).toBe(false);
    expect(configurer.answered(3, small)).toBe(true);
    // The same where the last waits for the one before to be accepted.
    configurer.request(large);
    configurer.request(small);
    configurer.answered(4, small);
    expect(configurer.answered(4, large)).toBe(false);
    expect(configurer.answered(5, small)).toBe(true);
  });

  it("does not wait for ever for a program that does not answer", () => {
    const { configurer, sent } = make();
    configurer.request(sized(100, 100));
    configurer.request(sized(120, 100));
    vi.advanceTimersByTime(1000);
    expect(sent).toEqual(["1: 100x100 0", "2: 120x100 0"]);
  });

  it("is not led astray by an answer to a configure that was never sent", async () => {
    const { configurer, sent } = make();
    configurer.request(sized(100, 100));
    configurer.answered(4_000_000_000, { width: 100, height: 100 });
    configurer.request(sized(120, 100));
    configurer.request(sized(130, 100));
    expect(sent).toHaveLength(2);
    configurer.answered(2, { width: 120, height: 100 });
    expect(sent).toHaveLength(3);
  });

  it("takes no frame for an answer while another size waits to be asked for, unless it has that size", () => {
    const { configurer } = make();
    configurer.request(sized(100, 100));
    expect(configurer.answered(1, { width: 100, height: 100 })).toBe(true);
    configurer.request(sized(200, 200));
    configurer.request(sized(100, 100));
    expect(configurer.answered(2, { width: 200, height: 200 })).toBe(false);
    expect(configurer.answered(3, { width: 100, height: 100 })).toBe(true);
    configurer.request(sized(200, 200));
    configurer.request(sized(150, 150));
    expect(configurer.answered(3, { width: 100, height: 100 })).toBe(false);
    // It will not have the size that it was asked for, but this one.
    expect(configurer.answered(4, { width: 150, height: 150 })).toBe(true);
  });

  it("knows when the last request is answered", async () => {
    const { configurer } = make();
    let isDone = false;
    configurer.request(sized(100, 100));
    configurer.request(sized(120, 100));
    void configurer.whenAnswered().then(() => (isDone = true));
    configurer.answered(1, { width: 100, height: 100 });
    await vi.advanceTimersByTimeAsync(0);
    expect(isDone).toBe(false);
    configurer.answered(2, { width: 120, height: 100 });
    await vi.advanceTimersByTimeAsync(0);
    expect(isDone).toBe(true);
  });
});

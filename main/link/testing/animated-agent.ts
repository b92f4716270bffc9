/** An agent with one window that draws as fast as it may: what it costs to make its pictures is next to nothing. */
import { setTimeout as delay } from "node:timers/promises";
import { Encoding, Kind, PixelFormat } from "#shared/protocol/gen/atoll_pb.ts";
import type { ScriptedAgent } from "./scripted-agent.ts";

const SIZE = { width: 320, height: 240 };

export class AnimatedAgent {
  readonly #agent: ScriptedAgent;
  #shown = 0;

  /** The agent has said hello. */
  constructor(agent: ScriptedAgent) {
    this.#agent = agent;
    agent.say("control", "windowOpened", { surface: 1, kind: Kind.WAYLAND, title: "animation" });
    void this.#draw();
  }

  async #draw(): Promise<void> {
    const { width, height } = SIZE;
    for (let serial = 0; ;) {
      const { count, shownSerial } = await this.#agent.hear("credit");
      this.#shown = shownSerial;
      for (let given = 0; given < count; given += 1) {
        serial += 1;
        const pixels = Buffer.alloc(width * height * 4, serial);
        const damage = [{ x: 0, y: 0, width, height, encoding: Encoding.RAW, size: pixels.length }];
        const frame = { surface: 1, serial, width, height, scale: 1, format: PixelFormat.XRGB8888, damage, last: true };
        this.#agent.say("frames", "frame", frame, pixels);
      }
    }
  }

  /** Its frames a second that are shown until something is over. */
  async during<Result>(what: Promise<Result>): Promise<{ result: Result; framesPerS: number }> {
    const [before, startedMs] = [this.#shown, performance.now()];
    const result = await what;
    return { result, framesPerS: ((this.#shown - before) * 1000) / (performance.now() - startedMs) };
  }

  /** Its frames that are shown within so much time. */
  async count(ms: number, signal?: AbortSignal): Promise<number> {
    const before = this.#shown;
    await delay(ms, undefined, { signal });
    return this.#shown - before;
  }
}

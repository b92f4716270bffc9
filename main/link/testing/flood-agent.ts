/** An agent that takes all it can get: within its credits and quotas, so that nobody cuts it off for it. */
import { Encoding, Kind, PixelFormat } from "#shared/protocol/gen/atoll_pb.ts";
import { encodeMessage } from "#shared/protocol/framing.ts";
import { encodeHeader } from "#shared/protocol/header.ts";
import { MAX_DAMAGE_RECTS } from "#shared/protocol/limits.ts";
import type { ScriptedAgent } from "./scripted-agent.ts";

/** The largest buffer that a screen of full HD takes. */
const LARGE = { width: 3840, height: 2160 };
/** As many rows as one rectangle may have. */
const BAND_ROWS = 68;
/** A window of so many pixels may have three thousand rectangles a frame. */
const MANY = { width: 2048, height: 2048 };
/** Surfaces that come and go, and titles: below what a VM may say in a second. */
const OPENS_PER_TURN = 8;
const TITLES_PER_TURN = 30;
const TURN_MS = 10;

interface Picture {
  surface: number;
  serial: number;
  /** Messages of the picture, without what names it. */
  parts: { damage: object[]; payload: Uint8Array }[];
  width: number;
  height: number;
  format: PixelFormat;
}

export class FloodAgent {
  readonly #agent: ScriptedAgent;
  readonly #pictures: Picture[];
  #isOn = false;
  /** Credits that came while it was off. */
  #credits = new Map<number, number>();
  #nextSurface = 1_000;
  #timer: NodeJS.Timeout | undefined;

  /** The agent has said hello. Opens its windows, and draws each of them once. */
  constructor(agent: ScriptedAgent) {
    this.#agent = agent;
    this.#pictures = [1, 2, 3, 4].map((surface) => (surface % 2 === 1 ? largePicture(surface) : manyRects(surface)));
    for (const { surface } of this.#pictures)
      agent.say("control", "windowOpened", { surface, kind: Kind.WAYLAND, title: `flood ${surface}` });
    void this.#answerCredits();
  }

  start(): void {
    this.#isOn = true;
    for (const [surface, count] of this.#credits) for (let n = 0; n < count; n += 1) this.#draw(surface);
    this.#credits.clear();
    this.#timer = setInterval(() => this.#talk(), TURN_MS);
  }

  stop(): void {
    this.#isOn = false;
    clearInterval(this.#timer);
  }

  async #answerCredits(): Promise<void> {
    for (;;) {
      const { surface, count } = await this.#agent.hear("credit");
      for (let n = 0; n < count; n += 1) {
        const isFirst = this.#pictures.some((picture) => picture.surface === surface && picture.serial === 0);
        if (this.#isOn || isFirst) this.#draw(surface);
        else this.#credits.set(surface, (this.#credits.get(surface) ?? 0) + 1);
      }
    }
  }

  #draw(surface: number): void {
    const picture = this.#pictures.find((one) => one.surface === surface);
    if (picture === undefined) return;
    const { width, height, format, parts } = picture;
    picture.serial += 1;
    for (const [at, { damage, payload }] of parts.entries()) {
      const last = at === parts.length - 1;
      const frame = { surface, serial: picture.serial, width, height, scale: 1, format, damage, last };
      this.#agent.say("frames", "frame", frame, payload);
    }
  }

  /** In one piece: the process in which both agents run must not be what keeps the other one from drawing. */
  #talk(): void {
    const messages: Uint8Array[] = [TITLES];
    for (let count = 0; count < OPENS_PER_TURN; count += 1) {
      const surface = (this.#nextSurface += 1);
      const rect = { x: 0, y: 0, width: 50, height: 50 };
      const opened = { surface, kind: Kind.WAYLAND, parent: 1, rect };
      messages.push(encodeMessage(encodeHeader("popupOpened", opened)));
      messages.push(encodeMessage(encodeHeader("surfaceClosed", { surface })));
    }
    this.#agent.sayBytes("control", Buffer.concat(messages));
  }
}

const TITLES = Buffer.concat(
  Array.from({ length: TITLES_PER_TURN }, (_, at) =>
    encodeMessage(encodeHeader("windowChanged", { surface: 2, title: `title ${at}` })),
  ),
);

/** Translucent pixels, which are the slowest ones, in bands that compress to next to nothing; it covers its window twice. */
function largePicture(surface: number): Picture {
  const { width, height } = LARGE;
  const payloads = new Map<number, Uint8Array>();
  const bandOf = (rows: number): Uint8Array => {
    const known = payloads.get(rows) ?? lz4OfOnePixel(width * rows, [20, 40, 60, 120]);
    payloads.set(rows, known);
    return known;
  };
  const damage: object[] = [];
  const payload: Uint8Array[] = [];
  for (let cover = 0; cover < 2; cover += 1) {
    for (let y = 0; y < height; y += BAND_ROWS) {
      const rows = Math.min(BAND_ROWS, height - y);
      const band = bandOf(rows);
      damage.push({ x: 0, y, width, height: rows, encoding: Encoding.LZ4, size: band.length });
      payload.push(band);
    }
  }
  return {
    surface,
    serial: 0,
    parts: [{ damage, payload: Buffer.concat(payload) }],
    width,
    height,
    format: PixelFormat.ARGB8888,
  };
}

function manyRects(surface: number): Picture {
  const { width, height } = MANY;
  const part = (row: number): Picture["parts"][number] => ({
    damage: Array.from({ length: MAX_DAMAGE_RECTS }, (_, at) => {
      return { x: at, y: row, width: 1, height: 1, encoding: Encoding.SOLID, size: 4 };
    }),
    payload: Buffer.alloc(MAX_DAMAGE_RECTS * 4, 255),
  });
  return { surface, serial: 0, parts: [part(0), part(1), part(2)], width, height, format: PixelFormat.XRGB8888 };
}

/** One LZ4 block: a pixel, and a match of all the others. */
function lz4OfOnePixel(count: number, pixel: readonly number[]): Uint8Array {
  const match = count * 4 - 4 - 5 - 4 - 15;
  const more = Array.from({ length: Math.floor(match / 255) }, () => 255);
  const end = [...pixel.slice(3), ...pixel];
  return Uint8Array.from([0x4f, ...pixel, 4, 0, ...more, match % 255, 0x50, ...end]);
}

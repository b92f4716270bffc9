/**
 * Connections of the last days, in files of a bounded size: a line for each that has ended, and for what was refused one that says how
 * often; where it is refused again and again a line a minute at most, so that a VM does not push out what others did.
 * Losing the last second of it is no harm: what crosses is in the audit log.
 */
import fsp from "node:fs/promises";
import path from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import { FLOW_PROTOCOLS } from "#shared/model/network.ts";
import type { PastFlow } from "#shared/model/network.ts";
import { messageOf } from "#shared/model/app-error.ts";
import { POLICY_DECISIONS } from "#shared/model/policy.ts";
import { log } from "../base/log.ts";
import type { Flow, Flows } from "./flows.ts";

const CURRENT = "flows.jsonl";
/** Of each part, and how many older ones there are. */
const MAX_PART_BYTES = 8 * 1024 * 1024;
const OLDER_PARTS = 3;
const WRITE_MS = 1_000;
/** Between two lines of what is refused again. */
const AGAIN_MS = 60_000;
/** Lines that wait to be written, at most; the log says how many more were left out. */
const MAX_WAITING = 20_000;

const pastFlow: z.ZodType<PastFlow> = z.strictObject({
  endedMs: z.int().min(0),
  ageS: z.number().min(0),
  vm: z.string(),
  name: z.string().nullable(),
  address: z.string().nullable(),
  // Lines of earlier versions have none.
  toVm: z.string().nullable().default(null),
  port: z.int().nullable(),
  protocol: z.enum(FLOW_PROTOCOLS),
  bytesOut: z.number(),
  bytesIn: z.number(),
  verdict: z.enum(POLICY_DECISIONS),
  rule: z.strictObject({
    id: z.string(),
    revision: z.int(),
    line: z.int().nullable(),
    text: z.string(),
  }),
  reason: z.string(),
  count: z.int().min(1),
});

export interface HistoryFilter {
  /** Seconds before now. */
  sinceS: number;
  /** Words that each have to be somewhere in VM, name, address or rule; in lower case. */
  words: readonly string[];
  verdict: PastFlow["verdict"] | null;
}

/** What the last line of a flow said. */
interface Written {
  readonly count: number;
  readonly atMs: number;
  /** It has happened again since, which no line says yet. */
  again: Flow | null;
}

export class FlowHistory {
  readonly #folder: string;
  readonly #maxPartBytes: number;
  readonly #written = new Map<string, Written>();
  #waiting: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(stateFolder: string, { maxPartBytes = MAX_PART_BYTES }: { maxPartBytes?: number } = {}) {
    this.#folder = stateFolder;
    this.#maxPartBytes = maxPartBytes;
  }

  /** Keeps what ends from now on. */
  keep(flows: Pick<Flows, "on">): void {
    flows.on("changed", (flow) => {
      if (flow.endedMs === null) return;
      const written = this.#written.get(flow.key);
      if (written === undefined) this.#add(flow, flow.endedMs);
      else if (flow.cells.count > written.count) {
        written.again = flow;
        if (flow.updatedMs - written.atMs >= AGAIN_MS) this.#addAgain(written);
      }
    });
    flows.on("gone", (key) => {
      const written = this.#written.get(key);
      if (written !== undefined) this.#addAgain(written);
      this.#written.delete(key);
    });
  }

  #addAgain({ again, count }: Written): void {
    if (again !== null) this.#add(again, again.updatedMs, again.cells.count - count);
  }

  /** Newest first. `total`: how many there are of those days, whatever they are. */
  async read(filter: HistoryFilter, limit: number, nowMs = Date.now()): Promise<{ flows: PastFlow[]; total: number }> {
    await this.flush();
    const since = nowMs - filter.sinceS * 1000;
    const found: PastFlow[] = [];
    let total = 0;
    for (const part of this.#parts) {
      for await (const flow of readPart(part)) {
        if (flow.endedMs < since) continue;
        total += 1;
        if (!isMeant(flow, filter)) continue;
        found.push(flow);
        // Only the newest are asked for.
        if (found.length > limit * 2) newestOf(found, limit);
      }
    }
    return { flows: newestOf(found, limit).toReversed(), total };
  }

  /** Resolves when what has ended so far is written. */
  flush(): Promise<void> {
    for (const written of this.#written.values()) this.#addAgain(written);
    return this.#flushLines();
  }

  #flushLines(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  /** Oldest first. */
  get #parts(): string[] {
    const older = Array.from({ length: OLDER_PARTS }, (_, at) => this.#older(OLDER_PARTS - at));
    return [...older, this.#current];
  }

  get #current(): string {
    return path.join(this.#folder, CURRENT);
  }

  #older(number: number): string {
    return path.join(this.#folder, `flows-${number}.jsonl`);
  }

  /** @param count how often it has happened since its last line */
  #add({ key, vm, cells, toVm, rule, reason, sinceMs }: Flow, endedMs: number, count = cells.count): void {
    this.#written.set(key, { count: cells.count, atMs: endedMs, again: null });
    const { name, address, port, protocol, bytesOut, bytesIn, verdict } = cells;
    const ageS = Math.max(0, Math.round((endedMs - sinceMs) / 1000));
    const past: PastFlow = {
      ...{ endedMs: Math.round(endedMs), ageS, vm, name, address, toVm, port, protocol },
      ...{ bytesOut, bytesIn, verdict, rule, reason, count },
    };
    this.#waiting.push(`${JSON.stringify(past)}\n`);
    if (this.#waiting.length === MAX_WAITING) log("flows: the history is written too slowly: some are left out of it");
    if (this.#waiting.length > MAX_WAITING) this.#waiting.shift();
    this.#timer ??= setTimeout(() => void this.#flushLines(), WRITE_MS);
  }

  async #write(): Promise<void> {
    const lines = this.#waiting;
    this.#waiting = [];
    if (lines.length === 0) return;
    try {
      const size = await fsp.stat(this.#current).then(
        (stat) => stat.size,
        () => 0,
      );
      if (size > this.#maxPartBytes) await this.#rotate();
      await fsp.appendFile(this.#current, lines.join(""), { mode: 0o600 });
    } catch (error) {
      log(`flows: the history is not written: ${messageOf(error)}`);
    }
  }

  async #rotate(): Promise<void> {
    for (let number = OLDER_PARTS; number > 0; number -= 1) {
      const from = number === 1 ? this.#current : this.#older(number - 1);
      await fsp.rename(from, this.#older(number)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      });
    }
  }
}

/**
 * Leaves the newest of them, newest last: how often something was refused is written when somebody looks, after what has ended since.
 */
function newestOf(flows: PastFlow[], limit: number): PastFlow[] {
  flows.sort((a, b) => a.endedMs - b.endedMs).splice(0, Math.max(0, flows.length - limit));
  return flows;
}

async function* readPart(file: string): AsyncGenerator<PastFlow> {
  const handle = await fsp.open(file, "r").catch(() => null);
  if (handle === null) return;
  try {
    for await (const line of createInterface({ input: handle.createReadStream({ autoClose: false }) })) {
      const flow = readLine(line);
      if (flow !== null) yield flow;
    }
  } finally {
    await handle.close();
  }
}

/** null: a line that a crash has cut. */
function readLine(line: string): PastFlow | null {
  try {
    return pastFlow.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}

function isMeant(flow: PastFlow, { words, verdict }: HistoryFilter): boolean {
  if (verdict !== null && flow.verdict !== verdict) return false;
  const { vm, name, address, toVm, port, rule } = flow;
  const text = `${vm} ${name ?? ""} ${address ?? ""} ${toVm ?? ""} ${port ?? ""} ${rule.text}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

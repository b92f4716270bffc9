/** Services that scan files, as the scanner uses them. */
import type { EngineVerdict } from "#shared/model/scan.ts";
import { AppError, messageOf, toErrorValue } from "#shared/model/app-error.ts";
import { deadline } from "../base/deadline.ts";
import { waitFor } from "../base/waiting.ts";
import { Turns } from "../files/turns.ts";
import { QUARANTINE_TABLE, type ServiceManifest } from "../services/manifest.ts";
import type { ServiceUnit } from "../services/service-unit.ts";
import type { Vm } from "../vms/vm.ts";

/** It was asked, and has crashed or hung on that. */
export class NoAnswer extends Error {}

export interface Engine {
  /** Of the service. */
  readonly name: string;
  readonly vm: Vm;
  /** What it says of itself: a guest's word; null: nothing yet. */
  readonly identity: Pick<EngineVerdict, "name" | "version" | "signatures"> | null;
  /** Keys of the files that it keeps in quarantine, as it says; null: it keeps none, or is not healthy. */
  readonly kept: ReadonlySet<string> | null;
  readonly isReady: boolean;
  /** Resolves when it is healthy; rejects where it does not become so in time, or is stopped. */
  ready(signal: AbortSignal): Promise<void>;
  /**
   * Waits for its turn: of those that wait, one for the party that has the fewest. Rejects where there is no answer in time.
   * @param party whose file it is about; without it, the host's own
   */
  job(input: unknown, signal: AbortSignal, party?: string): Promise<unknown>;
  /**
   * Has `work` done by another one with the same signatures, in a VM that is made for it and gone afterwards. One at a time: of
   * those that wait, one for the party that had its turn longest ago. null: it has no such VM.
   */
  readonly alone: WorkAlone | null;
}

/**
 * @param work its signal is aborted as `signal` is, or when it takes too long
 * @param party as of `job`
 */
type WorkAlone = <Result>(
  work: (engine: Engine, signal: AbortSignal) => Promise<Result>,
  signal: AbortSignal,
  party: string,
) => Promise<Result>;

/** Does `work` with another unit of the service, in a VM for that alone, with the signatures that this one has. */
export type AloneWork = <Result>(unit: ServiceUnit, work: (other: ServiceUnit) => Promise<Result>) => Promise<Result>;

const KEY = /^[0-9a-f]{32}$/;

/**
 * Jobs that a program has at once: as many as it does at once (scanner.py). One more would wait there for files of a party that are slow
 * to look at, and be taken for one at which the engine hangs.
 */
const JOBS_AT_ONCE = 2;
/** From its turn on: more than an engine takes for its worst file, after another one of which nobody waits for the answer any more. */
const ANSWER_MS = 300_000;

/** Of work that has a VM of its own, from when that is ready: others wait for theirs. */
const ALONE_MS = 5 * 60_000;

/** An engine that was started, and ends unexpectedly, is started again: it has so long. */
const READY_MS = 180_000;

/** Of all services, those that scan files and were started. */
export function enginesOf(services: { readonly units: readonly ServiceUnit[] }, alone: AloneWork): () => Engine[] {
  const engines = new WeakMap<ServiceUnit, Engine>();
  return () =>
    services.units.filter(isStartedScanner).map((unit) => {
      const engine = engines.get(unit) ?? engineOf(unit, alone);
      engines.set(unit, engine);
      return engine;
    });
}

function isStartedScanner(unit: ServiceUnit): boolean {
  return isScanner(unit.manifest) && isStarted(unit);
}

export function isScanner({ rights }: ServiceManifest): boolean {
  return rights.host.includes("scanned-files");
}

function engineOf(unit: ServiceUnit, alone: AloneWork | null): Engine {
  const { name, startsFresh } = unit.manifest;
  const turns = new Turns(JOBS_AT_ONCE);
  const turnsAlone = new Turns(1);
  return {
    name,
    vm: unit.vm,
    get kept() {
      if (!unit.manifest.tables.includes(QUARANTINE_TABLE) || !unit.isHealthy) return null;
      const rows = unit.tables.rows()[QUARANTINE_TABLE] ?? [];
      return new Set(rows.flatMap(({ key }) => (typeof key === "string" && KEY.test(key) ? [key] : [])));
    },
    get identity() {
      const [row] = unit.tables.rows()["engine"] ?? [];
      if (row === undefined) return null;
      const word = (value: unknown): string | null => (typeof value === "string" ? value : null);
      return { name: word(row["engine"]) ?? name, version: word(row["version"]), signatures: word(row["signatures"]) };
    },
    get isReady() {
      return unit.isHealthy;
    },
    ready: (signal) =>
      waitFor({
        listen: ({ resolve, reject }) => {
          const look = (): void => {
            if (unit.isHealthy) resolve();
            else if (!isStarted(unit)) reject(notReady(name, "it was stopped"));
          };
          look();
          return unit.on("changed", look);
        },
        signal,
        timeoutMs: READY_MS,
        onTimeout: ({ reject }) => {
          const health = unit.healthDetail === "" ? "it does not start" : unit.healthDetail;
          reject(notReady(name, unit.stateDetail === "" ? health : unit.stateDetail));
        },
      }),
    job: async (input, signal, party = "") => {
      const endTurn = await turns.take([party], signal);
      try {
        signal.throwIfAborted();
        return await answered(unit, input, signal);
      } finally {
        endTurn();
      }
    },
    // One that boots for a file would take too long.
    alone:
      alone === null || !startsFresh
        ? null
        : async (work, signal, party) => {
            const endTurn = await turnsAlone.take([party], signal);
            try {
              signal.throwIfAborted();
              // Another version of the service may be there by now.
              if (!unit.isWanted) throw notReady(name, "it was stopped");
              return await alone(unit, (other) =>
                within(ALONE_MS, signal, (until) => work(engineOf(other, null), until)),
              );
            } finally {
              endTurn();
            }
          },
  };
}

async function within<Result>(
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const limit = deadline(ms, () => new Error(`it has taken more than ${ms / 60_000} minutes`), signal);
  try {
    return await work(limit.signal);
  } finally {
    limit.end();
  }
}

async function answered(unit: ServiceUnit, input: unknown, signal: AbortSignal): Promise<unknown> {
  const limit = deadline(ANSWER_MS, () => new NoAnswer(`it has not answered within ${ANSWER_MS / 1000} s`), signal);
  try {
    return await unit.by("scanned-files").job(input, limit.signal);
  } catch (error) {
    throw toErrorValue(error).details["wasAsked"] === true ? new NoAnswer(messageOf(error)) : error;
  } finally {
    limit.end();
  }
}

/** Somebody wants it: it runs, or is started again. */
function isStarted(unit: ServiceUnit): boolean {
  return unit.state !== "stopped";
}

function notReady(service: string, why: string): AppError {
  return new AppError("service.not-healthy", `Service "${service}" is not there: ${why}.`, { service });
}

/**
 * Signatures of scanners that get them from Atoll. They are never read in place, which would need the memory of both sets and pause
 * the scanner: another VM of the service gets them, must find what is known to be bad and pass what is not, and is used then. The
 * one before is kept, to go back to.
 */
import { createHash, randomBytes } from "node:crypto";
import path from "node:path";
import { AppError, messageOf, toErrorValue } from "#shared/model/app-error.ts";
import { type ScanVerdict, scanAnswer } from "#shared/model/scan.ts";
import { SIGNATURES_SETTING } from "#shared/model/service.ts";
import { cleanText } from "#shared/model/text.ts";
import { type AtMostEach, atMostEach } from "../base/at-most-each.ts";
import { Backoff } from "../base/backoff.ts";
import { deadline } from "../base/deadline.ts";
import { Emitter } from "../base/emitter.ts";
import { waitFor } from "../base/waiting.ts";
import type { Page } from "../ipc/page.ts";
import type { NextUnits } from "../services/next-units.ts";
import { started } from "../services/started.ts";
import type { ServiceUnit } from "../services/service-unit.ts";
import type { Vm } from "../vms/vm.ts";
import type { Carried } from "./carry.ts";
import { QUARANTINE_FOLDER } from "./quarantine.ts";
import type { SignaturesFile } from "./signatures-file.ts";

/** In a scanner's VM: where what another VM has comes to. */
const CARRIED_FOLDER = "/home/user/kept/carried";
/** In a scanner's VM: databases that it was given. */
const GIVEN_FOLDER = "/home/user/kept/signatures/fetched";
/** In the VM of a service that fetches them: each set in a folder of its name. */
const SETS_FOLDER = "/home/user/signatures/sets";
const SET = /^[0-9a-f]{32}$/;
/** Reading millions of signatures, on an emulated processor. */
export const GIVE_MS = 10 * 60_000;
const TRY_MS = 150_000;
/** Between two tries that no person has asked for. */
const PAUSE_MS = 30_000;
const MAX_PAUSE_MS = 3_600_000;
/** Between two notices of one kind about a service, which may say something else each second. */
const NOTICE_MS = 60_000;
/** What it has been given, it says at once. */
const SAID_MS = 30_000;
/**
 * Of clamd, for a database as it is published, packed: 3.6 were measured with 1.2 million signatures made up of hashes and patterns;
 * of the official one people report nine.
 */
const MEMORY_PER_BYTE = 10;
/** What a service that fetches signatures may make of another one. */
const MAX_MEMORY_MIB = 4_096;
const DAY_S = 86_400;
/** Of a database that is made anew each day. */
const OLD_S = 7 * DAY_S;
/** Characters. */
const MAX_PROBLEM = 200;
/** What every scanner knows, in two parts: no scanner of this computer shall take this file for it. */
const KNOWN_BAD = ["X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD", "-ANTIVIRUS-TEST-FILE!$H+H*"];

export interface SignaturesParts {
  services: {
    readonly units: readonly ServiceUnit[];
    unit(name: string): ServiceUnit;
    readonly next: Pick<NextUnits, "make" | "memoryOf" | "takeBefore" | "hasBefore" | "use" | "drop">;
  };
  /** Resolves when no scan uses that VM any more. */
  released: (vm: Vm) => Promise<void>;
  carry: (files: Carried) => Promise<boolean>;
  /** Signatures that a person has gone back from. */
  file: Pick<SignaturesFile, "passedOver" | "passOver">;
}

export interface SignaturesEvents {
  /** Others are used from now on. */
  switched: [service: string];
  /** What a person should know of them, who has not asked: a sentence. */
  notice: [service: string, words: string];
}

interface Wanted {
  /** Names them: OWN.SET, each may be ""; "": those alone that the service has of itself. */
  key: string;
  /** A person's. */
  own: string;
  /** Databases that were fetched, where they are now; null: none. */
  fetched: (Pick<Carried, "from" | "path"> & { by: ServiceUnit | null }) | null;
}

export class Signatures extends Emitter<SignaturesEvents> {
  readonly #parts: SignaturesParts;
  /** By service, what was reported last. */
  readonly #lastReported = new Map<string, string>();
  /** By kind and service, what is to be shown as a notice: the newest. */
  readonly #notices = new Map<string, { words: string; tell: AtMostEach }>();
  /** Services of which was reported that their signatures are old. */
  readonly #old = new Set<string>();
  /** What goes on, by service. */
  readonly #running = new Map<string, { key: string | null; work: Promise<void> }>();
  /** By service: when others may be tried that no person has asked for. */
  readonly #pauses = new Map<string, { untilMs: number; readonly lengths: Backoff }>();
  /** By service: those that were refused in this run of the application, and why. */
  readonly #refused = new Map<string, { key: string; error: unknown }>();

  constructor(parts: SignaturesParts) {
    super();
    this.#parts = parts;
  }

  /** A service has changed: it gets what it should have and has not. */
  look(): void {
    for (const unit of this.#parts.services.units) {
      if (!getsSignatures(unit)) continue;
      const { name } = unit.manifest;
      const { key } = this.#wantedOf(unit);
      if (this.#running.has(name) || !isDue(unit, key)) continue;
      if (this.#refused.get(name)?.key === key || this.#parts.file.passedOver(name) === key) continue;
      if (!this.#mayTry(name)) continue;
      this.update(name).catch((error: unknown) => this.#tell(name, messageOf(error)));
    }
    for (const unit of this.#parts.services.units) this.#lookAtState(unit);
  }

  /** What nobody has asked for is tried now and then: a VM that fetches signatures may say each second that it has others. */
  #mayTry(name: string): boolean {
    const now = performance.now();
    const pause = this.#pauses.get(name) ?? { untilMs: 0, lengths: new Backoff(PAUSE_MS, MAX_PAUSE_MS) };
    this.#pauses.set(name, pause);
    if (now < pause.untilMs) return false;
    const ms = pause.lengths.nextDelayMs(now);
    pause.untilMs = now + ms;
    setTimeout(() => this.look(), ms).unref();
    return true;
  }

  /** What it says of itself: that it could not fetch any, and that those are old which it scans with. */
  #lookAtState(unit: ServiceUnit): void {
    const { name, rights } = unit.manifest;
    if (!unit.isHealthy) return;
    if (rights.host.includes("gives-signatures")) {
      const problem = unit.tables.rows()["sets"]?.[0]?.["problem"];
      const isWrong = typeof problem === "string" && problem !== "";
      this.#tell(name, isWrong ? `New signatures were not taken: ${cleanText(problem, MAX_PROBLEM)}.` : "");
    }
    if (getsSignatures(unit) && !this.#running.has(name)) {
      const ageS = unit.tables.rows()["engine"]?.[0]?.["ageS"];
      // Those alone that come with Atoll are no database, and say so by their number.
      const isOld = typeof ageS === "number" && ageS > OLD_S && setOf(unit) !== "";
      this.#tellOld(name, isOld ? `The signatures of "${name}" are ${Math.floor(ageS / DAY_S)} days old.` : "");
    }
  }

  /** Once, until it is something else. */
  #tell(name: string, words: string): void {
    if (this.#lastReported.get(name) === words) return;
    this.#lastReported.set(name, words);
    if (words !== "") this.#notice("problem", name, words);
  }

  #tellOld(name: string, words: string): void {
    const wasOld = this.#old.has(name);
    if (words === "") this.#old.delete(name);
    else this.#old.add(name);
    if (words !== "" && !wasOld) this.#notice("age", name, words);
  }

  #notice(kind: string, name: string, words: string): void {
    const key = `${kind} ${name}`;
    const fresh = { words, tell: atMostEach(NOTICE_MS, () => this.emit("notice", name, fresh.words)) };
    const notice = this.#notices.get(key) ?? fresh;
    this.#notices.set(key, notice);
    notice.words = words;
    notice.tell.ask();
  }

  /**
   * Resolves when the service has the signatures that its settings say, or does not run: it gets them then.
   * @throws AppError scan.signatures-refused, and they are as they were
   */
  async update(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (running?.key === this.#wantedOf(this.#parts.services.unit(name)).key) return running.work;
    // Else it begins at once: who asks next finds it.
    if (running !== undefined) {
      await running.work.catch(() => undefined);
      return this.update(name);
    }
    const unit = this.#parts.services.unit(name);
    const wanted = this.#wantedOf(unit);
    if (!isDue(unit, wanted.key)) return;
    await this.#once(name, wanted.key, async () => {
      unit.log.add("atoll", "info", "new signatures are tried in another VM");
      try {
        await this.#switch(unit, await this.#next(unit, wanted), wanted, false);
        this.#refused.delete(name);
      } catch (error) {
        const refusal = refusalOf(name, error);
        // One whose service was stopped, or has failed, meanwhile says nothing of the signatures,
        // nor does one of which another version is being tried.
        if (unit.isHealthy && toErrorValue(error).code !== "service.busy")
          this.#refused.set(name, { key: wanted.key, error: refusal });
        unit.log.add("atoll", "error", refusal.message);
        throw refusal;
      }
    });
  }

  /** Another VM of the service has those of this one when it resolves. @throws AppError service.*, transfer.failed */
  async giveSame(unit: ServiceUnit, other: ServiceUnit): Promise<void> {
    const key = givenTo(unit);
    if (key === givenTo(other)) return;
    const value = unit.settings.values[SIGNATURES_SETTING];
    const own = typeof value === "string" ? value : "";
    const set = setOf(unit);
    if (keyOf(own, set) !== key) throw new Error("its signatures are being changed");
    const fetched = set === "" ? null : { by: null, from: unit.vm, path: GIVEN_FOLDER };
    await give(other, { key, own, fetched }, this.#parts.carry);
  }

  /** Whether there are signatures to go back to. */
  hasBefore(name: string): boolean {
    return this.#parts.services.next.hasBefore(name);
  }

  /** Resolves when the service has the signatures from before. @throws AppError scan.no-signatures-before, scan.signatures-refused */
  async back(name: string): Promise<void> {
    const running = this.#running.get(name);
    if (running !== undefined) {
      await running.work.catch(() => undefined);
      return this.back(name);
    }
    const { services, file } = this.#parts;
    const unit = services.unit(name);
    if (!unit.isHealthy)
      throw new AppError("service.not-healthy", `Service "${name}" does not run: start it first.`, { service: name });
    const left = this.#wantedOf(unit).key;
    await this.#once(name, null, async () => {
      const before = await services.next.takeBefore(name);
      if (before === undefined)
        throw new AppError("scan.no-signatures-before", `Service "${name}" has had no other signatures.`, {
          service: name,
        });
      unit.log.add("atoll", "info", "the signatures from before are tried");
      try {
        await this.#switch(unit, before, null, true);
      } catch (error) {
        throw refusalOf(name, error);
      }
      // What the settings want is what it has come from: until they say something else, it is not taken again.
      file.passOver(name, left);
    });
  }

  /** What a person's settings want, and what was fetched: where nobody says what that is, it stays what it is. */
  #wantedOf(unit: ServiceUnit): Wanted {
    const value = unit.settings.values[SIGNATURES_SETTING];
    const own = typeof value === "string" ? value : "";
    const has = setOf(unit);
    const giving = this.#parts.services.units.find((one) => one.manifest.rights.host.includes("gives-signatures"));
    const set = giving === undefined ? null : fetchedBy(giving);
    if (giving === undefined || set === null || set === has) {
      const fetched = has === "" ? null : { by: null, from: unit.vm, path: GIVEN_FOLDER };
      return { own, key: keyOf(own, has), fetched };
    }
    return { own, key: keyOf(own, set), fetched: { by: giving, from: giving.vm, path: `${SETS_FOLDER}/${set}` } };
  }

  /** With memory for those that were fetched; where these are the ones that it has, with as much as it has. */
  #next({ manifest: { name, memory } }: ServiceUnit, { fetched }: Wanted): Promise<ServiceUnit> {
    const { next } = this.#parts.services;
    if (fetched === null) return next.make(name, memory);
    if (fetched.by === null) return next.make(name, next.memoryOf(name));
    const bytes = fetched.by.tables.rows()["sets"]?.[0]?.["bytes"];
    const mostMiB = typeof bytes === "number" ? Math.ceil((bytes * MEMORY_PER_BYTE) / 1_048_576) : 0;
    return next.make(name, Math.min(memory + Math.max(mostMiB, 0), MAX_MEMORY_MIB));
  }

  async #once(name: string, key: string | null, begin: () => Promise<void>): Promise<void> {
    const work = begin();
    this.#running.set(name, { key, work });
    try {
      await work;
    } finally {
      this.#running.delete(name);
    }
  }

  /** @param isKept what is not used stays what there is to go back to */
  async #switch(unit: ServiceUnit, next: ServiceUnit, wanted: Wanted | null, isKept: boolean): Promise<void> {
    const { services, released, carry } = this.#parts;
    const { name } = unit.manifest;
    try {
      await started(next);
      if (wanted !== null && wanted.key !== "") await give(next, wanted, carry);
      await tryOut(next);
      await adopt(unit, next, carry);
      if (!unit.isHealthy) throw new Error("the service does not run any more");
    } catch (error) {
      await services.next.drop(name, next, isKept);
      throw error;
    }
    const before = await services.next.use(name, next);
    next.log.add("atoll", "info", "new signatures are used from now on");
    this.emit("switched", name);
    await released(before.vm);
    // What was kept since.
    await adopt(before, next, carry).catch((error: unknown) => next.log.add("atoll", "warning", messageOf(error)));
    await before.stop();
    before.close();
  }
}

async function give(to: ServiceUnit, { key, own, fetched }: Wanted, carry: SignaturesParts["carry"]): Promise<void> {
  let folder: string | null = null;
  if (fetched !== null) {
    const { by, from, path: at } = fetched;
    by?.by("gives-signatures").use();
    if (!(await carry({ from, path: at, to: to.vm, into: CARRIED_FOLDER })))
      throw new Error(`VM "${from.definition.name}" does not have them any more`);
    folder = `${CARRIED_FOLDER}/${path.posix.basename(at)}`;
  }
  await jobWithin(to, { signatures: { key, own, fetched: folder } }, GIVE_MS);
  // Of one that does not say so, new ones would be due for ever.
  await waitFor({
    listen: ({ resolve }) => {
      const look = (): void => {
        if (givenTo(to) === key) resolve();
      };
      look();
      return to.on("changed", look);
    },
    timeoutMs: SAID_MS,
    onTimeout: ({ reject }) => reject(new Error("its program does not say that it has them")),
  });
}

function keyOf(own: string, set: string): string {
  const hash = own.trim() === "" ? "" : createHash("sha256").update(own).digest("hex").slice(0, 32);
  return hash === "" && set === "" ? "" : `${hash}.${set}`;
}

/** What a service that fetches signatures has fetched last; null: nothing, or it does not say so. */
function fetchedBy(unit: ServiceUnit): string | null {
  const set = unit.tables.rows()["sets"]?.[0]?.["set"];
  return unit.isHealthy && typeof set === "string" && SET.test(set) ? set : null;
}

/** It gets signatures, runs, and has others. */
function isDue(unit: ServiceUnit, key: string): boolean {
  return getsSignatures(unit) && unit.isHealthy && givenTo(unit) !== key;
}

function getsSignatures({ manifest }: ServiceUnit): boolean {
  return manifest.rights.host.includes("signatures");
}

/** Its program's word: of a lie it has the harm itself. */
function givenTo(unit: ServiceUnit): string {
  const given = unit.tables.rows()["engine"]?.[0]?.["given"];
  return typeof given === "string" ? given : "";
}

/** The databases of it that were fetched; "": none. */
function setOf(unit: ServiceUnit): string {
  return givenTo(unit).split(".")[1] ?? "";
}

/** @throws Error where it does not find what is bad, or finds something in what is not */
async function tryOut(unit: ServiceUnit): Promise<void> {
  const expected: [Buffer, ScanVerdict, string][] = [
    [Buffer.from(KNOWN_BAD.join("")), "found", "the test file of all scanners is not found with them"],
    [
      Buffer.from(`clean ${randomBytes(16).toString("hex")}\n`),
      "clean",
      "something is found with them in a file without anything",
    ],
  ];
  for (const [content, verdict, why] of expected) {
    const untrustedAnswer = await jobWithin(unit, { try: content.toString("base64") }, TRY_MS);
    const answer = scanAnswer.safeParse(untrustedAnswer);
    const sha256 = createHash("sha256").update(content).digest("hex");
    if (!answer.success || answer.data.sha256 !== sha256 || answer.data.verdict !== verdict) throw new Error(why);
  }
}

/** A job of the right "signatures". */
async function jobWithin(unit: ServiceUnit, input: unknown, ms: number): Promise<unknown> {
  const limit = deadline(ms, () => new Error(`its program has not answered within ${ms / 1000} s`));
  try {
    return await unit.by("signatures").job(input, limit.signal);
  } finally {
    limit.end();
  }
}

/** What one VM of a scanner has in quarantine, the other has too. */
async function adopt(from: ServiceUnit, to: ServiceUnit, carry: SignaturesParts["carry"]): Promise<void> {
  const keys = (unit: ServiceUnit): unknown[] => (unit.tables.rows()["quarantine"] ?? []).map(({ key }) => key);
  const has = new Set(keys(to));
  // What it has in quarantine would be gone with its disk.
  if (!from.isHealthy) throw new Error("the scanner that is used does not say what it has in quarantine");
  if (keys(from).every((key) => has.has(key))) return;
  await carry({ from: from.vm, path: QUARANTINE_FOLDER, to: to.vm, into: CARRIED_FOLDER });
  const adopted = `${CARRIED_FOLDER}/${path.posix.basename(QUARANTINE_FOLDER)}`;
  await jobWithin(to, { adopt: adopted }, TRY_MS);
}

/** Tells the page. */
export function sendSignatures({ page, signatures }: { page: Pick<Page, "send">; signatures: Signatures }): void {
  signatures.on("notice", (service, words) => page.send("scan.signatures", { service, words }));
  signatures.on("switched", () => page.send("scan.renewed", {}));
}

function refusalOf(service: string, error: unknown): AppError {
  if (error instanceof AppError && error.code === "scan.signatures-refused") return error;
  const jobReason =
    error instanceof AppError && error.code === "service.job-failed" ? error.details["reason"] : undefined;
  const reason = (typeof jobReason === "string" ? jobReason : messageOf(error)).replace(/\.$/, "");
  return new AppError(
    "scan.signatures-refused",
    `The signatures of "${service}" stay as they were; others were not taken: ${reason}.`,
    { service },
    { cause: error },
  );
}

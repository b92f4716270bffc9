/**
 * What people in guests want scanned ("Scan" in a file manager's menu, atoll-scan): as `atoll scan` does it, of their own VM alone. The
 * person at the desktop is told how it ended, as with "Scan" in the menu of an icon.
 */
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { AcceptedScan } from "#shared/protocol/opening.ts";
import { atMostEach } from "../base/at-most-each.ts";
import { logDefect } from "../base/log.ts";
import type { HostFilesOptions } from "../files/host-files.ts";
import { pathText } from "../files/names.ts";
import type { Page } from "../ipc/page.ts";
import { partyOf } from "../policy/crossing.ts";
import { partyView } from "../policy/party-view.ts";
import { eachVm, type VmList } from "../vms/each-vm.ts";
import { opening, type Opening } from "../vms/services/opening.ts";
import type { Vm } from "../vms/vm.ts";
import { scanPaths } from "./scan-path.ts";
import { ScanSummary } from "./scan-summary.ts";
import type { Scanner } from "./scanner.ts";

/** For one request: a guest that lists its files without end keeps its own later ones waiting, and no longer than this. */
export const WHOLE_MS = 30 * 60_000;
/** Between two notices about one VM: a guest may ask twenty times a second. */
export const NOTICE_MS = 2_000;
const NO_SCANNER = 'No scanner runs. "antivirus" in the view "Services" of Atoll\'s desktop is one.';

interface Parts {
  application: VmList;
  hostFiles: HostFilesOptions;
  page: Pick<Page, "send">;
  scanner: Scanner;
}

/** Of each VM that there is, and of those that come. */
export function answerScans(parts: Parts): void {
  eachVm(parts.application, (vm) => {
    const scans = new GuestScans(parts, vm);
    const service = vm.service(opening);
    service.on("scan", (wanted) => scans.ask(wanted));
    service.on("scanDropped", (wanted) => scans.drop(wanted));
    service.on("closed", () => scans.dropAll());
  });
}

interface Job {
  readonly key: string;
  readonly paths: readonly Uint8Array[];
  /** The requests that it answers. */
  readonly wanted: Set<number>;
  readonly ended: AbortController;
}

/** Those of one VM: one after another. How many may wait is the wire's to say (MAX_SCANS_WANTED). */
class GuestScans {
  readonly #parts: Parts;
  readonly #vm: Vm;
  readonly #service: Opening;
  readonly #notices: Notices;
  readonly #waiting: Job[] = [];
  #running: Job | null = null;

  constructor(parts: Parts, vm: Vm) {
    [this.#parts, this.#vm, this.#service] = [parts, vm, vm.service(opening)];
    this.#notices = new Notices(parts.page, vm);
  }

  ask({ wanted, paths }: AcceptedScan): void {
    const refuse = (detail: string): void =>
      this.#service.answerScan(wanted, { verdict: "not-scanned", files: [], detail });
    // One that scans would send its files to itself.
    if (this.#vm.definition.role === "service") return refuse("Files of a service are not scanned.");
    if (!this.#parts.scanner.isThere) {
      this.#notices.noScanner();
      return refuse(NO_SCANNER);
    }
    const key = paths.map((path) => Buffer.from(path).toString("latin1")).join("\0");
    // Of one that runs a file may have been looked at before it was written.
    const same = this.#waiting.find((job) => job.key === key);
    if (same === undefined) this.#waiting.push({ key, paths, wanted: new Set([wanted]), ended: new AbortController() });
    else same.wanted.add(wanted);
    void this.#next();
  }

  /** Nobody waits for it any more. */
  drop(wanted: number): void {
    const jobs = [...this.#waiting, ...(this.#running === null ? [] : [this.#running])];
    for (const job of jobs) if (job.wanted.delete(wanted) && job.wanted.size === 0) this.#end(job);
  }

  dropAll(): void {
    for (const job of this.#waiting.splice(0)) job.wanted.clear();
    this.#running?.wanted.clear();
    if (this.#running !== null) this.#end(this.#running);
  }

  #end(job: Job): void {
    const at = this.#waiting.indexOf(job);
    if (at >= 0) this.#waiting.splice(at, 1);
    job.ended.abort(new Error("nobody waits for it any more"));
  }

  async #next(): Promise<void> {
    if (this.#running !== null) return;
    for (let job = this.#waiting.shift(); job !== undefined; job = this.#waiting.shift()) {
      this.#running = job;
      const summary = await this.#scan(job);
      // Numbers of a link that is gone are those of other requests by now: of these none is left.
      for (const wanted of job.wanted) this.#service.answerScan(wanted, summary.answer);
      if (job.wanted.size > 0) this.#notices.ended(summary);
    }
    this.#running = null;
  }

  async #scan({ paths, ended }: Job): Promise<ScanSummary> {
    const summary = new ScanSummary();
    const first = pathText(paths[0] ?? new Uint8Array(0));
    const tooLong = new Error("it took too long");
    const whole = setTimeout(() => ended.abort(tooLong), WHOLE_MS);
    const party = { kind: "vm", vm: this.#vm } as const;
    try {
      const { scanner, hostFiles } = this.#parts;
      for await (const { path, files } of scanPaths(scanner, hostFiles, { party, paths }, { signal: ended.signal })) {
        if (files.length === 0) summary.addUnscanned(pathText(path), "there is no file in it");
        summary.add(files);
      }
      if (ended.signal.reason === tooLong) summary.addUnscanned(first, tooLong.message);
    } catch (error) {
      if (!(error instanceof AppError)) logDefect(`files of VM "${this.#vm.definition.name}" were not scanned`, error);
      summary.addUnscanned(first, messageOf(error));
    } finally {
      clearTimeout(whole);
    }
    return summary;
  }
}

/** Notices for the person of one VM's scans: no more often than this, and one for several scans together. */
class Notices {
  readonly #page: Pick<Page, "send">;
  readonly #vm: Vm;
  #summary: ScanSummary | null = null;
  #hasNoScanner = false;
  readonly #tell = atMostEach(NOTICE_MS, () => this.#send());

  constructor(page: Pick<Page, "send">, vm: Vm) {
    [this.#page, this.#vm] = [page, vm];
  }

  ended(summary: ScanSummary): void {
    if (this.#summary === null) this.#summary = summary;
    else this.#summary.join(summary);
    this.#tell.ask();
  }

  noScanner(): void {
    this.#hasNoScanner = true;
    this.#tell.ask();
  }

  #send(): void {
    const from = partyView(partyOf(this.#vm.status));
    if (this.#hasNoScanner) this.#page.send("scan.noScanner", { from });
    const { shown = null } = this.#summary ?? {};
    if (shown !== null) this.#page.send("scan.ended", { from, ...shown });
    this.#hasNoScanner = false;
    this.#summary = null;
  }
}

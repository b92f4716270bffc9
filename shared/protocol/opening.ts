/**
 * What programs of one VM ask the host to open, to send elsewhere or to scan, host's side. Pure. Whether it may be is main's business.
 *
 *   a request:  --OpenWanted, SendWanted, ScanWanted--> waiting --OpenAnswered, SendAnswered, ScanAnswered; ScanDropped--> over
 */
import type { ScanVerdict } from "../model/scan.ts";
import { OpenOutcome, ScanVerdict as WireVerdict } from "./gen/atoll_pb.ts";
import type { WireMessageOf } from "./header.ts";
import {
  MAX_APP_ID_BYTES,
  MAX_CHOSEN_FILES,
  MAX_CLIP_TYPE_BYTES,
  MAX_OPENS_WANTED,
  MAX_SCAN_PATHS,
  MAX_SCANS_WANTED,
  MAX_URL_BYTES,
} from "./limits.ts";
import { absolutePath } from "./paths.ts";
import { boundedInteger, boundedText, MAX_U32, refuse } from "./violation.ts";

/** A link, or a file of the guest. All of it is the guest's word. */
export type OpenTarget = { kind: "url"; url: string } | { kind: "file"; path: Uint8Array; mimeType: string };

export interface AcceptedOpen {
  wanted: number;
  target: OpenTarget;
  /** A person there has chosen to edit it. */
  edit: boolean;
  /** A person there has chosen that it opens in a disposable VM. */
  disposable: boolean;
  /** It was left to the guest, which has no program for it: the person is to be told. */
  noProgram: boolean;
}

export interface AcceptedSend {
  wanted: number;
  /** Absolute; at least one: the first of all that were chosen. */
  paths: Uint8Array[];
  /** Of all that were chosen, MAX_CHOSEN_FILES at most. */
  count: number;
  /** What the person calls the VM; "" = nothing was said. */
  to: string;
}

export interface AcceptedScan {
  wanted: number;
  /** Absolute; at least one. */
  paths: Uint8Array[];
}

/** What is answered to one that wants a scan. */
export interface ScanAnswer {
  /** Of all files together. */
  verdict: ScanVerdict;
  /** Those that are named. `why`: "" = clean. */
  files: readonly { path: string; verdict: ScanVerdict; why: string }[];
  /** For people; "" = nothing to say. */
  detail: string;
}

/** `here`: of an opening alone. */
export type WantedOutcome = "here" | "elsewhere" | "denied" | "failed";

export const WIRE_OUTCOMES: Readonly<Record<WantedOutcome, OpenOutcome>> = {
  here: OpenOutcome.HERE,
  elsewhere: OpenOutcome.ELSEWHERE,
  denied: OpenOutcome.DENIED,
  failed: OpenOutcome.FAILED,
};

export const WIRE_VERDICTS: Readonly<Record<ScanVerdict, WireVerdict>> = {
  clean: WireVerdict.CLEAN,
  found: WireVerdict.FOUND,
  suspicious: WireVerdict.SUSPICIOUS,
  "not-scanned": WireVerdict.NOT_SCANNED,
  error: WireVerdict.ERROR,
};

type Kind = "open" | "send" | "scan";

export class WantedTable {
  readonly #waiting = new Map<number, Kind>();
  #last = 0;

  /** Before it is answered; false: it does not wait, and nothing is to be sent. */
  answer(wanted: number, kind: Kind): boolean {
    return this.#waiting.get(wanted) === kind && this.#waiting.delete(wanted);
  }

  // ---- what the agent says. All of these throw ViolationError ----------------------------------------------

  acceptOpen({ wanted, url, path, mimeType, edit, disposable, noProgram }: WireMessageOf<"openWanted">): AcceptedOpen {
    this.#number(wanted);
    boundedText(url, MAX_URL_BYTES, "a link to open");
    boundedText(mimeType, MAX_CLIP_TYPE_BYTES, "type of a file to open");
    if ((url === "") === (path.length === 0)) refuse("unknown-type", "neither a link nor a file, or both");
    const target: OpenTarget =
      url === "" ? { kind: "file", path: absolutePath(path, "a file to open"), mimeType } : { kind: "url", url };
    this.#begin(wanted, "open");
    return { wanted, target, edit, disposable, noProgram };
  }

  acceptSend({ wanted, paths, to, count }: WireMessageOf<"sendWanted">): AcceptedSend {
    this.#number(wanted);
    boundedText(to, MAX_APP_ID_BYTES, "name of a VM");
    if (paths.length === 0) refuse("number-out-of-range", "no file to send");
    boundedInteger(count, paths.length, MAX_CHOSEN_FILES, "count of files to send");
    const absolute = paths.map((path) => absolutePath(path, "a file to send"));
    this.#begin(wanted, "send");
    return { wanted, paths: absolute, count, to };
  }

  acceptScan({ wanted, paths }: WireMessageOf<"scanWanted">): AcceptedScan {
    this.#number(wanted);
    boundedInteger(paths.length, 1, MAX_SCAN_PATHS, "count of files to scan");
    const scans = [...this.#waiting.values()].filter((kind) => kind === "scan");
    if (scans.length >= MAX_SCANS_WANTED) refuse("quota", `more than ${MAX_SCANS_WANTED} requests to scan`);
    const absolute = paths.map((path) => absolutePath(path, "a file to scan"));
    this.#begin(wanted, "scan");
    return { wanted, paths: absolute };
  }

  /** false: it was answered meanwhile. */
  acceptScanDropped({ wanted }: WireMessageOf<"scanDropped">): boolean {
    if (wanted < 1 || wanted > this.#last) refuse("unknown-request", `scan ${wanted} was never asked for`);
    const kind = this.#waiting.get(wanted);
    if (kind !== undefined && kind !== "scan") refuse("wrong-state", `request ${wanted} is no scan`);
    return this.#waiting.delete(wanted);
  }

  #number(wanted: number): void {
    boundedInteger(wanted, this.#last + 1, MAX_U32, "number of what is wanted");
    if (this.#waiting.size >= MAX_OPENS_WANTED) refuse("quota", `more than ${MAX_OPENS_WANTED} requests`);
  }

  #begin(wanted: number, kind: Kind): void {
    this.#last = wanted;
    this.#waiting.set(wanted, kind);
  }
}

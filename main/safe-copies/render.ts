/**
 * A document that lies in the renderer's VM becomes a PDF in another one. Its pixels go from link to link; main counts pages, and
 * ends what takes too long.
 */
import { AppError } from "#shared/model/app-error.ts";
import { cleanText, said } from "#shared/model/text.ts";
import type { ExecEnd } from "#shared/protocol/execs.ts";
import { waitFor } from "../base/waiting.ts";
import { Exec } from "../vms/exec.ts";
import { joinStreams } from "../vms/joints.ts";
import type { Vm } from "../vms/vm.ts";
import { PagesOutput, type SafeCopy } from "./pages-output.ts";
import { refusalOf } from "./renderer.ts";

const SIGKILL = 9;
/** Until the first page is there: an office document is converted before. */
const FIRST_PAGE_MS = 300_000;
/** Between two pages, and from the last one to the end. */
const PAGE_MS = 120_000;
/** Of all of it: pages that come one by one, each just in time, would keep the renderer from other documents for days. */
const ALL_MS = 2 * 60 * 60_000;
const SLOW_PAGE = "a page of it took too long to render";
/** From the end of one program to that of the other. */
const END_MS = 10_000;
/** Of what the program that writes the PDF says of a failure. */
const MAX_REASON_BYTES = 1_000;

export interface Rendering {
  from: Vm;
  /** The program there, and its words. */
  argv: string[];
  to: Vm;
  /** Of the document, in `to`: the copy is beside it. Relative: below the user's home. */
  path: Uint8Array;
  limitsMs?: { firstPage: number; page: number; all: number };
  signal?: AbortSignal | undefined;
  onPage?: ((page: number, of: number) => void) | undefined;
}

/** @throws AppError open.no-safe-copy, vm.not-running, exec.failed, exec.lost; the reason of `signal` */
export async function render({
  from,
  argv,
  to,
  path,
  limitsMs = { firstPage: FIRST_PAGE_MS, page: PAGE_MS, all: ALL_MS },
  signal,
  onPage,
}: Rendering): Promise<SafeCopy> {
  const renderer = new Exec(from, argv, null, { joined: ["stdout"] });
  const ended = endOf(renderer);
  let writer: Exec | null = null;
  const joint = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let last: NodeJS.Timeout | undefined;
  try {
    renderer.endInput();
    writer = new Exec(to, ["atoll-pages", Buffer.from(path).toString("hex")], null, { joined: ["stdin"] });
    const written = writtenBy(writer, {
      signal,
      begin: (late) => {
        timer = setTimeout(() => late(SLOW_PAGE), limitsMs.firstPage);
        last = setTimeout(() => late("its pages took too long to render"), limitsMs.all);
      },
      page: (late, page, of) => {
        clearTimeout(timer);
        timer = setTimeout(() => late(SLOW_PAGE), limitsMs.page);
        onPage?.(page, of);
      },
    });
    // Whichever does not start, the other's end says no more.
    written.catch(() => undefined);
    const [out, into] = await Promise.all([renderer.streams, writer.streams]);
    joinStreams({ vm: from, stream: out.stdout }, { vm: to, stream: into.stdin }, { signal: joint.signal });
    const result = await written;
    if (typeof result !== "string") return result;
    renderer.signal(SIGKILL);
    const end = await soon(ended);
    throw noSafeCopy((end === null ? null : refusalOf(end)) ?? result);
  } finally {
    clearTimeout(timer);
    clearTimeout(last);
    joint.abort();
    renderer.signal(SIGKILL);
    writer?.signal(SIGKILL);
  }
}

export function noSafeCopy(reason: string): AppError {
  return new AppError("open.no-safe-copy", `There is no safe copy of it: ${reason}.`, { reason });
}

/** null: it is not known. Never rejects. */
function endOf(exec: Exec): Promise<ExecEnd | null> {
  return new Promise((resolve) => {
    exec.on("exited", resolve);
    exec.on("failed", () => resolve(null));
  });
}

/** A guest that does not say it is waited for no longer than that. */
function soon(ended: Promise<ExecEnd | null>): Promise<ExecEnd | null> {
  return waitFor<ExecEnd | null>({
    listen: ({ resolve }) => {
      void ended.then(resolve);
      return () => undefined;
    },
    timeoutMs: END_MS,
    onTimeout: ({ resolve }) => resolve(null),
  });
}

/** Ends it, with why. */
type Late = (reason: string) => void;

interface Watch {
  signal: AbortSignal | undefined;
  begin: (late: Late) => void;
  page: (late: Late, page: number, of: number) => void;
}

/** The copy, or why there is none. @throws AppError exec.failed, exec.lost, open.no-safe-copy */
function writtenBy(writer: Exec, { signal, begin, page }: Watch): Promise<SafeCopy | string> {
  const output = new PagesOutput();
  let copy: SafeCopy | null = null;
  let untrustedReason = Buffer.alloc(0);
  return waitFor<SafeCopy | string>({
    listen: ({ resolve, reject }) => {
      const late: Late = (reason) => reject(noSafeCopy(reason));
      begin(late);
      const stops = [
        writer.on("output", (stream, part) => {
          writer.grant(stream, part.length);
          if (stream === "stderr") {
            untrustedReason = Buffer.concat([untrustedReason, part]).subarray(0, MAX_REASON_BYTES);
            return;
          }
          const lines = output.read(part);
          if (lines === null) return resolve("the VM that was to get it has not said what became of it");
          for (const line of lines) {
            if (line.kind === "copy") copy = line.copy;
            else page(late, line.page, line.of);
          }
        }),
        writer.on("exited", ({ code, signal: by }) => {
          if (code === 0 && by === 0 && copy !== null) resolve(copy);
          else resolve(said(cleanText(untrustedReason.toString("utf8")).replace(/^atoll-pages: /, "")));
        }),
        writer.on("failed", reject),
      ];
      return () => stops.forEach((stop) => stop());
    },
    signal,
  });
}

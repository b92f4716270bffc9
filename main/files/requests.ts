/** What is asked of transfers, for the page and the `atoll` command alike. */
import path from "node:path";
import type { RequestOutput } from "#shared/ipc/index.ts";
import type { transferContract } from "#shared/ipc/transfer.ts";
import { AppError } from "#shared/model/app-error.ts";
import { partyName } from "#shared/model/crossing.ts";
import type { TransferView } from "#shared/model/transfer.ts";
import type { Application } from "../application.ts";
import { callerSignal } from "../crossings/caller-signal.ts";
import { refusalOf } from "../crossings/crossings.ts";
import { type CliCaller, goneSignal } from "../ipc/caller.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { ChosenFiles } from "./chosen-files.ts";
import { pathText } from "./names.ts";
import type { FilesParty, TransferEnd } from "./transfer.ts";
import type { TransferRecord } from "./transfer-record.ts";
import { isWhole, type Transfers } from "./transfers.ts";

/** Between two events of progress. */
const PROGRESS_MS = 250;

interface Parts {
  application: Pick<Application, "vm">;
  chosenFiles: ChosenFiles;
  transfers: Transfers;
}

export function transferHandlers({ application, chosenFiles, transfers }: Parts): Handlers<typeof transferContract> {
  const partyOf = (vm: string | null): FilesParty =>
    vm === null ? { kind: "host" } : { kind: "vm", vm: application.vm(vm) };
  return {
    "transfer.send": ({ source: wanted, to }) => {
      const [source, target] = [partyOf(wanted.kind === "vm" ? wanted.vm : null), partyOf(to)];
      const paths = wanted.kind === "vm" ? wanted.paths : chosenFiles.take(wanted.files);
      checkParties(source, target);
      const { id } = transfers.start({
        source: { party: source, paths: pathsOf(source, paths) },
        target,
        destination: { kind: "incoming" },
        permission: { kind: "ask" },
      });
      return { id };
    },
    "transfer.files": ({ id, offset, count, only }) => transfers.get(id).filesFrom(offset, count, only),
    "transfer.clear": () => {
      transfers.clear();
      return null;
    },
    "transfer.list": () => transfers.views.map(rowOf),
    "transfer.pause": ({ id }) => rowOf(transfers.pause(id).view),
    "transfer.resume": ({ id }) => rowOf(transfers.resume(id).view),
    "transfer.cancel": async ({ id }) => rowOf((await transfers.cancel(id)).view),
    "transfer.retry": ({ id }) => rowOf(transfers.retry(id).view),
    "transfer.copy": async ({ from, paths, to, target: into, askS }, caller) => {
      const [source, target] = [partyOf(from), partyOf(to)];
      checkParties(source, target);
      for (const party of [source, target]) checkRunning(party);
      const [bytes] = pathsOf(target, [into]);
      const record = transfers.start(
        {
          source: { party: source, paths: pathsOf(source, paths) },
          target,
          destination: { kind: "path", path: bytes ?? new Uint8Array(0) },
          permission: { kind: "ask" },
        },
        { signal: goneSignal(caller), askSignal: callerSignal(caller, askS) },
      );
      const stop = reportProgress(transfers, transfers.get(record.id), caller);
      const end = await record.done.finally(stop);
      return copied(end, transfers.refusalOf(transfers.get(record.id)));
    },
  };
}

function checkParties(source: FilesParty, target: FilesParty): void {
  const isSame = source.kind === "vm" ? target.kind === "vm" && source.vm === target.vm : target.kind === "host";
  if (isSame)
    throw new AppError(
      "usage.bad-argument",
      source.kind === "vm"
        ? `Both are in VM "${source.vm.definition.name}": copy there with "atoll exec ${source.vm.definition.name} -- cp".`
        : "Both are on this computer: name a VM, as in home:PATH.",
    );
}

function checkRunning(party: FilesParty): void {
  if (party.kind === "host" || party.vm.state === "running") return;
  const { name } = party.vm.definition;
  throw new AppError("vm.not-running", `VM "${name}" is ${party.vm.state}: start it first.`, { vm: name });
}

/** @throws AppError usage.bad-argument */
function pathsOf(party: FilesParty, paths: readonly string[]): Uint8Array[] {
  return paths.map((text) => {
    const isBad = text.includes("\0") || (party.kind === "host" && !path.isAbsolute(text));
    if (isBad) throw new AppError("usage.bad-argument", `${JSON.stringify(text)} is no path that can be used.`);
    return Buffer.from(text);
  });
}

function rowOf({ id, from, to, state, files, doneFiles, bytes, doneBytes, failed }: TransferView) {
  return { id, from: partyName(from), to: partyName(to), state, files, doneFiles, bytes, doneBytes, failed };
}

/** Returns what ends it. */
function reportProgress(transfers: Transfers, record: TransferRecord, { connection }: CliCaller): () => void {
  let timer: NodeJS.Timeout | null = null;
  const send = (): void => {
    timer = null;
    const { state, files, doneFiles, bytes, doneBytes, rate, remainingS } = record.view;
    connection.notify("transfer.progress", { state, files, doneFiles, bytes, doneBytes, rate, remainingS });
  };
  const stop = transfers.on("changed", () => (timer ??= setTimeout(send, PROGRESS_MS)));
  return () => {
    stop();
    if (timer !== null) clearTimeout(timer);
  };
}

function copied(
  { state, files, bytes, seconds, detail }: TransferEnd,
  refusal: Parameters<typeof refusalOf>[0] | null,
): RequestOutput<"transfer.copy"> {
  if (state === "denied" && refusal !== null) throw refusalOf(refusal);
  if (state === "interrupted")
    throw new AppError("transfer.interrupted", `${detail} "atoll transfer list" shows what can be resumed.`, {
      detail,
    });
  if (state === "cancelled") throw new AppError("transfer.cancelled", "The copy was cancelled.");
  const listed = (outcomes: readonly string[]) =>
    files
      .filter(({ outcome }) => outcomes.includes(outcome))
      .map(({ path: file, reason, outcome, scan }) => ({ path: pathText(file), reason: reason ?? outcome, scan }));
  const refused = listed(["refused", "failed", "skipped"]);
  // What says of each file no more than that the transfer has ended says nothing: why it ended is the answer.
  if (
    state === "failed" &&
    !files.some(({ outcome }) => isWhole(outcome)) &&
    refused.every(({ reason }) => reason === "stopped")
  )
    throw new AppError("transfer.failed", detail === "" ? "Nothing was copied." : detail, { refused });
  return {
    files: files.filter(({ outcome, isFolder }) => isWhole(outcome) && !isFolder).length,
    bytes,
    seconds,
    skipped: listed(["same"]).map(({ path: file, reason }) => ({ path: file, reason })),
    refused,
  };
}

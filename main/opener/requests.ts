/** What is asked of the opener, for the page and the `atoll` command alike. */
import type { openContract } from "#shared/ipc/open.ts";
import type { RequestInput } from "#shared/ipc/index.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { Application } from "../application.ts";
import { callerSignal } from "../crossings/caller-signal.ts";
import type { ChosenFiles } from "../files/chosen-files.ts";
import type { Transfers } from "../files/transfers.ts";
import { type Caller, goneSignal } from "../ipc/caller.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { Policy } from "../policy/policy.ts";
import type { Comparisons } from "./comparisons.ts";
import { hostFile } from "./host-file.ts";
import { fileItem, linkItem } from "./item.ts";
import type { OpenRules } from "./open-rules.ts";
import type { Opener } from "./opener.ts";
import type { OpenOptions, OpenRequest } from "./request.ts";
import { decideCell, tableOf, whereOf } from "./table.ts";

interface Parts {
  application: Pick<Application, "parties" | "vm">;
  chosenFiles: ChosenFiles;
  opener: Opener;
  openRules: OpenRules;
  transfers: Pick<Transfers, "get">;
  comparisons: Pick<Comparisons, "texts">;
  policy: Pick<Policy, "decide">;
}

export function openHandlers({
  application,
  chosenFiles,
  comparisons,
  opener,
  openRules,
  policy,
  transfers,
}: Parts): Handlers<typeof openContract> {
  /** @throws AppError open.bad-url, open.no-file, transfer.not-found, vm.not-found, usage.bad-argument */
  async function asked(
    { item, from: name }: Pick<RequestInput<"open.open">, "item" | "from">,
    caller: Caller,
  ): Promise<Pick<OpenRequest, "item" | "from">> {
    const from = name === null || name === undefined ? null : application.vm(name);
    switch (item.kind) {
      case "url":
        return { item: linkItem(item.url), from };
      case "chosen": {
        const [path] = chosenFiles.take(item.files);
        if (path === undefined || from !== null) throw new AppError("usage.bad-argument", "Choose one file.");
        return { item: fileItem(Buffer.from(await hostFile(path))), from };
      }
      case "arrived": {
        const record = transfers.get(item.transfer);
        const { target } = record.request;
        const path = record.placeOf(item.index);
        if (path === null) throw new AppError("open.no-file", "This file is not there, or it is not known where.");
        return { item: fileItem(path), from: target.kind === "host" ? null : application.vm(target.vm.id) };
      }
      case "file":
        if (from !== null) return { item: fileItem(Buffer.from(item.path)), from };
        if (caller.from === "page") throw new AppError("usage.bad-argument", "No file was chosen.");
        return { item: fileItem(Buffer.from(await hostFile(item.path))), from };
    }
  }

  return {
    "open.open": async ({ in: chosen, edit, wait, askS, ...what }, caller) => {
      const { item, from } = await asked(what, caller);
      const place = chosen?.kind === "vm" ? { kind: chosen.kind, vm: application.vm(chosen.vm) } : (chosen ?? null);
      const request = { item, from, in: place, edit, wanted: null };
      const opened = await opener.open(request, optionsOf(caller, askS));
      const { decision, vm, windowId, rule, safe } = opened;
      const copy = safe === undefined ? {} : { safe: { ...safe, path: Buffer.from(safe.path).toString("utf8") } };
      const result = { vm: vm.definition.name, windowId, decision, rule, ...copy };
      return wait ? { ...result, returned: await opened.finished(goneSignal(caller)) } : result;
    },
    "open.table": () => ({
      file: openRules.file,
      problem: openRules.problem,
      ...tableOf({
        rules: openRules.current,
        vms: application.parties,
        decide: (crossing) => policy.decide(crossing).decision,
      }),
    }),
    "open.explain": (cell) => whereOf(decideCell(cell, openRules.current, application.parties)),
    "open.setRule": ({ group, from, in: place, edit }) => {
      const { rule } = decideCell({ group, from }, openRules.current, application.parties);
      return openRules.set({ group, from, in: place, edit }, rule);
    },
    "open.compare": ({ comparison }) => comparisons.texts(comparison),
    "open.takeBack": (rule) => openRules.takeBack(rule),
    "open.undo": async ({ change }) => {
      await openRules.undo(change);
      return null;
    },
  };
}

/** A person at the desktop takes their time; a command waits so long for an answer, and for nothing when it has gone. */
function optionsOf(caller: Caller, askS: number): OpenOptions {
  if (caller.from === "page") return {};
  const { connection } = caller;
  return {
    signal: goneSignal(caller),
    askSignal: callerSignal(caller, askS),
    progress: (step, vm = "", pages) =>
      connection.notify("open.progress", { step, vm, ...(pages === undefined ? {} : { pages }) }),
  };
}

/** What is asked of the clipboard, for the page and the `atoll` command alike. */
import type { clipboardContract } from "#shared/ipc/clipboard.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { ClipType } from "#shared/model/clip.ts";
import type { Application } from "../application.ts";
import { callerSignal } from "../crossings/caller-signal.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { ClipBroker } from "./broker.ts";
import type { HistoryEntry } from "./history.ts";
import type { HistoryKeeper } from "./history-keeper.ts";
import type { HostExchange } from "./host-exchange.ts";
import type { HostWatch } from "./host-watch.ts";

const TEXT: ClipType = "text/plain;charset=utf-8";
/** Of an entry of the history, UTF-16 code units: more than the picker shows. */
const SHOWN_TEXT = 2_000;

export interface ClipboardParts {
  broker: ClipBroker;
  /** Of what is marked with the mouse. */
  primary: ClipBroker;
  keeper: HistoryKeeper;
  exchange: HostExchange;
  watch: Pick<HostWatch, "wanted">;
}

export function clipboardHandlers({
  application,
  clipboard: { broker, primary, keeper, exchange, watch },
}: {
  application: Pick<Application, "vm" | "window" | "parties">;
  clipboard: ClipboardParts;
}): Handlers<typeof clipboardContract> {
  const { history } = keeper;
  const changed = (): null => {
    keeper.changed();
    return null;
  };
  return {
    "clipboard.copyToHost": async ({ vm }) => {
      await exchange.copyToHost(application.vm(vm));
      return null;
    },
    "clipboard.pasteFromHost": async ({ window }) => {
      const { vm } = application.window(window);
      if (!(await watch.wanted()))
        throw new AppError("clipboard.empty", "The host's clipboard has nothing to paste: copy something there first.");
      broker.gesture(vm, "menu");
      return null;
    },
    "clipboard.history": ({ search, label }) =>
      history.find(search, label).map((entry) => shown(entry, performance.now())),
    "clipboard.pick": ({ entry: id }) => {
      const entry = history.get(id);
      if (entry === null)
        throw new AppError(
          "clipboard.gone",
          "That text is no longer in the history: copy it again where it came from.",
        );
      const bytes = Buffer.from(entry.text);
      const from = application.parties.find((party) => party.id === entry.from.id) ?? entry.from;
      broker.take({ from, types: new Map([[TEXT, TEXT]]), isSecret: false, source: () => ({ kind: "bytes", bytes }) });
      return null;
    },
    "clipboard.pin": ({ entry, isPinned }) => {
      history.pin(entry, isPinned);
      return changed();
    },
    "clipboard.forget": ({ entry }) => {
      history.forget(entry);
      return changed();
    },
    "clipboard.clearHistory": ({ label }) => {
      history.clear(label);
      return changed();
    },
    "clipboard.get": async ({ vm, type, askS }, caller) => {
      const content = await exchange.get(application.vm(vm), type, callerSignal(caller, askS));
      return { type: content.type, content: Buffer.from(content.bytes).toString("base64") };
    },
    "clipboard.put": async ({ vm, type, askS, content }, caller) => {
      const bytes = Buffer.from(content, "base64");
      const put = await exchange.put(application.vm(vm), type, bytes, callerSignal(caller, askS));
      return { ...put, bytes: bytes.length };
    },
    "clipboard.show": () => {
      const { current } = broker;
      if (current === null || current.types.size === 0) return null;
      const { id, from, types, copiedMs } = current;
      return {
        id,
        from: from.kind === "host" ? "@host" : from.name,
        types: [...types.keys()],
        bytes: null,
        ageS: ageS(copiedMs, performance.now()),
      };
    },
    "clipboard.gesture": ({ window, kind, chord }) => {
      const { vm } = application.window(window);
      for (const one of [broker, primary]) one.gesture(vm, kind, chord);
    },
    "clipboard.answer": ({ id, answer }) => {
      for (const one of [broker, primary]) one.answered(id, answer);
    },
  };
}

function shown({ id, from, label, text, characters, atMs, isPinned }: HistoryEntry, nowMs: number) {
  // The history has texts of VMs alone, each of which has an id.
  if (from.id === null) throw new AppError("internal", `An entry of the history belongs to no VM: ${from.name}.`);
  return {
    id,
    vm: from.id,
    vmName: from.name,
    label,
    text: text.slice(0, SHOWN_TEXT),
    characters,
    ageS: ageS(atMs, nowMs),
    isPinned,
  };
}

function ageS(sinceMs: number, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - sinceMs) / 1000));
}

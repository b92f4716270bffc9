/**
 * Opens files and links where they belong: in the VM that they come from, in another one, or in a disposable that is made for
 * them. The rules say where (rules.ts), the policy whether; a file is carried there, and nothing is opened on the host.
 */
import { AppError, messageOf, toErrorValue } from "#shared/model/app-error.ts";
import type { WindowId } from "#shared/model/window.ts";
import { waitFor, type WaitOptions } from "../base/waiting.ts";
import { refusalOf } from "../crossings/crossings.ts";
import type { CrossingEnd } from "../crossings/crossing-request.ts";
import type { FilesSource, TransferRequest } from "../files/transfer.ts";
import type { SafeCopy } from "../safe-copies/pages-output.ts";
import type { Vm } from "../vms/vm.ts";
import { type Allowed, askElsewhere, type Decided, type Elsewhere, type SafePlace } from "./asking.ts";
import { isRendered } from "./choices.ts";
import { Chains, type Stop } from "./chains.ts";
import { Edit } from "./edits.ts";
import { fileItem, groupOf, keyOf, keyOfPath, type OpenItem } from "./item.ts";
import { filesParty, givenBy, originIn, partyIn, refusalWithSize, transferWords } from "./parties.ts";
import type { OpenerParts, OpenTarget } from "./parts.ts";
import { browserWindows, noHandler } from "./programs.ts";
import type { Opened, OpenOptions, OpenRequest } from "./request.ts";
import { decideDisposable, decidePlace, type OpenRule } from "./rules.ts";
import { untilRunning } from "../vms/until-running.ts";
import { Turns } from "./turns.ts";
import { WantedDisposables } from "./wanted-disposables.ts";
import { untilClosed, windowOf } from "./windows.ts";

const PDF_TYPE = "application/pdf";

/** A VM in which something opens. */
interface Target {
  readonly vm: Vm;
  /**
   * Called once: when its windows are closed and what was edited is back, or when it has failed. A disposable that was kept for it
   * may end then.
   */
  readonly release: () => void;
  /** It was made for this, and is of no use when it fails. */
  readonly isNew: boolean;
}

export class Opener {
  readonly #parts: OpenerParts;
  readonly #turns = new Turns();
  readonly #wanted = new WantedDisposables();
  readonly #chains: Chains;

  constructor(parts: OpenerParts, chains = new Chains()) {
    this.#parts = parts;
    this.#chains = chains;
  }

  /** Where it opens, without asking anybody. */
  decide({ item, from, in: chosen, edit, wanted }: Omit<OpenRequest, "wanted"> & Partial<OpenRequest>): Decided {
    const { application, rules } = this.#parts;
    const party = originIn(application.parties, from);
    const isLink = item.kind === "url";
    const opened = { group: groupOf(item), isLink, isLocal: isLink && item.link.isLocal, from: party };
    if (chosen?.kind === "disposable" && typeof wanted === "number") return decideDisposable(opened, edit);
    if (chosen !== null) {
      const explanation = "You have said where.";
      // Nobody is asked about what cannot be made.
      if (chosen.kind === "safe") {
        documentOf(item);
        return { place: { kind: "safe" }, edit: false, rule: null, explanation };
      }
      if (chosen.kind === "disposable")
        return { place: { kind: chosen.kind, template: null }, edit, rule: null, explanation };
      if (chosen.vm === from) return { place: { kind: "here" }, edit: false, rule: null, explanation };
      return { place: { kind: "vm", vm: partyIn(application.parties, chosen.vm) }, edit, rule: null, explanation };
    }
    const decided = decidePlace(rules.current, opened, application.parties);
    return { ...decided, edit: decided.place.kind !== "here" && (edit || decided.edit) };
  }

  /**
   * Resolves when its window is there, or when it shows in one that is there.
   * @throws AppError open.*, policy.denied, policy.unanswered, vm.*, template.*, disposable.*, app.launch-failed, app.no-window
   */
  async open(request: OpenRequest, options: OpenOptions = {}): Promise<Opened> {
    const opened = await this.#open(request, options);
    const { item, from } = request;
    // What a disposable has is gone with it.
    if (item.kind === "file" && from?.definition.isThrowaway !== true)
      this.#parts.recent.opened(from?.id ?? null, item.path);
    return opened;
  }

  async #open(request: OpenRequest, options: OpenOptions): Promise<Opened> {
    // What is asked for while the application starts waits: the VMs and the policy are known before the services are.
    await this.#parts.safeCopies.known;
    const decided = this.decide(request);
    const { item, from, wanted } = request;
    const way = from === null ? (["host"] as const) : this.#chains.wayOf(from.id, keyOf(item));
    if (decided.place.kind === "here") return this.#openHere(request, decided.rule, options);
    const ask = (): Promise<Allowed | null> => askElsewhere(this.#parts, request, decided, way, options);
    // A person who asks knows what they are asked about; a guest's requests come one after the other.
    const isGuests = from !== null && wanted !== null;
    const allowed = isGuests ? await this.#turns.take({ id: from.id, name: from.definition.name }, ask) : await ask();
    if (allowed === null) return this.#openHere(request, decided.rule, options);
    const { place } = allowed;
    if (place.kind === "safe") return this.#openSafe(request, allowed, options);
    return this.#openElsewhere(request, { ...allowed, place }, way, options);
  }

  /** In the VM that has it, which is no crossing. */
  async #openHere(
    { item, from: vm, wanted }: OpenRequest,
    rule: OpenRule | null,
    options: OpenOptions,
  ): Promise<Opened> {
    // No rule and no choice says so of the host.
    if (vm === null) throw new AppError("internal", "Nothing is opened on the host.");
    const opened = { decision: "here", vm, rule: placeOf(rule) } as const;
    if (wanted !== null) return { ...opened, windowId: null, finished: () => Promise.resolve(false) };
    await this.#running(vm, options);
    const windowId = await this.#openIn(vm, item, targetOf(item, null), options);
    return {
      ...opened,
      windowId,
      finished: async (signal) => {
        await untilClosed(vm, windowId, signal);
        return false;
      },
    };
  }

  async #openElsewhere(
    request: OpenRequest,
    allowed: Allowed<Exclude<Elsewhere, SafePlace>>,
    way: readonly Stop[],
    options: OpenOptions,
  ): Promise<Opened> {
    const { item } = request;
    const { place, outcome, rule } = allowed;
    const target = await this.#target(request, allowed, options);
    const { vm } = target;
    let edit: Edit | null = null;
    let wantsSafeCopy = false;
    const takesSafeCopy = isRendered(item, this.#parts.safeCopies) ? () => void (wantsSafeCopy = true) : undefined;
    try {
      const arrived =
        item.kind === "file" ? await this.#carry(request, item, vm, { ...allowed, takesSafeCopy }, options) : null;
      if (arrived === null) await this.#parts.crossings.ended(outcome, { bytes: bytesOf(item) });
      this.#chains.arrived(vm.id, arrived === null ? keyOf(item) : keyOfPath(arrived.path), way);
      if (arrived !== null && item.kind === "file" && allowed.edit)
        edit = new Edit(this.#parts, {
          item,
          origin: request.from,
          target: vm,
          ...arrived,
          isChosen: allowed.isChosen || request.wanted === null,
        });
      const windowId = await this.#openIn(vm, item, targetOf(item, arrived?.path ?? null), options);
      if (windowId === null && target.isNew) throw noWindow(vm);
      const over = this.#over(target, windowId, edit);
      return {
        decision: place.kind,
        vm,
        windowId,
        rule: placeOf(rule),
        finished: (signal) => waitFor({ listen: settledBy(over), signal }),
      };
    } catch (error) {
      edit?.end();
      await this.#giveUp(target);
      if (!wantsSafeCopy) throw error;
    }
    return this.#openSafeInstead(request, way, options);
  }

  /** The person has chosen it at the question about what no scanner could look at. */
  async #openSafeInstead(request: OpenRequest, way: readonly Stop[], options: OpenOptions): Promise<Opened> {
    const chosen = { ...this.decide({ ...request, in: { kind: "safe" } }), isChosen: true };
    const allowed = await askElsewhere(this.#parts, request, chosen, way, options);
    if (allowed === null) throw new AppError("internal", "A safe copy is not opened where it is.");
    return this.#openSafe(request, allowed, options);
  }

  /** Where the file is, or one of the host in a disposable: what is made of its pixels, and not the file. */
  async #openSafe(request: OpenRequest, { crossing, outcome, rule }: Allowed, options: OpenOptions): Promise<Opened> {
    const { from } = request;
    const item = documentOf(request.item);
    const { safeCopies, policy, crossings } = this.#parts;
    const { signal, progress } = options;
    let target: Target | null = null;
    let end: Omit<CrossingEnd, "bytes"> = {};
    try {
      const disposable = { kind: "disposable", template: null } as const;
      target =
        from === null ? await this.#disposable(disposable, request, false, options) : await this.#vm(from, options);
      const { vm } = target;
      const copy = await safeCopies.make(
        {
          source: sourceOf(request, item.path),
          to: vm,
          path: from === null ? Buffer.from(item.name) : item.path,
          admits: (bytes) => refusalWithSize(policy, crossing, bytes),
        },
        {
          signal,
          progress: (step) => {
            if (step.kind === "page") progress?.("rendering", vm.definition.name, { done: step.page, of: step.of });
            else progress?.(step.kind, step.vm);
          },
        },
      );
      end = { detail: `safe copy: ${copy.pages} pages, ${copy.bytes} bytes`, isComplete: true };
      const windowId = await this.#openCopy(target, copy, options);
      const over = this.#over(target, windowId, null);
      return {
        decision: "safe",
        vm,
        windowId,
        rule: placeOf(rule),
        safe: copy,
        finished: (waiting) => waitFor({ listen: settledBy(over), signal: waiting }),
      };
    } catch (error) {
      end = { detail: messageOf(error) };
      if (target !== null) await this.#giveUp(target);
      throw error;
    } finally {
      await crossings.ended(outcome, { bytes: null, ...end });
    }
  }

  /** null: the VM that has asked for it has no program for PDF, or opens no window; the copy is there all the same. */
  async #openCopy({ vm, isNew }: Target, { path }: SafeCopy, options: OpenOptions): Promise<WindowId | null> {
    const pdf = fileItem(path, PDF_TYPE);
    try {
      const windowId = await this.#openIn(vm, pdf, targetOf(pdf, null), options);
      if (windowId === null && isNew) throw noWindow(vm);
      return windowId;
    } catch (error) {
      if (isNew || toErrorValue(error).code !== "open.no-handler") throw error;
      return null;
    }
  }

  /** Resolves when the window is closed and what was edited is back; the disposable may go then. Never rejects. */
  async #over({ vm, release }: Target, windowId: WindowId | null, edit: Edit | null): Promise<boolean> {
    await untilClosed(vm, windowId, undefined);
    const hasReturned = (await edit?.finished()) ?? false;
    // A program that has opened no window of its own shows it in another one, which nobody knows.
    if (windowId !== null) edit?.end();
    release();
    return hasReturned;
  }

  async #target(
    request: OpenRequest,
    { place, edit, outcome }: Allowed<Exclude<Elsewhere, SafePlace>>,
    options: OpenOptions,
  ): Promise<Target> {
    try {
      return place.kind === "vm"
        ? await this.#vm(place.vm, options)
        : await this.#disposable(place, request, edit, options);
    } catch (error) {
      await this.#parts.crossings.ended(outcome, { bytes: null, detail: messageOf(error) });
      throw error;
    }
  }

  async #vm(vm: Vm, options: OpenOptions): Promise<Target> {
    await this.#running(vm, options);
    return { vm, isNew: false, release: () => undefined };
  }

  async #disposable(
    { template }: Extract<Elsewhere, { kind: "disposable" }>,
    { from, item, wanted }: OpenRequest,
    edit: boolean,
    { signal, progress }: OpenOptions,
  ): Promise<Target> {
    const { application, disposables, viewers } = this.#parts;
    progress?.("starting", "a disposable VM");
    // A page is of no use without a network, a file is.
    const network = item.kind === "url" ? "firewall" : "none";
    const request = { template: template ?? undefined, forVm: from?.id, network, isToOpen: true } as const;
    const leave = from !== null && wanted !== null ? this.#wanted.enter(from) : (): void => undefined;
    try {
      const { vmId } = await (item.kind === "url"
        ? disposables.start(request, { signal })
        : viewers.startForFile(request, { signal }));
      const unhold = edit ? disposables.hold(vmId) : (): void => undefined;
      const release = (): void => {
        unhold();
        leave();
      };
      return { vm: application.vm(vmId), isNew: true, release };
    } catch (error) {
      leave();
      throw error;
    }
  }

  async #giveUp({ vm, isNew, release }: Target): Promise<void> {
    release();
    if (isNew) await this.#parts.disposables.end(vm.id);
  }

  #running(vm: Vm, { signal, progress }: OpenOptions): Promise<void> {
    return untilRunning(vm, () => progress?.("starting", vm.definition.name), signal);
  }

  /** The file in the target: a transfer; the transfer reports its own end. */
  async #carry(
    { from, wanted }: OpenRequest,
    { path }: OpenItem & { kind: "file" },
    vm: Vm,
    { crossing, edit, outcome, takesSafeCopy }: Allowed & { takesSafeCopy: (() => void) | undefined },
    { signal, progress }: OpenOptions,
  ): Promise<Arrived> {
    progress?.("sending", vm.definition.name);
    const request: TransferRequest = {
      source: sourceOf({ from, wanted }, path),
      target: { kind: "vm", vm },
      destination: { kind: "opened", isReadOnly: !edit },
      permission: {
        ...givenBy(outcome, crossing),
        takesSafeCopy,
        admits: (bytes) => refusalWithSize(this.#parts.policy, crossing, bytes),
      },
    };
    const end = await this.#parts.startTransfer(request, signal === undefined ? {} : { signal }).done;
    const [file] = end.files;
    if (end.state === "done" && file !== undefined && file.arrivedAt !== null && file.sha256 !== null)
      return { path: file.arrivedAt, sha256: file.sha256, bytes: end.bytes };
    if (end.state === "denied") throw refusalOf({ ...outcome, explanation: end.detail });
    const why = transferWords(end);
    throw new AppError("open.failed", `The file did not arrive in VM "${vm.definition.name}". ${why}`, {
      vm: vm.definition.name,
    });
  }

  /** With the program that the guest has for it. */
  async #openIn(vm: Vm, item: OpenItem, target: OpenTarget, { progress }: OpenOptions): Promise<WindowId | null> {
    const { application, guests } = this.#parts;
    progress?.("opening", vm.definition.name);
    const running = await browserWindows(vm, item, application);
    try {
      return await windowOf(vm, () => guests.open(vm, target), running);
    } catch (error) {
      const { code, details } = toErrorValue(error);
      if (code !== "app.not-found") throw error;
      const type = typeof details["type"] === "string" ? details["type"] : "";
      throw await noHandler(vm, item, type, this.#parts);
    }
  }
}

function sourceOf({ from, wanted }: Pick<OpenRequest, "from" | "wanted">, path: Uint8Array): FilesSource {
  if (from !== null && wanted !== null) return { party: { kind: "vm", vm: from }, wanted };
  return { party: filesParty(from), paths: [path] };
}

interface Arrived {
  /** Absolute, in the target. */
  readonly path: Uint8Array;
  readonly sha256: string;
  readonly bytes: number;
}

/** @param arrivedAt where a file that was carried is; null: where it was */
function targetOf(item: OpenItem, arrivedAt: Uint8Array | null): OpenTarget {
  if (item.kind === "url") return { kind: "url", url: item.link.url };
  return { kind: "file", path: arrivedAt ?? item.path };
}

/** @throws AppError open.no-file */
function documentOf(item: OpenItem): Extract<OpenItem, { kind: "file" }> {
  if (item.kind === "file") return item;
  throw new AppError("open.no-file", "A safe copy can be made of a file, not of a link.");
}

function noWindow({ definition: { name } }: Vm): AppError {
  return new AppError("app.no-window", `No window of it came up in VM "${name}".`, { vm: name });
}

function placeOf(rule: OpenRule | null): Opened["rule"] {
  return rule === null ? null : { line: rule.line, text: rule.text };
}

function bytesOf(item: OpenItem): number | null {
  return item.kind === "url" ? item.link.url.length : null;
}

function settledBy<Value>(promise: Promise<Value>): WaitOptions<Value>["listen"] {
  return ({ resolve, reject }) => {
    promise.then(resolve, reject);
    return () => undefined;
  };
}

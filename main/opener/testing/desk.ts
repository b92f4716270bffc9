/** An opener with all of its real parts, but for machines, agents and the transfer of bytes: a test says what those do. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import type { QuestionAnswer } from "#shared/ipc/index.ts";
import type { LabelName } from "#shared/model/label.ts";
import type { VmId, VmRole } from "#shared/model/vm.ts";
import type { GuestWindow, SurfaceId } from "#shared/model/window.ts";
import type { GuestApp } from "#shared/protocol/apps.ts";
import { Application } from "../../application.ts";
import { AuditLog } from "../../audit/audit-log.ts";
import { readEntries } from "../../audit/audit-reader.ts";
import { Crossings } from "../../crossings/crossings.ts";
import { DisposableSource } from "../../disposables/disposable-source.ts";
import { Disposables } from "../../disposables/disposables.ts";
import { Leftovers } from "../../disposables/leftovers.ts";
import { SnapshotMaker } from "../../disposables/snapshot-maker.ts";
import type { TransferEnd, TransferRequest } from "../../files/transfer.ts";
import { CheckedPage } from "../../ipc/testing/checked.ts";
import type { OpenHereOrder } from "../../link/contracts/launches.ts";
import { LAUNCHES } from "../../link/contracts/launches.ts";
import { APPS } from "../../link/contracts/apps.ts";
import { FILES } from "../../link/contracts/files.ts";
import { OPENING } from "../../link/contracts/opening.ts";
import { SURFACES } from "../../link/contracts/surfaces.ts";
import { Policy } from "../../policy/policy.ts";
import { PolicyChanges } from "../../policy/policy-changes.ts";
import type { SafeCopy } from "../../safe-copies/pages-output.ts";
import type { SafeCopies, SafeCopyRequest } from "../../safe-copies/safe-copies.ts";
import { newDefinition } from "../../vms/definition.ts";
import { VmRegistry } from "../../vms/registry.ts";
import {
  HELLO,
  ordersOf,
  scriptedContext,
  scriptedDriver,
  scriptedDrivers,
  type ScriptedLink,
  ScriptedMachine,
  scriptedType,
  serviceEvent,
} from "../../vms/testing/scripted-vm.ts";
import type { Vm } from "../../vms/vm.ts";
import type { Compared } from "../comparisons.ts";
import { createOpener } from "../create.ts";
import { KnownPrograms } from "../known-programs.ts";
import { OpenRules } from "../open-rules.ts";
import type { Opener } from "../opener.ts";
import type { TemplatePrograms } from "../template-programs.ts";
import type { WantedOpen } from "../wanted.ts";

const SHA = "ab".repeat(32);

/** What a transfer does, by default: all arrives. */
export type Carries = (request: TransferRequest) => Partial<TransferEnd> | Promise<Partial<TransferEnd>>;

/** `vi.waitFor`: the product's folders have no test runner. */
type Until = <Value>(look: () => Value) => Promise<Value>;

export class OpenDesk {
  readonly #until: Until;
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), "atoll-opener-"));
  readonly page = new CheckedPage();
  readonly transfers: TransferRequest[] = [];
  carries: Carries = () => ({});
  readonly safeCopies: SafeCopyRequest[] = [];
  /** What a safe copy comes to, by default one of two pages. */
  makesSafe: (request: SafeCopyRequest) => Promise<SafeCopy> = () =>
    Promise.resolve({ path: Buffer.from("/home/user/report-safe.pdf"), pages: 2, bytes: 4_000 });
  readonly safeCopying: { canBeMade: boolean; known: Promise<void>; make: SafeCopies["make"] } = {
    canBeMade: true,
    known: Promise.resolve(),
    make: (request) => {
      this.safeCopies.push(request);
      return this.makesSafe(request);
    },
  };
  readonly rules = new OpenRules({ config: this.folder, state: this.folder });
  readonly known = new KnownPrograms(this.folder);
  /** Those that are built, with their programs. */
  templates: TemplatePrograms[] = [];
  readonly #links: ScriptedLink[] = [];
  readonly #linkOf = new Map<VmId, ScriptedLink>();
  readonly #programs = new Map<VmId, GuestApp[]>();
  readonly application: Application;
  readonly policy: Policy;
  readonly audit = new AuditLog({ stateFolder: this.folder });
  readonly disposables: Disposables;
  /** How many of them were asked for as those for files, of which one may wait. */
  forFiles = 0;
  /** What was changed in two places. */
  readonly compared: Compared[] = [];
  /** What was opened, as VM and path. */
  readonly recent: string[] = [];
  readonly opener: Opener;
  #definitions: ReturnType<typeof newDefinition>[] = [];
  readonly #registry = new VmRegistry(this.folder, [scriptedType()]);

  constructor(until: Until) {
    this.#until = until;
    const driver = scriptedDriver(new ScriptedMachine());
    driver.start = () => Promise.resolve(new ScriptedMachine());
    const drivers = scriptedDrivers(driver);
    const source = new DisposableSource();
    const context = scriptedContext(this.#links);
    this.application = new Application({
      ...context,
      spawnLink: (vm) => {
        const link = context.spawnLink(vm);
        const made = this.#links.at(-1);
        if (made !== undefined) this.#linkOf.set(vm, this.#listing(vm, made));
        return link;
      },
      registry: this.#registry,
      sources: [source],
      files: () => [],
      drivers,
    });
    const { application, page, rules } = this;
    this.policy = new Policy({ configFolder: this.folder, stateFolder: this.folder, vms: () => application.parties });
    const { policy } = this;
    const changes = new PolicyChanges(policy);
    const crossings = new Crossings({ policy, changes, audit: this.audit, page });
    const leftovers = new Leftovers(this.folder, drivers);
    const freeMemoryMiB = (): Promise<number> => Promise.resolve(100_000);
    const snapshots = new SnapshotMaker({ application, drivers, leftovers });
    this.disposables = new Disposables({ application, drivers, source, leftovers, snapshots, freeMemoryMiB });
    this.opener = createOpener({
      application,
      programs: { known: this.known, templates: () => Promise.resolve(this.templates) },
      crossings,
      disposables: this.disposables,
      viewers: {
        startForFile: (request, options) => {
          this.forFiles += 1;
          return this.disposables.start(request, options);
        },
      },
      page,
      policy,
      rules,
      safeCopies: this.safeCopying,
      comparisons: { add: (compared) => this.compared.push(compared) },
      recent: { opened: (vm, file) => this.recent.push(`${vm ?? "host"} ${Buffer.from(file).toString()}`) },
      startTransfer: (request) => {
        this.transfers.push(request);
        return { id: this.transfers.length, state: "moving", done: this.#carried(request) };
      },
    });
  }

  /** A VM that is defined from the beginning. */
  define(name: string, label: LabelName, role: VmRole = "app"): this {
    this.#definitions.push(newDefinition(name, { label, role }, { driver: scriptedType().name }));
    return this;
  }

  /** @param running names of VMs that run */
  async open(...running: string[]): Promise<void> {
    for (const definition of this.#definitions) await this.#registry.add(definition);
    await Promise.all([this.rules.open(), this.policy.open(), this.audit.open()]);
    await this.application.open();
    this.policy.vmsChanged();
    for (const name of running) {
      await this.application.vm(name).start();
      this.says(name, HELLO);
    }
  }

  async close(): Promise<void> {
    this.application.release();
    await this.audit.close();
    await this.known.settled();
    fs.rmSync(this.folder, { recursive: true, force: true });
  }

  vm(name: string): Vm {
    return this.application.vm(name);
  }

  link(name: string): ScriptedLink {
    return this.#linkOf.get(this.vm(name).id) ?? missing(`${name} has no link`);
  }

  says(name: string, message: Parameters<ScriptedLink["says"]>[0]): void {
    this.link(name).says(message);
  }

  /** The agent of a VM that is started meanwhile says hello. */
  async comesUp(name: string): Promise<void> {
    await this.#until(() => this.link(name));
    this.says(name, HELLO);
  }

  /** What a VM was told to open, by its number from 0. */
  opened(name: string, at = 0): Promise<OpenHereOrder> {
    return this.#until(() => {
      const opened = ordersOf(this.link(name), LAUNCHES).filter((order) => "open" in order);
      return opened[at] ?? missing(`${name} was told to open ${opened.length}`);
    });
  }

  /** Its program runs, and its window comes. */
  async runs(name: string, at = 0): Promise<void> {
    const { request } = await this.opened(name, at);
    this.launched(name, request);
    this.window(name, 100 + at, request);
  }

  launched(name: string, request: number): void {
    this.says(name, serviceEvent(LAUNCHES, { type: "launched", request, pid: 7 }));
  }

  /** It has no program for this type. */
  fails(name: string, request: number, type: string): void {
    this.says(name, serviceEvent(LAUNCHES, { type: "failed", request, code: "not-found", detail: type }));
  }

  /** What is watched there, by its number. */
  watches(name: string): number[] {
    return ordersOf(this.link(name), FILES).flatMap((order) => (order.type === "watch" ? [order.watch] : []));
  }

  /** The file that is watched there was saved. */
  saved(name: string, size: number): void {
    const [watch = 0] = this.watches(name);
    this.says(name, serviceEvent(FILES, { type: "saved", watch, size, sha256: new Uint8Array(32) }));
  }

  window(name: string, surface: number, launch: number | null = null, appId = ""): void {
    const id = surface as SurfaceId;
    const window = { surface: id, title: "", appId, kind: "wayland", launch } as GuestWindow;
    this.says(name, serviceEvent(SURFACES, { type: "windowOpened", window }));
    this.says(name, serviceEvent(SURFACES, { type: "firstFrame", surface: id }));
  }

  closes(name: string, surface = 100): void {
    this.says(name, serviceEvent(SURFACES, { type: "surfaceClosed", surface: surface as SurfaceId }));
  }

  hasPrograms(name: string, mimeTypes: string[], id = "viewer"): void {
    this.#programs.set(this.vm(name).id, [{ id, name: "Viewer", mimeTypes, categories: [], hidden: false }]);
  }

  /** A program of the guest wants it opened. Resolves with what it is answered. */
  async wants(
    name: string,
    wanted: number,
    target: { kind: "url"; url: string } | { kind: "file"; path: Uint8Array; mimeType: string },
    {
      edit = false,
      disposable = false,
      noProgram = false,
    }: Partial<Pick<WantedOpen, "edit" | "disposable" | "noProgram">> = {},
  ): Promise<{ outcome: string; detail: string }> {
    this.says(name, serviceEvent(OPENING, { type: "open", wanted, target, edit, disposable, noProgram }));
    return this.answered(name, wanted);
  }

  answered(name: string, wanted: number): Promise<{ outcome: string; detail: string }> {
    return this.#until(() => {
      const answers = ordersOf(this.link(name), OPENING);
      for (const order of answers) if (order.type === "answerOpen" && order.wanted === wanted) return order;
      return missing(`${wanted} was not answered`);
    });
  }

  /** The prompt or question that is asked, from 0, answered. */
  async answer(answer: QuestionAnswer<"crossing"> | QuestionAnswer<"open.choose">, at = 0): Promise<unknown> {
    const question = await this.#until(() => this.page.asked[at] ?? missing("nothing was asked"));
    this.page.answered(question.id, answer);
    return question.payload;
  }

  /** What the person was told of openings. */
  get told(): object[] {
    return this.page.events.flatMap(({ name, payload }) => (name === "open.notice" ? [payload as object] : []));
  }

  /** The audit log, oldest first. */
  async entries(): Promise<object[]> {
    const filter = { sinceS: null, action: null, from: null, to: null, decision: null, by: null, text: null };
    const options = { before: null, limit: 100, now: Date.now() };
    return (await readEntries(this.audit.parts, filter, options)).entries.toReversed();
  }

  /** Its agent answers with a list of programs at once. */
  #listing(vm: VmId, link: ScriptedLink): ScriptedLink {
    const heard = link.heard.push.bind(link.heard);
    link.heard.push = (...messages) => {
      for (const message of messages) {
        if (message.type !== "order" || message.service !== APPS.name) continue;
        const { request } = message.order as { request: number };
        const apps = this.#programs.get(vm) ?? [];
        queueMicrotask(() => link.says(serviceEvent(APPS, { request, apps })));
      }
      return heard(...messages);
    };
    return link;
  }

  async #carried(request: TransferRequest): Promise<TransferEnd> {
    const name = Buffer.from("/run/opened/file");
    const file = {
      index: 0,
      path: name,
      isFolder: false,
      bytes: 10,
      outcome: "whole",
      reason: null,
      scan: "",
      sha256: SHA,
      arrivedAt: name,
    } as const;
    return { state: "done", files: [file], bytes: 10, seconds: 0, detail: "", ...(await this.carries(request)) };
  }
}

function missing(what: string): never {
  throw new Error(what);
}

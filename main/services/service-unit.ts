/**
 * One service: its VM is kept running and its program healthy for as long as somebody wants it. What ends is started again, with
 * growing delays.
 */
import { AppError, messageOf, toErrorValue } from "#shared/model/app-error.ts";
import type { FromProgram, ProgramReport } from "#shared/model/service-messages.ts";
import { type ServiceHealth, type ServiceState, SIGNATURES_SETTING } from "#shared/model/service.ts";
import { cleanText, said } from "#shared/model/text.ts";
import { stateWords } from "#shared/model/vm.ts";
import { Backoff } from "../base/backoff.ts";
import { Emitter } from "../base/emitter.ts";
import { waitFor } from "../base/waiting.ts";
import { program as programClient, type Program } from "../vms/services/program.ts";
import type { Vm } from "../vms/vm.ts";
import { GatedProgram, type ProgramRight } from "./gated-program.ts";
import type { ServiceManifest } from "./manifest.ts";
import { ServiceLog } from "./service-log.ts";
import type { ServiceSettings } from "./service-settings.ts";
import { ServiceTables } from "./service-tables.ts";

export interface UnitOptions {
  manifest: ServiceManifest;
  vm: Vm;
  settings: ServiceSettings;
  /** Builds its image unless it is there. Rejects with template.*. */
  build: () => Promise<void>;
  /** It has booted: makes what its next start goes on from. */
  booted: () => void;
  /** What its start went on from is of no use. */
  spoiled: () => Promise<void>;
}

export interface UnitEvents {
  changed: [];
  /** The manifest names this kind of event. */
  event: [Extract<FromProgram, { type: "event" }>];
}

/** Signatures are given to a VM of it that is not in use. */
function programSettings(
  { rights }: ServiceManifest,
  values: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const isGiven = rights.host.includes("signatures");
  return Object.fromEntries(Object.entries(values).filter(([key]) => !isGiven || key !== SIGNATURES_SETTING));
}

/** How long the program may take to say that new settings are in force. */
const APPLIED_MS = 30_000;
/** What was well for so long, and ends, is not what will not run. */
const STEADY_MS = 10_000;

type Phase =
  /** Nobody wants it. */
  | { name: "off" }
  /** It could not be started, and nobody tries again. */
  | { name: "failed"; detail: string }
  /** It was asked to start, and nobody knows yet whether its VM runs. */
  | { name: "searching" }
  | { name: "building" }
  | { name: "starting" }
  /** It was healthy since its VM's start; when this run of the application has heard so. */
  | { name: "up"; sinceMs: number }
  /** It is started again when the time is over. */
  | { name: "waiting"; detail: string };

export class ServiceUnit extends Emitter<UnitEvents> {
  readonly manifest: ServiceManifest;
  readonly vm: Vm;
  readonly settings: ServiceSettings;
  readonly log = new ServiceLog();
  readonly tables: ServiceTables;
  readonly #options: UnitOptions;
  readonly #program: Program;
  readonly #usedRights = new Set<ProgramRight>();
  readonly #backoff = new Backoff(1_000, 60_000);
  #phase: Phase = { name: "off" };
  #health: { state: "ok" | "starting" | "failing"; detail: string } = { state: "starting", detail: "" };
  #status = "";
  #appliedRevision = -1;
  #retry: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;
  #isClosed = false;
  /** In phase `starting`: its VM has been started, so that an end is one of this start. */
  #hasStarted = false;
  /** And its machine went on from a kept memory. */
  #wentOn = false;
  /** What has to be over before its VM is started again. */
  #ending: Promise<void> = Promise.resolve();
  readonly #ends: (() => void)[];

  constructor(options: UnitOptions) {
    super();
    const { manifest, vm, settings } = options;
    [this.manifest, this.vm, this.settings, this.#options] = [manifest, vm, settings, options];
    this.tables = new ServiceTables(manifest.tables);
    this.#program = vm.service(programClient);
    this.#program.tell({ settings: programSettings(manifest, settings.values) });
    this.#ends = [
      vm.on("changed", () => this.#vmChanged()),
      this.#program.on("connected", () => this.#connected()),
      this.#program.on("gone", () => this.#gone()),
      this.#program.on("report", (message) => this.#reported(message)),
      this.#program.on("refused", (reason) => this.log.add("atoll", "warning", `the program: ${reason}`)),
    ];
    // One that an earlier run of the application left running is wanted.
    this.#vmChanged();
  }

  /** `absent` is the catalog's to say. */
  get state(): Exclude<ServiceState, "absent"> {
    switch (this.#phase.name) {
      case "off":
        return this.vm.isOn ? "starting" : "stopped";
      case "searching":
      case "building":
      case "starting":
        return "starting";
      case "up":
        return "running";
      case "failed":
      case "waiting":
        return "failed";
    }
  }

  get stateDetail(): string {
    if ("detail" in this.#phase) return this.#phase.detail;
    return this.#phase.name === "building" ? "its image is built" : "";
  }

  get health(): ServiceHealth {
    return this.vm.state === "running" ? this.#health.state : this.#isGoingOn ? "starting" : null;
  }

  get healthDetail(): string {
    return this.vm.state === "running" ? this.#health.detail : "";
  }

  get status(): string {
    return this.#status;
  }

  get uptimeS(): number | null {
    return this.#phase.name === "up" ? this.vm.status.uptimeS : null;
  }

  get isHealthy(): boolean {
    return this.#phase.name === "up" && this.#health.state === "ok" && this.vm.state === "running";
  }

  /** Somebody has started it, and has not stopped it since. */
  get isWanted(): boolean {
    return this.#phase.name !== "off";
  }

  get #isGoingOn(): boolean {
    return this.#phase.name !== "off" && this.#phase.name !== "failed";
  }

  /**
   * Builds its image where it is missing, starts its VM, and resolves when its program is healthy. Rejects with template.*, what
   * the VM's start says, and service.not-healthy; it is tried again all the same, but where its image cannot be made.
   */
  async start(): Promise<void> {
    if (this.#isClosed) throw this.#notHealthy();
    // At once: who looks for services that were started finds it.
    if (!this.#isGoingOn) this.#enter({ name: "searching" });
    await this.vm.adopted().catch(() => undefined);
    // It was stopped meanwhile: that counts.
    if (this.#phase.name === "off") throw this.#notHealthy();
    if (this.#phase.name === "searching" || !this.#isGoingOn) {
      this.#enter({ name: "building" });
      try {
        await this.#options.build();
      } catch (error) {
        this.#enter({ name: "failed", detail: messageOf(error) });
        throw error;
      }
      if (this.#phase.name === "building") await this.#startVm();
    } else if (this.#phase.name === "waiting") {
      clearTimeout(this.#retry);
      await this.#startVm();
    }
    await this.healthy();
  }

  /** Resolves when it is healthy; rejects where it is stopped, or has to be started again, before. */
  healthy(): Promise<void> {
    return waitFor({
      listen: ({ resolve, reject }) => {
        const look = (): void => {
          if (this.isHealthy) resolve();
          else if (this.#phase.name === "waiting" || !this.#isGoingOn) reject(this.#notHealthy());
        };
        look();
        return this.on("changed", look);
      },
    });
  }

  /** Resolves when its VM has ended. Nobody starts it again. */
  async stop(): Promise<void> {
    clearTimeout(this.#retry);
    clearTimeout(this.#deadline);
    this.#enter({ name: "off" });
    await this.vm.adopted();
    if (this.vm.isOn) await this.vm.stop();
    this.log.add("atoll", "info", "stopped");
  }

  /** Its settings are other ones: resolves when they are in force, or it is not connected. @throws AppError service.bad-setting */
  async applySettings(): Promise<void> {
    const { manifest, settings } = this;
    const { name } = manifest;
    const revision = this.#program.tell({ settings: programSettings(manifest, settings.values) });
    if (!this.#program.isConnected) return;
    await waitFor({
      listen: ({ resolve }) => {
        const look = (): void => {
          if (this.#appliedRevision >= revision || !this.#program.isConnected) resolve();
        };
        look();
        return this.on("changed", look);
      },
      timeoutMs: APPLIED_MS,
      onTimeout: ({ reject }) =>
        reject(
          new AppError(
            "service.not-healthy",
            `Service "${name}" has not taken its settings within ${APPLIED_MS / 1000} s; they are saved, and sent to it again when it starts.`,
            { service: name },
          ),
        ),
    });
  }

  /** One job of its tests. Rejects with service.*. */
  job(input: unknown, signal: AbortSignal): Promise<unknown> {
    return this.#program.job(input, signal);
  }

  /** Its program, for whom this right of the service is needed. */
  by(right: ProgramRight): GatedProgram {
    const { name, rights } = this.manifest;
    const used = (): void => void this.#usedRights.add(right);
    return new GatedProgram({ program: this.#program, service: name, asked: rights, right, used });
  }

  /** The rights by which its program was told something. */
  get usedRights(): ReadonlySet<ProgramRight> {
    return this.#usedRights;
  }

  /** The application ends; the VM goes on. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#deadline);
    for (const end of this.#ends) end();
  }

  async #startVm(): Promise<void> {
    this.#hasStarted = false;
    const starting: Phase = { name: "starting" };
    this.#enter(starting);
    clearTimeout(this.#deadline);
    try {
      await this.#ending;
      // It may have been stopped, or the application may have ended, meanwhile.
      if (this.#isClosed || this.#phase !== starting) throw this.#notHealthy();
      // An earlier run of the application has left it so, perhaps half-way through its start: what it would go on from may be in
      // another machine, too. One whose disk cannot be written says so itself.
      if (this.vm.state === "paused" && this.vm.status.stateReason === null) await this.vm.kill();
      if (!this.vm.isUnderWay) await this.vm.start();
      this.#hasStarted = true;
      this.#wentOn = this.vm.status.origin !== "cold" && this.vm.status.origin !== null;
    } catch (error) {
      // Else it was ended by an order of this unit's own.
      if (this.#phase === starting) {
        if (toErrorValue(error).code === "vm.start-cancelled") this.#stoppedByPerson();
        else this.#failed(`its VM could not be started: ${messageOf(error)}`);
      }
      throw error;
    }
    // From now on: how long its VM takes to start says nothing of its program.
    if (this.#phase === starting) this.#expectHealth();
    // It may have ended in the same moment.
    this.#vmChanged();
  }

  /** It has to be healthy within its time. */
  #expectHealth(): void {
    const { withinS } = this.manifest.health;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.#overdue(withinS), withinS * 1_000);
  }

  #overdue(withinS: number): void {
    if (this.isHealthy || !this.#isGoingOn) return;
    const detail = this.#health.detail === "" ? "" : ` (${said(this.#health.detail)})`;
    const hasSpoiled = this.#isSpoiled;
    this.#failed(`its program has not been healthy for ${withinS} s${detail}`);
    if (this.vm.isOn) this.#ending = this.vm.kill().catch(() => undefined);
    if (hasSpoiled) this.#spoiled();
  }

  /** Tries again after a while. */
  #failed(reason: string): void {
    if (this.#isClosed) return;
    clearTimeout(this.#deadline);
    // VMs wait for it: one that ran well is started at once.
    const isSteady = this.#phase.name === "up" && Date.now() - this.#phase.sinceMs >= STEADY_MS;
    const delayMs = isSteady ? 0 : this.#backoff.nextDelayMs(performance.now());
    const when = isSteady ? "now" : `in ${delayMs / 1000} s`;
    this.log.add("atoll", "error", `${reason}; it is started again ${when}`);
    this.#enter({ name: "waiting", detail: `${reason}; it is started again` });
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      if (this.#phase.name === "waiting") void this.#startVm().catch(() => undefined);
    }, delayMs);
  }

  #vmChanged(): void {
    const { vm } = this;
    const phase = this.#phase.name;
    if (phase === "off" || phase === "failed" || phase === "searching") {
      // A person, or an earlier run of the application, has started its VM.
      if (vm.state === "starting" || vm.state === "running") {
        this.#hasStarted = true;
        this.#enter({ name: "starting" });
        this.#expectHealth();
      }
      return;
    }
    if (phase === "up" || (phase === "starting" && this.#hasStarted)) {
      const { status } = vm;
      if (vm.state === "stopping" || (vm.state === "stopped" && status.stateReason === "killed"))
        this.#stoppedByPerson();
      else if (vm.state === "crashed" || vm.state === "stopped") {
        const hasSpoiled = this.#isSpoiled;
        const words = stateWords(status);
        this.#failed(`its VM has ended${words === "" ? "" : ` (${words})`}`);
        if (hasSpoiled) this.#spoiled();
      }
    }
    this.emit("changed");
  }

  /** What it went on from may be what is wrong with it. */
  get #isSpoiled(): boolean {
    return this.#phase.name === "starting" && this.#hasStarted && this.#wentOn;
  }

  /** Its next start boots. */
  #spoiled(): void {
    this.#ending = this.#ending
      .then(() => this.#options.spoiled())
      .catch((error: unknown) => this.log.add("atoll", "warning", messageOf(error)));
  }

  #stoppedByPerson(): void {
    clearTimeout(this.#deadline);
    this.log.add("atoll", "info", "its VM was stopped");
    this.#enter({ name: "off" });
  }

  // ---- what its program says -------------------------------------------------------------------------------------

  #connected(): void {
    this.tables.clear();
    this.#appliedRevision = -1;
    this.log.add("atoll", "info", "the program has connected");
    this.#isHealth("starting", "");
  }

  #gone(): void {
    if (this.vm.state === "running")
      this.log.add("atoll", "warning", "the program has ended; the guest starts it again");
    this.#isHealth("failing", "its program has ended; the guest starts it again");
    if (this.#isGoingOn && this.vm.state === "running") this.#expectHealth();
  }

  #isHealth(state: "ok" | "starting" | "failing", detail: string): void {
    const before = this.#health.state;
    this.#health = { state, detail };
    if (state === "ok") {
      clearTimeout(this.#deadline);
      if (this.#phase.name === "starting") {
        this.#phase = { name: "up", sinceMs: Date.now() };
        if (this.manifest.startsFresh && this.vm.status.origin === "cold") this.#options.booted();
      }
    } else if (before === "ok" && this.#isGoingOn) this.#expectHealth();
    this.emit("changed");
  }

  #reported(message: ProgramReport): void {
    switch (message.type) {
      case "health": {
        const detail = cleanText(message.detail, 300);
        if (message.state !== this.#health.state || detail !== this.#health.detail)
          this.log.add("program", message.state === "failing" ? "error" : "info", `${message.state} ${detail}`.trim());
        return this.#isHealth(message.state, detail);
      }
      case "applied":
        this.#appliedRevision = message.revision;
        for (const { where, reason } of message.problems) this.log.add("program", "error", `${where}: ${reason}`);
        break;
      case "status":
        this.#status = cleanText(message.text, 200);
        break;
      case "rows":
        if (!this.tables.accept(message))
          this.log.add("atoll", "warning", `the program: there is no table "${message.table}" in its manifest`);
        break;
      case "log":
        this.log.add("program", message.level, message.text);
        break;
      case "event":
        if (this.manifest.events.includes(message.name)) this.emit("event", message);
        else this.log.add("atoll", "warning", `the program: there is no event "${message.name}" in its manifest`);
    }
    this.emit("changed");
  }

  #enter(phase: Phase): void {
    this.#phase = phase;
    if (phase.name !== "up") [this.#health, this.#status] = [{ state: "starting", detail: "" }, ""];
    this.emit("changed");
  }

  #notHealthy(): AppError {
    const { name } = this.manifest;
    const detail = this.stateDetail === "" ? "it was stopped" : this.stateDetail;
    return new AppError("service.not-healthy", `Service "${name}" is not healthy: ${detail}.`, { service: name });
  }
}

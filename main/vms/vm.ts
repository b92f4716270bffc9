/**
 * One VM's life: its machine (hardware), its link (channels), the state that people see.
 *
 *   stopped --start--> starting --hello--> running <--pause/resume--> paused
 *   running --stop--> stopping --ended--> stopped        any --ended by itself--> crashed
 *   running --no heartbeat, agent ended, breach--> unresponsive --heartbeat, hello--> running
 *
 * States follow events of the machine and the link; nothing is polled.
 */
import { isDeepStrictEqual } from "node:util";
import { AppError, toErrorValue } from "#shared/model/app-error.ts";
import { cleanText, escapeForLog } from "#shared/model/text.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import type { StartPhase, VmState, VmStateReason, VmStatus } from "#shared/model/vm.ts";
import { Backoff } from "../base/backoff.ts";
import { Emitter } from "../base/emitter.ts";
import type { Driver, Machine, MachineEnd, PauseCause } from "../hardware/driver.ts";
import type { FromLink, Keymap, OutputInfo } from "../link/contract.ts";
import type { LinkProcess, SpawnLink } from "../link/link-process.ts";
import { type GuestWindows, guestWindows } from "../windows/guest-windows.ts";
import type { VmDefinition } from "./definition.ts";
import { type ClientDefinition, type ServiceClient, ServiceClients } from "./service-clients.ts";
import { liveness } from "./services/liveness.ts";
import { power } from "./services/power.ts";

/** How long a guest may take for an orderly end before the power button is pressed, and then before the plug is pulled. */
const POWER_OFF_MS = 10_000;
const POWER_BUTTON_MS = 5_000;
const PAUSE_WORDS: Readonly<Record<Exclude<PauseCause, "asked">, string>> = {
  "no-space": "The host's disk is full: free some space, then resume it.",
  "disk-error": "The host's disk cannot be written: look at the host's log, then resume it.",
};
/** A lost agent is called again after this. */
const RELINK_MS = 500;
/** One that is lost again and again (nobody listens, a guest that plays with its ports) costs a process each time. */
const MAX_RELINK_MS = 8_000;

export interface VmContext {
  driver: Driver;
  spawnLink: SpawnLink;
  output(): OutputInfo;
  keymap(): Keymap;
  log(line: string): void;
}

export interface VmEvents {
  changed: [];
}

interface Starting {
  cancelling: AbortController;
  started: Promise<void>;
}

export class Vm extends Emitter<VmEvents> {
  readonly windows: GuestWindows;
  readonly #context: VmContext;
  readonly #services: ServiceClients;
  #definition: VmDefinition;
  #machine: Machine | null = null;
  #link: LinkProcess | null = null;
  #isLinkOpen = false;
  #state: VmState = "stopped";
  #reason: VmStateReason | null = null;
  #detail = "";
  #phase: StartPhase | null = null;
  #starting: Starting | null = null;
  /** The machine of an earlier life of the application is looked for. */
  #adopting: Promise<boolean> | null = null;
  /** It is there, and was not reached: whoever wants something of the VM tries again. */
  #isOutOfReach = false;
  #relinkTimer: NodeJS.Timeout | null = null;
  #relinks = new Backoff(RELINK_MS, MAX_RELINK_MS);

  constructor(definition: VmDefinition, context: VmContext) {
    super();
    this.#definition = definition;
    this.#context = context;
    const [vmName, link] = [(): string => this.definition.name, (): LinkProcess | null => this.#link];
    this.#services = new ServiceClients({
      get vmName() {
        return vmName();
      },
      get link() {
        return link();
      },
      requireLink: () => this.requireLink(),
    });
    this.windows = this.service(guestWindows);
    let count = 0;
    this.windows.on("changed", () => {
      // How many there are is what its status says.
      if (count === this.windows.size) return;
      count = this.windows.size;
      this.emit("changed");
    });
    this.service(liveness).on("changed", (isResponsive) => {
      if (this.#state !== "running" && this.#state !== "unresponsive") return;
      if (isResponsive) this.#become("running", null);
      else this.#become("unresponsive", "agent-lost", "The agent does not answer.");
    });
  }

  /** Main's side of one service of its link: the same object for as long as the VM is known. */
  service<Client extends ServiceClient>(definition: ClientDefinition<Client>): Client {
    return this.#services.get(definition);
  }

  get definition(): VmDefinition {
    return this.#definition;
  }

  /** Its file was edited. Name and label count at once, the rest from its next start on. */
  redefine(definition: VmDefinition): void {
    if (isDeepStrictEqual(definition, this.#definition)) return;
    this.#definition = definition;
    this.emit("changed");
  }

  get id(): VmStatus["id"] {
    return this.definition.id;
  }

  get state(): VmState {
    return this.#state;
  }

  /** Its machine is there, or may be. */
  get isOn(): boolean {
    return this.#machine !== null || this.#starting !== null || this.#isInDoubt;
  }

  /** Nobody knows yet whether an earlier life of the application left a machine running. */
  get #isInDoubt(): boolean {
    return this.#adopting !== null || this.#isOutOfReach;
  }

  get status(): VmStatus {
    const { definition } = this;
    const isQemu = definition.driver === "qemu";
    return {
      id: definition.id,
      name: definition.name,
      label: definition.label,
      template: isQemu ? definition.template : null,
      driver: definition.driver,
      state: this.#state,
      stateReason: this.#reason,
      role: "app",
      network: isQemu ? definition.network : null,
      windows: this.windows.size,
      uptimeS:
        this.#machine?.startedAtMs == null
          ? null
          : Math.max(0, Math.floor((Date.now() - this.#machine.startedAtMs) / 1000)),
      accelerator: this.#machine?.accelerator ?? null,
      startPhase: this.#phase,
      stateDetail: this.#detail,
    };
  }

  /**
   * Starts the machine; resolves when it executes (state `starting`; `running` follows with the agent's hello). One that an
   * earlier life of the application left running is taken over instead.
   */
  async start(): Promise<void> {
    if (this.#isInDoubt && (await this.adopt())) return;
    if (this.#starting !== null) return this.#starting.started;
    if (this.isOn) {
      const remedy = this.#state === "paused" ? "resume it" : "stop or kill it first";
      throw this.#error("vm.already-running", `is ${this.#state}, so it cannot be started: ${remedy}`);
    }
    const cancelling = new AbortController();
    const started = this.#start(cancelling.signal);
    this.#starting = { cancelling, started };
    this.#become("starting", null, "", "qemu");
    return started;
  }

  async #start(signal: AbortSignal): Promise<void> {
    let machine: Machine;
    try {
      machine = await this.#context.driver.start(this.id, signal);
    } catch (error) {
      this.#starting = null;
      if (!signal.aborted) {
        this.#notStarted(error);
        throw error;
      }
      this.#become("stopped", "killed");
      throw this.#error("vm.start-cancelled", "was stopped while it started");
    }
    this.#starting = null;
    this.#own(machine);
    if (signal.aborted) {
      // QEMU was there already when the order to stop came.
      await machine.kill();
      throw this.#error("vm.start-cancelled", "was stopped while it started");
    }
    this.#take(machine, "boot");
  }

  /** Resolves when the start is over, and its machine gone. */
  async #cancel({ cancelling, started }: Starting): Promise<void> {
    cancelling.abort();
    await started.catch((error: unknown) => {
      if (toErrorValue(error).code !== "vm.start-cancelled") throw error;
    });
  }

  #notStarted(error: unknown): void {
    const { code, message } = toErrorValue(error);
    if (code === "hardware.qemu-failed") this.#become("crashed", "qemu-exited", message);
    else this.#become("stopped", code === "hardware.no-space" ? "no-space" : null, message);
  }

  /**
   * Takes over a machine that an earlier life of the application left running, false where there is none; one that ended
   * since has its reason. What is asked of the VM meanwhile waits for it. Rejects where the machine is there and cannot be
   * reached.
   */
  adopt(): Promise<boolean> {
    this.#adopting ??= this.#adopt().finally(() => {
      this.#adopting = null;
      this.emit("changed");
    });
    return this.#adopting;
  }

  async #adopt(): Promise<boolean> {
    let found: Machine | MachineEnd | null;
    try {
      found = await this.#context.driver.adopt(this.id);
    } catch (error) {
      this.#isOutOfReach = true;
      this.#become("unresponsive", "agent-lost", toErrorValue(error).message);
      throw error;
    }
    this.#isOutOfReach = false;
    if (found === null) this.#become("stopped", null);
    else if ("reason" in found) this.#machineEnded(found);
    else {
      this.#own(found);
      this.#take(found, "agent");
      return true;
    }
    return false;
  }

  /** Resolves when it is known whether an earlier life of the application left its machine running. */
  async adopted(): Promise<void> {
    if (this.#isInDoubt) await this.adopt();
  }

  /** Orderly: asks the agent, then presses the power button, then pulls the plug. Resolves when the machine is gone. */
  async stop(): Promise<void> {
    if (this.#isInDoubt) await this.adopt();
    if (this.#starting !== null) return this.#cancel(this.#starting);
    const machine = this.#require();
    const ended = this.#ended(machine);
    // An agent that does not answer will not do this either.
    const isAnswering = this.#isLinkOpen && this.#state !== "unresponsive";
    this.#become("stopping", null);
    try {
      if (machine.pauseCause !== null) await machine.resume();
      if (isAnswering) {
        this.service(power).powerOff();
        if (await within(ended, POWER_OFF_MS)) return;
      }
      await machine.pressPowerButton();
      if (await within(ended, POWER_BUTTON_MS)) return;
      this.#context.log(`${this.definition.name}: does not power off, killing it`);
    } catch (error) {
      // Its monitor is silent, or it has ended in between: then there is nothing to kill.
      this.#context.log(`${this.definition.name}: cannot be asked to power off: ${toErrorValue(error).message}`);
    }
    await machine.kill();
    await ended;
  }

  async kill(): Promise<void> {
    if (this.#isInDoubt) await this.adopt();
    if (this.#starting !== null) return this.#cancel(this.#starting);
    await this.#require().kill();
  }

  async pause(): Promise<void> {
    if (this.#isInDoubt) await this.adopt();
    await this.#require().pause();
  }

  async resume(): Promise<void> {
    if (this.#isInDoubt) await this.adopt();
    await this.#require().resume();
  }

  /** The link, if the agent answers. Throws vm.not-running. */
  requireLink(): LinkProcess {
    if (this.#link === null || !this.#isLinkOpen)
      throw this.#error("vm.not-running", `is ${this.#state}: start it, or wait until it runs`);
    return this.#link;
  }

  /** A page has come: it is given its ports. */
  attachPage(): void {
    this.#link?.attachPage();
  }

  /** The frozen picture of a window is dismissed. */
  dismiss(surface: SurfaceId): void {
    this.windows.remove(surface);
  }

  /** The application ends; the machine lives on. */
  release(): void {
    this.#dropLink();
    this.#machine?.release();
  }

  // ---- machine ---------------------------------------------------------------------------------------------

  #own(machine: Machine): void {
    this.#machine = machine;
    this.#relinks = new Backoff(RELINK_MS, MAX_RELINK_MS);
    machine.on("ended", (end) => this.#machineEnded(end));
    machine.on("paused", (cause) => this.#paused(cause));
    machine.on("resumed", () => {
      this.service(liveness).setPaused(false);
      if (this.#state === "paused")
        this.#become(this.#isLinkOpen ? "running" : "starting", null, "", this.#isLinkOpen ? null : "agent");
    });
    machine.on("agentPresent", (isPresent) => {
      if (!isPresent) this.#linkClosed("agent-exited", "The agent has ended; the guest starts it again.");
      else if (this.#state === "starting") this.#become("starting", null, "", "agent");
    });
  }

  /** Calls the agent of a machine that runs, or will when it is resumed. */
  #take(machine: Machine, phase: StartPhase): void {
    this.#connect();
    if (machine.pauseCause === null) this.#become("starting", null, "", phase);
    else this.#paused(machine.pauseCause);
  }

  #paused(cause: PauseCause): void {
    this.service(liveness).setPaused(true);
    if (cause === "asked") {
      if (this.#state !== "stopping") this.#become("paused", null);
      return;
    }
    const detail = PAUSE_WORDS[cause];
    this.#context.log(`${this.definition.name}: paused: ${detail}`);
    this.#become("paused", cause, detail);
  }

  #machineEnded(end: MachineEnd): void {
    this.#machine = null;
    const wasLinked = this.#link !== null;
    this.#dropLink();
    const isCrash = end.reason === "guest-panic" || end.reason === "qemu-exited";
    const detail = "detail" in end ? end.detail : "";
    if (detail !== "") this.#context.log(`${this.definition.name}: ${end.reason}: ${escapeForLog(detail, 2000)}`);
    if (isCrash) this.windows.freeze();
    else this.windows.clear();
    this.#become(isCrash ? "crashed" : "stopped", end.reason, cleanText(detail.split("\n").at(-1) ?? ""));
    // Nothing more comes of the link: what waits for an answer must not wait for ever.
    if (wasLinked) this.#services.closed();
  }

  #ended(machine: Machine): Promise<void> {
    return new Promise((resolve) => machine.on("ended", () => resolve()));
  }

  #require(): Machine {
    if (this.#machine === null) throw this.#error("vm.not-running", "does not run");
    return this.#machine;
  }

  // ---- link ------------------------------------------------------------------------------------------------

  #connect(): void {
    const machine = this.#require();
    this.#dropLink();
    const link = this.#context.spawnLink(this.id);
    this.#link = link;
    link.onMessage((message) => {
      if (this.#link === link) this.#linkSaid(message);
    });
    link.onExit((code) => {
      if (this.#link === link) this.#linkClosed("agent-lost", `its link process ended with code ${code}`);
    });
    link.send({
      type: "open",
      vm: this.id,
      sockets: machine.channels,
      output: this.#context.output(),
      keymap: this.#context.keymap(),
    });
    if (machine.pauseCause !== null) this.service(liveness).setPaused(true);
    link.attachPage();
  }

  #dropLink(): void {
    if (this.#relinkTimer !== null) clearTimeout(this.#relinkTimer);
    this.#relinkTimer = null;
    this.#isLinkOpen = false;
    this.#link?.kill();
    this.#link = null;
  }

  #linkSaid(message: FromLink): void {
    switch (message.type) {
      case "opened":
        if (this.#state === "starting") this.#become("starting", null, "", "agent");
        break;
      case "hello":
        this.#isLinkOpen = true;
        this.windows.clear();
        this.#context.log(`${this.definition.name}: ${message.agent} says hello`);
        if (this.#state !== "stopping" && this.#state !== "paused") this.#become("running", null);
        break;
      case "event":
        this.#services.happened(message.service, message.event);
        break;
      case "closed":
        this.#linkClosed(message.reason, message.detail);
    }
  }

  /** The channels are gone while the machine is there. A breach ends them for good, a loss is tried again. */
  #linkClosed(reason: "protocol-violation" | "agent-lost" | "agent-exited", detail: string): void {
    // After a breach an agent that ends, or comes again, changes nothing.
    if (this.#link === null && this.#relinkTimer === null) return;
    this.#dropLink();
    this.windows.freeze();
    // An agent that ends while its VM stops is as it should be.
    const isStopping = this.#state === "stopping";
    if (!isStopping) this.#context.log(`${this.definition.name}: ${reason}: ${detail}`);
    if (!isStopping && this.#state !== "paused") this.#become("unresponsive", reason, detail);
    this.#services.closed();
    if (isStopping || reason === "protocol-violation") return;
    this.#relinkTimer = setTimeout(() => {
      if (this.#machine !== null) this.#connect();
    }, this.#relinks.ended(performance.now()));
  }

  #become(state: VmState, reason: VmStateReason | null, detail = "", phase: StartPhase | null = null): void {
    this.#state = state;
    this.#reason = reason;
    this.#detail = detail;
    this.#phase = state === "starting" ? phase : null;
    this.emit("changed");
  }

  #error(code: "vm.already-running" | "vm.not-running" | "vm.start-cancelled", words: string): AppError {
    return new AppError(code, `VM "${this.definition.name}" ${words}.`, {
      vm: this.definition.name,
      state: this.#state,
    });
  }
}

/** Whether `event` comes within `timeoutMs`. */
async function within(event: Promise<void>, timeoutMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(() => resolve(false), timeoutMs)));
  const isInTime = await Promise.race([event.then(() => true as const), late]);
  clearTimeout(timer);
  return isInTime;
}

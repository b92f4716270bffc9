/**
 * One VM: its machine (hardware) and its link (channels), whose events make its state (vm-state.ts, which has the table).
 * States follow events; nothing is polled.
 */
import { isDeepStrictEqual } from "node:util";
import { AppError, messageOf, toErrorValue } from "#shared/model/app-error.ts";
import { cleanText, escapeForLog } from "#shared/model/text.ts";
import type { SurfaceId } from "#shared/model/window.ts";
import { type StartPhase, stateWords, type VmState, type VmStatus } from "#shared/model/vm.ts";
import { Backoff } from "../base/backoff.ts";
import { Emitter } from "../base/emitter.ts";
import { waitFor } from "../base/waiting.ts";
import type {
  ChannelEndpoint,
  ChannelName,
  Driver,
  DriverCapabilities,
  Machine,
  MachineDefinition,
  MachineEnd,
  MachineNics,
} from "../hardware/driver.ts";
import type { FromLink, Keymap, OutputInfo } from "../link/contract.ts";
import type { LinkProcess, SpawnLink } from "../link/link-process.ts";
import { type GuestWindows, guestWindows } from "../windows/guest-windows.ts";
import type { VmDefinition } from "./definition.ts";
import { type ClientDefinition, type ServiceClient, ServiceClients } from "./service-clients.ts";
import { clock } from "./services/clock.ts";
import { guestKeymap } from "./services/keymap.ts";
import { liveness } from "./services/liveness.ts";
import { power } from "./services/power.ts";
import {
  awaitsHello,
  INITIAL,
  type LinkLoss,
  PAUSE_DETAILS,
  transition,
  type VmCondition,
  type VmEffect,
  type VmEvent,
} from "./vm-state.ts";

/** How long a guest may take for an orderly end before the power button is pressed, and then before the plug is pulled. */
const POWER_OFF_MS = 10_000;
const POWER_BUTTON_MS = 5_000;
/** How long a machine may execute before its agent says hello; an emulated one takes 4 to 15 s. */
const START_MS = 90_000;
/** The first delay before a lost link is connected again. */
const RECONNECT_MS = 500;
/** Each attempt costs a process, also where nobody listens or a guest opens and closes its ports without end. */
const MAX_RECONNECT_MS = 8_000;

export interface VmContext {
  driver: Driver<MachineDefinition>;
  spawnLink: SpawnLink;
  output(): OutputInfo;
  keymap(): Keymap;
  log(line: string): void;
  /** The application ends: whatever still needs the VM, it is started no more. */
  readonly ending?: AbortSignal;
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
  /** Of a machine that may go on from a kept memory: its link process comes up meanwhile, and would take as long as the machine does. */
  #earlyLink: LinkProcess | null = null;
  #condition: VmCondition = INITIAL;
  #starting: Starting | null = null;
  /** The search for a machine that an earlier run of the application left. */
  #adopting: Promise<boolean> | null = null;
  /** Its machine runs and could not be reached: whoever wants something of the VM tries again. */
  #isOutOfReach = false;
  /** What it is made of is being taken away, or is gone; null: nobody wants that. */
  #removing: Promise<void> | null = null;
  #networkDetail = "";
  #reconnectTimer: NodeJS.Timeout | null = null;
  /** Runs while it awaits the agent's hello. */
  #startTimer: NodeJS.Timeout | undefined;
  #reconnects = new Backoff(RECONNECT_MS, MAX_RECONNECT_MS);
  /** No page gets its windows. */
  #isHidden: boolean;

  /** @param options `isHidden`: no page gets its windows until `show` is called */
  constructor(definition: VmDefinition, context: VmContext, { isHidden = false }: { isHidden?: boolean } = {}) {
    super();
    this.#isHidden = isHidden;
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
    this.service(liveness).on("changed", (isResponsive) =>
      this.#transition({ type: isResponsive ? "heartbeatsBack" : "heartbeatsLost" }),
    );
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
    return this.#condition.state;
  }

  get #isLinkOpen(): boolean {
    return this.#condition.link === "open";
  }

  /** Of its machine; null: that does not run, or its interfaces are not Atoll's. Another object at each start. */
  get nics(): MachineNics | null {
    return this.#machine?.nics ?? null;
  }

  get capabilities(): DriverCapabilities {
    return this.#context.driver.capabilities;
  }

  /** Its machine is there, or may be. */
  get isOn(): boolean {
    return this.#machine !== null || this.#starting !== null || this.#isInDoubt;
  }

  /** Nobody knows yet whether an earlier run of the application left a machine running. */
  get #isInDoubt(): boolean {
    return this.#adopting !== null || this.#isOutOfReach;
  }

  /**
   * A start would change nothing: it starts or runs already, or it is attached to a machine that is run elsewhere, whose agent
   * is called until it answers.
   */
  get isUnderWay(): boolean {
    const { state, reason } = this.#condition;
    if (state === "starting" || state === "running") return true;
    return !this.capabilities.runsMachine && state === "unresponsive" && reason !== "protocol-violation";
  }

  get status(): VmStatus {
    const { definition } = this;
    const { state, reason, detail, phase } = this.#condition;
    const { template, network, via, memoryMiB, cpus } = this.#context.driver.summary(definition);
    return {
      id: definition.id,
      name: definition.name,
      label: definition.label,
      template,
      driver: definition.driver,
      state,
      ...(this.#isInDoubt ? { isInDoubt: true } : {}),
      stateReason: reason,
      role: definition.role ?? "app",
      network,
      ...(via === undefined ? {} : { via }),
      ...(definition.forVm === undefined ? {} : { forVm: definition.forVm }),
      windows: this.windows.size,
      uptimeS:
        this.#machine?.startedAtMs == null
          ? null
          : Math.max(0, Math.floor((Date.now() - this.#machine.startedAtMs) / 1000)),
      accelerator: this.#machine?.accelerator ?? null,
      startPhase: phase,
      origin: this.#machine?.origin ?? null,
      ...(memoryMiB === undefined ? {} : { memoryMiB }),
      ...(cpus === undefined ? {} : { cpus }),
      networkDetail: this.#machine === null ? "" : this.#networkDetail,
      stateDetail: detail,
    };
  }

  /**
   * Starts the machine; resolves when it executes (state `starting`; `running` follows with the agent's hello). One that an
   * earlier run of the application left running is adopted instead.
   */
  async start(): Promise<void> {
    if (this.#isInDoubt && (await this.adopt())) return;
    if (this.#removing !== null) throw this.#error("vm.busy", "is being removed, so it cannot be started");
    // What it has made would outlive the application: a machine half-way through its start.
    if (this.#context.ending?.aborted === true) throw this.#error("vm.busy", "cannot be started: Atoll is ending");
    if (this.#starting !== null) return this.#starting.started;
    if (this.isOn) {
      const remedy = this.state === "paused" ? "resume it" : "stop or kill it first";
      throw this.#error("vm.already-running", `is ${this.state}, so it cannot be started: ${remedy}`);
    }
    const { isThrowaway, startsFresh, bootsAlone } = this.definition;
    if ((isThrowaway === true || startsFresh === true) && bootsAlone !== true) this.#spawnEarlyLink();
    const cancelling = new AbortController();
    const started = this.#start(cancelling.signal);
    this.#starting = { cancelling, started };
    this.#transition({ type: "startRequested" });
    return started;
  }

  async #start(signal: AbortSignal): Promise<void> {
    let machine: Machine;
    try {
      machine = await this.#context.driver.start(this.definition, signal);
    } catch (error) {
      this.#starting = null;
      this.#earlyLink?.kill();
      this.#earlyLink = null;
      if (!signal.aborted) {
        this.#startFailed(error);
        throw error;
      }
      this.#transition({ type: "startCancelled" });
      throw this.#error("vm.start-cancelled", "was stopped while it started");
    }
    this.#starting = null;
    this.#bindMachine(machine);
    if (signal.aborted) {
      // The machine executed already when the start was cancelled.
      await machine.kill();
      throw this.#error("vm.start-cancelled", "was stopped while it started");
    }
    this.#machineFound(machine, "boot");
  }

  /** Resolves when the start is over, and its machine gone. */
  async #cancel({ cancelling, started }: Starting): Promise<void> {
    cancelling.abort();
    await started.catch((error: unknown) => {
      if (toErrorValue(error).code !== "vm.start-cancelled") throw error;
    });
  }

  #startFailed(error: unknown): void {
    const { code, message } = toErrorValue(error);
    if (code === "hardware.machine-failed")
      this.#transition({ type: "startFailed", state: "crashed", reason: "machine-exited", detail: message });
    else {
      const reason = code === "hardware.no-space" ? "no-space" : null;
      this.#transition({ type: "startFailed", state: "stopped", reason, detail: message });
    }
  }

  /** It is not started because what it starts from could not be made: its status says why. */
  refuseStart(reason: AppError): void {
    this.#transition({ type: "startRefused", detail: reason.message });
  }

  /** Resolves when its agent has said hello; rejects when it ends, or is cut off, before. Cancelled by `signal`. */
  running(signal: AbortSignal): Promise<void> {
    return waitFor({
      listen: ({ resolve, reject }) => {
        const look = (): void => {
          const { state, reason, detail } = this.#condition;
          if (state === "running") resolve();
          else if (!this.isOn || reason === "protocol-violation") {
            const words = stateWords({ stateReason: reason, stateDetail: detail });
            reject(this.#error("vm.not-running", `is ${state}${words === "" ? "" : ` (${words})`}`));
          }
        };
        look();
        return this.on("changed", look);
      },
      signal,
    });
  }

  /**
   * Adopts a machine that an earlier run of the application left running, false where there is none; one that ended since
   * has its reason. What is asked of the VM meanwhile waits for it. Rejects where the machine runs and cannot be reached.
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
      found = await this.#context.driver.adopt(this.definition);
    } catch (error) {
      this.#isOutOfReach = true;
      this.#transition({ type: "machineUnreachable", detail: messageOf(error) });
      throw error;
    }
    this.#isOutOfReach = false;
    if (found === null) this.#transition({ type: "nothingFound" });
    else if ("reason" in found) this.#machineEnded(found);
    else {
      this.#bindMachine(found);
      this.#machineFound(found, "agent");
      return true;
    }
    return false;
  }

  /** Resolves when no adoption goes on, whatever came of the last one: a machine that cannot be reached is not tried again. */
  async adoptionOver(): Promise<void> {
    await this.#adopting?.catch(() => undefined);
  }

  /** Resolves when it is known whether an earlier run of the application left its machine running. */
  async adopted(): Promise<void> {
    if (this.#isInDoubt) await this.adopt();
  }

  /**
   * Takes away what it is made of, by `remove`: from then on nothing starts it, unless that fails. Whoever wants the same meanwhile
   * waits for it.
   * @throws AppError vm.busy where it is on; what `remove` throws
   */
  removedBy(remove: () => Promise<void>): Promise<void> {
    this.#removing ??= this.#removeBy(remove).catch((error: unknown) => {
      this.#removing = null;
      throw error;
    });
    return this.#removing;
  }

  async #removeBy(remove: () => Promise<void>): Promise<void> {
    await this.adopted();
    if (this.isOn) throw this.#error("vm.busy", `is ${this.state}: stop it first`);
    await remove();
  }

  /** Orderly: asks the agent, then presses the power button, then pulls the plug. Resolves when the machine is gone. */
  async stop(): Promise<void> {
    if (this.#isInDoubt) await this.adopt();
    if (this.#starting !== null) return this.#cancel(this.#starting);
    const machine = this.#require();
    const ended = this.#ended(machine);
    // An agent that does not answer would not power off either.
    const isAnswering = this.#isLinkOpen && this.state !== "unresponsive";
    this.#transition({ type: "stopRequested" });
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
      // It cannot be reached, or it has ended meanwhile: then there is nothing to kill.
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
      throw this.#error("vm.not-running", `is ${this.state}: start it, or wait until it runs`);
    return this.#link;
  }

  /** Why its network does not work; "" = nothing to say. */
  tellNetwork(detail: string): void {
    if (detail === this.#networkDetail) return;
    this.#networkDetail = detail;
    this.emit("changed");
  }

  /** The host has another keyboard layout. */
  keymapChanged(): void {
    this.service(guestKeymap).change(this.#context.keymap());
  }

  /** A page has come: it is given its ports. */
  attachPage(): void {
    if (!this.#isHidden) this.#link?.attachPage();
  }

  /** Its windows are on the page from now on. */
  show(): void {
    this.#isHidden = false;
    this.attachPage();
  }

  /** A frozen window is dismissed. */
  dismiss(surface: SurfaceId): void {
    this.windows.remove(surface);
  }

  /** The application ends; the machine goes on. */
  release(): void {
    this.#disconnect();
    clearTimeout(this.#startTimer);
    this.#machine?.release();
  }

  // ---- machine ---------------------------------------------------------------------------------------------

  #bindMachine(machine: Machine): void {
    this.#machine = machine;
    this.#reconnects = new Backoff(RECONNECT_MS, MAX_RECONNECT_MS);
    machine.on("ended", (end) => this.#machineEnded(end));
    machine.on("paused", (cause) => {
      if (cause !== "asked") this.#log(`paused: ${PAUSE_DETAILS[cause]}`);
      this.#transition({ type: "machinePaused", cause });
    });
    machine.on("resumed", () => this.#transition({ type: "machineResumed" }));
    machine.on("agentPresent", (isPresent) => {
      if (isPresent) this.#transition({ type: "agentAppeared" });
      else this.#linkClosed("agent-exited", "The agent has ended; the guest starts it again.");
    });
  }

  #machineFound({ pauseCause }: Machine, phase: StartPhase): void {
    if (pauseCause !== null && pauseCause !== "asked") this.#log(`paused: ${PAUSE_DETAILS[pauseCause]}`);
    this.#transition({ type: "machineFound", phase, pauseCause });
  }

  #machineEnded(end: MachineEnd): void {
    this.#machine = null;
    const wasLinked = this.#link !== null;
    const detail = "detail" in end ? end.detail : "";
    if (detail !== "") this.#log(`${end.reason}: ${escapeForLog(detail, 2000)}`);
    this.#transition({ type: "machineEnded", end, detail: cleanText(detail.split("\n").at(-1) ?? "") });
    // Nothing more comes from the link: what waits for an answer must not wait for ever.
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
    const early = this.#earlyLink;
    this.#earlyLink = null;
    this.#disconnect();
    let link: LinkProcess;
    try {
      link = early ?? this.#context.spawnLink(this.id);
    } catch (error) {
      return this.#linkClosed("agent-lost", messageOf(error));
    }
    this.#link = link;
    link.onMessage((message) => {
      if (this.#link === link) this.#linkReported(message);
    });
    link.onExit((code) => {
      if (this.#link === link) this.#linkClosed("agent-lost", `its link process ended with code ${code}`);
    });
    const open = (name: ChannelName): ChannelEndpoint => machine.channels.open(name);
    link.send({
      type: "open",
      vm: this.id,
      channels: { control: open("control"), frames: open("frames"), bulk: open("bulk") },
      output: this.#context.output(),
      keymap: this.#context.keymap(),
    });
    if (machine.pauseCause !== null) this.#setPaused(true);
    this.attachPage();
  }

  #spawnEarlyLink(): void {
    const link = this.#context.spawnLink(this.id);
    this.#earlyLink = link;
    link.onExit(() => {
      if (this.#earlyLink === link) this.#earlyLink = null;
    });
  }

  #disconnect(): void {
    this.#earlyLink?.kill();
    this.#earlyLink = null;
    if (this.#reconnectTimer !== null) clearTimeout(this.#reconnectTimer);
    this.#reconnectTimer = null;
    this.#link?.kill();
    this.#link = null;
  }

  #linkReported(message: FromLink): void {
    switch (message.type) {
      case "opened":
        this.#transition({ type: "portsOpened" });
        break;
      case "hello":
        this.#context.log(`${this.definition.name}: ${message.agent} says hello`);
        if (this.#transition({ type: "helloReceived" })) this.#services.opened();
        break;
      case "event":
        this.#services.happened(message.service, message.event);
        break;
      case "closed":
        this.#linkClosed(message.reason, message.detail);
    }
  }

  /** The channels are gone while the machine is there. */
  #linkClosed(loss: LinkLoss, detail: string): void {
    const isStopping = this.state === "stopping";
    if (!this.#transition({ type: "linkLost", loss, detail })) return;
    if (!isStopping) this.#log(`${loss}: ${detail}`);
    this.#services.closed();
  }

  // ---- state -----------------------------------------------------------------------------------------------

  /** False: the event means nothing in this state. */
  #transition(event: VmEvent): boolean {
    const made = transition(this.#condition, event);
    if (made === null) return false;
    this.#condition = made.condition;
    this.#watchStart();
    for (const effect of made.effects) this.#carryOut(effect);
    this.emit("changed");
    return true;
  }

  /** A start that takes too long has a reason; the agent that says hello all the same is welcome. */
  #watchStart(): void {
    if (!awaitsHello(this.#condition)) {
      clearTimeout(this.#startTimer);
      this.#startTimer = undefined;
    } else
      this.#startTimer ??= setTimeout(() => {
        this.#log("its agent has not said hello");
        this.#transition({ type: "startOverdue" });
      }, START_MS);
  }

  #carryOut(effect: VmEffect): void {
    switch (effect) {
      case "connect":
        return this.#connect();
      case "disconnect":
        return this.#disconnect();
      case "reconnectLater":
        this.#reconnectTimer = setTimeout(
          () => this.#transition({ type: "reconnectDue" }),
          this.#reconnects.nextDelayMs(performance.now()),
        );
        return;
      case "pauseLink":
        return this.#setPaused(true);
      case "resumeLink":
        return this.#setPaused(false);
      case "freezeWindows":
        return this.windows.freeze();
      case "clearWindows":
        return this.windows.clear();
    }
  }

  #setPaused(isPaused: boolean): void {
    this.service(liveness).setPaused(isPaused);
    this.service(clock).setPaused(isPaused);
  }

  #log(line: string): void {
    this.#context.log(`${this.definition.name}: ${line}`);
  }

  #error(code: "vm.already-running" | "vm.busy" | "vm.not-running" | "vm.start-cancelled", problem: string): AppError {
    return new AppError(code, `VM "${this.definition.name}" ${problem}.`, {
      vm: this.definition.name,
      state: this.state,
    });
  }
}

/** Whether `event` comes within `timeoutMs`. */
function within(event: Promise<void>, timeoutMs: number): Promise<boolean> {
  return waitFor<boolean>({
    listen: ({ resolve, reject }) => {
      event.then(() => resolve(true), reject);
      return () => undefined;
    },
    timeoutMs,
    onTimeout: ({ resolve }) => resolve(false),
  });
}

/** A broker with everything around it made up: clock, focus, policy, person, agents and content. */
import { LABEL_NAMES, type LabelName } from "#shared/model/label.ts";
import type { ClipType } from "#shared/model/clip.ts";
import type { PolicyDecision } from "#shared/model/policy.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { CrossingEnd, CrossingOutcome, CrossingRequest } from "../../crossings/crossing-request.ts";
import type { Crossing, VmParty } from "../../policy/crossing.ts";
import type { Vm } from "../../vms/vm.ts";
import { type BrokerPorts, ClipBroker, type Offered } from "../broker.ts";
import type { ClipEnd, ClipPreview, ClipReading, ClipSource, ClipTarget } from "../reading.ts";

export const TEXT = "text/plain;charset=utf-8";

/** Content that is read. */
export class FakeReading implements ClipReading {
  readonly source: ClipSource;
  readonly type: ClipType;
  preview: ClipPreview = { text: "secret plans", bytes: 12, isComplete: true, picture: null };
  target: ClipTarget | null = null;
  ruleBytes: number | null = null;
  isCancelled = false;
  isLookedAt = false;
  /** Requests that were answered by what was delivered ahead. */
  readonly answered: number[] = [];
  #taken: () => void = () => undefined;
  #end: (end: ClipEnd) => void = () => undefined;
  readonly #previewed: ((preview: ClipPreview) => void)[] = [];

  constructor(source: ClipSource, type: ClipType) {
    this.source = source;
    this.type = type;
  }

  look(): void {
    this.isLookedAt = true;
  }

  onPreview(changed: (preview: ClipPreview) => void): () => void {
    this.#previewed.push(changed);
    return () => undefined;
  }

  show(preview: ClipPreview): void {
    this.preview = preview;
    for (const changed of this.#previewed) changed(preview);
  }

  deliver(target: ClipTarget, ruleBytes: number | null = null): Promise<ClipEnd> {
    if (this.target !== null) throw new Error("delivered twice");
    this.target = target;
    this.ruleBytes = ruleBytes;
    return new Promise((resolve) => {
      this.#end = resolve;
      if (this.isCancelled) this.cancel();
    });
  }

  end(end: Partial<ClipEnd> = {}): Promise<void> {
    this.#end({ outcome: "complete", bytes: 12, characters: 12, content: null, ...end } as ClipEnd);
    return settled();
  }

  onTaken(taken: () => void): () => void {
    this.#taken = taken;
    return () => undefined;
  }

  /** A program has got what was delivered ahead. */
  take(): void {
    this.#taken();
  }

  answer(request: number): void {
    if (this.target?.kind !== "ahead") throw new Error("nothing was delivered ahead");
    this.answered.push(request);
  }

  cancel(): void {
    this.isCancelled = true;
    this.#end({ outcome: "failed", bytes: 0, by: "cancelled" });
  }
}

/** All promises that can be settled are. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface Asked {
  request: CrossingRequest;
  signal: AbortSignal | undefined;
  answer(by: "person" | "lapsed", isAllowed: boolean): Promise<void>;
}

/** What the broker has told one agent. */
type Sent = { announced: number; types: readonly ClipType[] } | { refused: number };

export class ClipDesk {
  nowMs = 100_000;
  focused: Vm | null = null;
  /** By the crossing's target, and its type where only that one is meant. */
  readonly rules = new Map<string, PolicyDecision>();
  /** What the rule that decides lets through; null: it does not say. */
  ruleBytes: number | null = null;
  isPolicyBroken = false;
  readonly asked: Asked[] = [];
  readonly requests: CrossingRequest[] = [];
  /** Subjects of requests that joined a question. */
  readonly joined: string[] = [];
  readonly told: { outcome: CrossingOutcome; end: CrossingEnd }[] = [];
  readonly readings: FakeReading[] = [];
  /** Files that are on their way to a VM, or the host. */
  readonly brought: { clip: number; to: VmId | "host"; arrive: (...paths: string[]) => Promise<void> }[] = [];
  readonly sent = new Map<VmId, Sent[]>();
  /** Paste chords for which nothing more comes, as the links were told. */
  readonly settled: number[] = [];
  readonly broker: ClipBroker;
  readonly ports: BrokerPorts;
  readonly #timers: { atMs: number; act: () => void }[] = [];

  constructor() {
    this.ports = {
      nowMs: () => this.nowMs,
      after: (ms, act) => {
        const timer = { atMs: this.nowMs + ms, act };
        this.#timers.push(timer);
        return () => {
          const at = this.#timers.indexOf(timer);
          if (at >= 0) this.#timers.splice(at, 1);
        };
      },
      focusedVm: () => this.focused?.id ?? null,
      focusedApp: () => "Mousepad",
      gate: {
        decide: (crossing) => this.#decide(crossing),
        request: (request, options) => this.#request(request, options?.signal),
        joined: ({ subject }) => void this.joined.push(subject),
        ended: (outcome, end) => {
          this.told.push({ outcome, end });
          return Promise.resolve();
        },
      },
      read: (source, type) => {
        const reading = new FakeReading(source, type);
        this.readings.push(reading);
        return reading;
      },
      bringFiles: (clip, to) =>
        new Promise((arrive) => {
          this.brought.push({
            clip: clip.id,
            to: to.kind === "vm" ? to.vm.id : to.kind,
            arrive: (...paths) => (arrive(paths.map((path) => Buffer.from(path))), settled()),
          });
        }),
    };
    this.broker = new ClipBroker(this.ports);
  }

  /** A VM whose agent answers. */
  vm(name: string): Vm {
    // The broker knows of a VM no more than its id.
    const vm = { id: name as VmId } as unknown as Vm;
    this.open(vm);
    return vm;
  }

  open(vm: Vm): void {
    const sent: Sent[] = [];
    this.sent.set(vm.id, sent);
    this.broker.opened({
      vm,
      party: () => partyNamed(vm.id),
      announce: (announced, types) => sent.push({ announced, types }),
      refuse: (refused) => sent.push({ refused }),
      settle: (chord) => void this.settled.push(chord),
    });
  }

  /** A program of it copies, `sinceInputMs` after its person did something. */
  copy(
    vm: Vm,
    generation: number,
    { types = ["text/plain"], sinceInputMs = 0 }: Partial<Pick<Offered, "types" | "sinceInputMs">> = {},
  ): void {
    this.broker.offered(vm, { selection: "clipboard", generation, types, sinceInputMs });
  }

  /** The person presses the paste chord in its window. */
  press(vm: Vm, chord?: number): void {
    this.focused = vm;
    this.broker.gesture(vm, "keys", chord);
  }

  /** A program of it asks for what was announced last. */
  want(vm: Vm, request: number, type: string = TEXT, offer: number = this.offer(vm)): void {
    this.broker.wanted(vm, { request, offer, type });
  }

  /** The last one that was announced there; 0: none. */
  offer(vm: Vm): number {
    return this.announced(vm).at(-1)?.announced ?? 0;
  }

  announced(vm: Vm): { announced: number; types: readonly ClipType[] }[] {
    return (this.sent.get(vm.id) ?? []).filter((sent) => "announced" in sent);
  }

  /** What can be pasted there as its agent knows it. */
  offers(vm: Vm): readonly ClipType[] {
    return this.announced(vm).at(-1)?.types ?? [];
  }

  refused(vm: Vm): number[] {
    return (this.sent.get(vm.id) ?? []).flatMap((sent) => ("refused" in sent ? [sent.refused] : []));
  }

  /** Those that go somewhere. */
  get delivered(): FakeReading[] {
    return this.readings.filter(({ target }) => target !== null);
  }

  pass(ms: number): Promise<void> {
    this.nowMs += ms;
    for (const timer of this.#timers.filter(({ atMs }) => atMs <= this.nowMs)) {
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      timer.act();
    }
    return settled();
  }

  #decide({ to, type }: Crossing): PolicyDecision {
    if (this.isPolicyBroken) return "deny";
    const name = to.kind === "vm" ? to.name : to.kind;
    return this.rules.get(`${name} ${type}`) ?? this.rules.get(name) ?? "allow";
  }

  #request(request: CrossingRequest, signal: AbortSignal | undefined): Promise<CrossingOutcome> {
    this.requests.push(request);
    const decision = this.#decide(request.crossing);
    const once = `${request.subject} once`;
    const outcome = (by: CrossingOutcome["by"], allowed: boolean): CrossingOutcome => ({
      allowed,
      by,
      rule: null,
      maxBytes: this.ruleBytes,
      explanation: "as the test has it",
      seq: this.requests.length,
    });
    if (decision !== "ask") return Promise.resolve(outcome("rule", decision === "allow"));
    if (this.rules.has(once)) return Promise.resolve(outcome("person", true));
    return new Promise((resolve) => {
      const answer = (by: "person" | "lapsed", isAllowed: boolean): Promise<void> => {
        if (isAllowed) this.rules.set(once, "allow");
        resolve(outcome(by, isAllowed));
        return settled();
      };
      signal?.addEventListener("abort", () => void answer("lapsed", false));
      this.asked.push({ request, signal, answer });
    });
  }
}

export function partyNamed(name: string, label: LabelName = LABEL_NAMES[0]): VmParty {
  return { kind: "vm", id: name as VmId, name, label, role: "app", template: null };
}

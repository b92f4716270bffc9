/**
 * What can be pasted where, of one selection. One clip is current: what a person copied last, in whatever VM. All other VMs are told its types, as
 * far as the policy lets them know; its content goes to one of them when the host has seen the person paste there, and the
 * policy, or the person, allows it. No clock, no process and no policy of its own: they are its ports.
 */
import type { PolicyDecision } from "#shared/model/policy.ts";
import { type ClipSelection, type ClipType, COPIED_FILES, type PasteGesture } from "#shared/model/clip.ts";
import type { VmId } from "#shared/model/vm.ts";
import { MAX_PASTES } from "#shared/protocol/limits.ts";
import { Emitter } from "../base/emitter.ts";
import type { CrossingOutcome, CrossingRequest } from "../crossings/crossing-request.ts";
import { addressList, fileManagersList } from "../link/clips/file-list.ts";
import { HOST } from "../policy/crossing.ts";
import type { Vm } from "../vms/vm.ts";
import { type Clip, type ClipGate, type ClipGuest, crossingOf, endOf, isFrom } from "./clip.ts";
import type { BringFiles } from "./copied-files.ts";
import { GestureWindow } from "./paste-gesture.ts";
import { previewOf } from "./shown-preview.ts";
import type { ClipReading, ReadClip } from "./reading.ts";
import { isSecret, offeredAs } from "./types.ts";

/** An offer answers a key or button of the VM's person that is no older than this. */
const COPY_MS = 5_000;
/** A password's life. */
const SECRET_MS = 30_000;
/** How long the small bar waits for the person. */
const BAR_MS = 20_000;
/** "Once" holds so long for this clip and VM: for a program that gave up, and a person who presses again. */
const ONCE_MS = 10_000;
/** A question that nobody answers is taken back: no program waits any longer. */
const QUESTION_MS = 60_000;
/** A program that pastes files waits for so long until they have arrived. An agent gives up after 60 s. */
const FILES_MS = 55_000;
/** Contents sent ahead to one VM that are on their way, or kept by its agent, at once. */
const MAX_AHEAD = 4;
/** An agent keeps what was sent ahead for so long. */
const AHEAD_MS = 2_000;
/** What the agent reports of it has come by then. */
const AHEAD_REPORT_MS = 3_000;
/** The first of these that is offered is sent ahead to a VM that has not asked for anything yet. */
const LIKELY: readonly ClipType[] = ["text/plain;charset=utf-8", "image/png"];

export interface BrokerPorts {
  /** performance.now() */
  nowMs(): number;
  /** Returns what cancels it. */
  after(ms: number, act: () => void): () => void;
  /** Whose window has the keyboard; null: none has, as while a prompt is up. */
  focusedVm(): VmId | null;
  /** What the focused window of that VM calls its program, cleaned; "" where it has none. */
  focusedApp(vm: VmId): string;
  gate: ClipGate;
  read: ReadClip;
  bringFiles: BringFiles;
}

/** What an agent has told; parsed by its link. */
export interface Offered {
  selection: ClipSelection;
  generation: number;
  /** Empty: what was copied is gone. */
  types: readonly string[];
  /** How old the last key or button was that its person had sent to the VM; null: there was none. */
  sinceInputMs: number | null;
}

export interface Wanted {
  request: number;
  offer: number;
  type: string;
}

/** A small bar: programs of one VM want to paste, and the host has seen no gesture. */
export interface WaitingPaste {
  readonly id: number;
  readonly vm: VmId;
  readonly clip: Clip;
  readonly app: string;
  readonly type: ClipType;
  /** performance.now() */
  readonly lapsesMs: number;
}

/** A program's request. */
interface Paste {
  readonly request: number;
  readonly clip: Clip;
  readonly type: ClipType;
  /** The type that the program has named: a list of files is given as one of addresses, too. */
  readonly wantedAs: ClipType;
  /** null: nothing is read for it yet. */
  reading: ClipReading | null;
  /** Its content is on its way. */
  isGiven: boolean;
}

/** Content that was sent before a program has asked. */
class Ahead {
  readonly clip: Clip;
  readonly type: ClipType;
  readonly reading: ClipReading;
  /** Requests that crossed it on their way, while it is not sent yet. */
  readonly requests: number[] = [];
  isSent = false;
  /** A program has it, or is to have it. */
  isUsed = false;
  /** false: no program has asked for it in its time. */
  readonly used: Promise<boolean>;
  #decide: (isUsed: boolean) => void = () => undefined;

  constructor(clip: Clip, type: ClipType, reading: ClipReading) {
    this.clip = clip;
    this.type = type;
    this.reading = reading;
    this.used = new Promise((resolve) => (this.#decide = resolve));
    reading.onTaken(() => this.use());
  }

  use(): void {
    this.isUsed = true;
    this.#decide(true);
  }

  lapse(): void {
    this.#decide(false);
  }
}

/** The person is asked. */
interface Question {
  readonly clip: Clip;
  readonly takingBack: AbortController;
  /** Those that wait for the answer: requests for one clip, in whatever types, join one question. */
  readonly pastes: Set<Paste>;
}

interface Bar extends WaitingPaste {
  readonly pastes: Paste[];
  readonly cancelTimer: () => void;
}

interface Guest {
  readonly link: ClipGuest;
  /** What a program there has copied, while the VM pastes that; with or without its person. */
  own: Clip | null;
  /** The clip that it has replaced there by its own: that one is not announced again. */
  replaced: Clip | null;
  announced: { readonly offer: number; readonly clip: Clip; readonly types: readonly ClipType[] } | null;
  /** The type that its programs asked for last. */
  lastType: ClipType | null;
  readonly gesture: GestureWindow;
  /** The person has allowed this clip "once"; the gate knows it, too. */
  once: { readonly clip: Clip; readonly untilMs: number } | null;
  /** The person has denied, ignored or not answered: of this clip they do not hear again without a gesture. */
  silenced: Clip | null;
  /** That the policy keeps this clip from it has been told. */
  shownDenied: Clip | null;
  /** By `clipboard put`: the offer that follows is its person's. `over`: it has come, or nobody waits for it any more. */
  put: { readonly atMs: number; readonly over: () => void } | null;
  readonly pastes: Map<number, Paste>;
  readonly ahead: Set<Ahead>;
  /** Files that are on their way there: requests for one clip, in whatever types, join one transfer. */
  files: { readonly clip: Clip; readonly arrived: Promise<readonly Uint8Array[]> } | null;
  question: Question | null;
  bar: Bar | null;
}

/** The last ones that were given: of all brokers of one application. */
export class ClipNumbers {
  clip = 0;
  offer = 0;
  bar = 0;
}

interface BrokerEvents {
  /** The current clip, or the small bars. */
  changed: [];
  /** A person has copied in a VM. */
  copied: [Clip];
}

export class ClipBroker extends Emitter<BrokerEvents> {
  readonly #ports: BrokerPorts;
  readonly #guests = new Map<VmId, Guest>();
  readonly #selection: ClipSelection;
  readonly #numbers: ClipNumbers;
  #isOn = true;
  #current: Clip | null = null;

  constructor(ports: BrokerPorts, selection: ClipSelection = "clipboard", numbers = new ClipNumbers()) {
    super();
    this.#ports = ports;
    this.#selection = selection;
    this.#numbers = numbers;
  }

  /** Off: what is copied stays in its VM. */
  setOn(isOn: boolean): void {
    if (this.#isOn === isOn) return;
    this.#isOn = isOn;
    if (!isOn) this.#setCurrent(null);
  }

  /** What a paste in another VM brings. */
  get current(): Clip | null {
    return this.#current;
  }

  get waiting(): WaitingPaste[] {
    return Array.from(this.#guests.values()).flatMap(({ bar }) => (bar === null ? [] : [bar]));
  }

  /** What was copied in this VM, and is still what is pasted there; null: nothing. */
  ownOf(vm: Vm): Clip | null {
    return this.#guests.get(vm.id)?.own ?? null;
  }

  // ---- VMs -------------------------------------------------------------------------------------------------

  /** Its agent answers. */
  opened(link: ClipGuest): void {
    this.closed(link.vm);
    const guest: Guest = {
      link,
      own: null,
      replaced: null,
      announced: null,
      lastType: null,
      gesture: new GestureWindow(),
      once: null,
      silenced: null,
      shownDenied: null,
      put: null,
      pastes: new Map(),
      ahead: new Set(),
      files: null,
      question: null,
      bar: null,
    };
    this.#guests.set(link.vm.id, guest);
    this.#announce(guest);
  }

  /** Its agent is gone, and so is what it had copied. */
  closed(vm: Vm): void {
    const guest = this.#guests.get(vm.id);
    if (guest === undefined) return;
    this.#guests.delete(vm.id);
    guest.question?.takingBack.abort();
    for (const { reading } of [...guest.pastes.values(), ...guest.ahead]) reading?.cancel();
    guest.pastes.clear();
    guest.put?.over();
    this.#closeBar(guest);
    // What was picked from the history does not need its VM.
    if (this.#current !== null && this.#current === guest.own) this.#setCurrent(null);
  }

  /** Rules, or what they say of a VM, have changed. */
  policyChanged(): void {
    for (const guest of this.#guests.values()) {
      for (const paste of [...guest.pastes.values()]) {
        if (!this.#isDenied(guest, paste)) continue;
        paste.reading?.cancel();
        this.#refuse(guest, paste);
      }
      for (const ahead of guest.ahead) if (this.#isDenied(guest, ahead)) ahead.reading.cancel();
      if (guest.bar !== null && guest.bar.pastes.every(({ request }) => !guest.pastes.has(request)))
        this.#closeBar(guest);
      const { question } = guest;
      if (
        question !== null &&
        [...question.clip.types.keys()].every((type) => this.#isDenied(guest, { ...question, type }))
      )
        question.takingBack.abort();
      guest.shownDenied = null;
      this.#announce(guest);
    }
  }

  // ---- copying ---------------------------------------------------------------------------------------------

  offered(vm: Vm, offered: Offered): void {
    const guest = this.#guests.get(vm.id);
    if (guest === undefined || offered.selection !== this.#selection || !this.#isOn) return;
    const wasCurrent = this.#current !== null && this.#current === guest.own;
    const nowMs = this.#ports.nowMs();
    const inputMs = this.#copyTime(guest, offered, nowMs);
    if (offered.types.length === 0) {
      guest.own = null;
      guest.replaced = null;
      if (wasCurrent) this.#setCurrent(null);
      else this.#announce(guest);
      return;
    }
    const clip = this.#clipOf(guest, offered, inputMs ?? nowMs);
    guest.own = clip;
    guest.replaced = this.#current;
    // An agent keeps its program's own offer: what was announced is over there.
    guest.announced = null;
    this.#dropWaiting(guest, () => true);
    if (clip.isSecret) this.#ports.after(SECRET_MS, () => this.#expire(clip));
    const isNewest = this.#current === null || wasCurrent || (inputMs !== null && this.#current.copiedMs <= inputMs);
    if (inputMs !== null && isNewest) {
      this.#setCurrent(clip);
      this.emit("copied", clip);
    } else if (wasCurrent) this.#setCurrent(null);
  }

  /**
   * The host's own program has given this VM a clip: the offer that follows is its person's. Resolves when that has come: what is
   * asked of the clipboard then finds it. It may never come, such as from a VM that ends.
   */
  putDone(vm: Vm): Promise<void> {
    const guest = this.#guests.get(vm.id);
    if (guest === undefined) return Promise.resolve();
    guest.put?.over();
    return new Promise((resolve) => {
      const forget = this.#ports.after(COPY_MS, resolve);
      const over = (): void => {
        forget();
        resolve();
      };
      guest.put = { atMs: this.#ports.nowMs(), over };
    });
  }

  /** Becomes the current clip: of the history, with the VM that it came from; or the host's own. */
  take({ from, types, isSecret, source }: Omit<Clip, "id" | "copiedMs">): void {
    this.#numbers.clip += 1;
    const clip: Clip = { id: this.#numbers.clip, from, types, isSecret, copiedMs: this.#ports.nowMs(), source };
    if (isSecret) this.#ports.after(SECRET_MS, () => this.#expire(clip));
    this.#setCurrent(clip);
  }

  /** The host holds nothing any more that could be pasted. */
  hostEmptied(): void {
    if (this.#current?.from === HOST) this.#setCurrent(null);
  }

  /** When the person did what this offer answers; null: it answers nothing that they did. */
  #copyTime(guest: Guest, { sinceInputMs, types }: Offered, nowMs: number): number | null {
    const { put } = guest;
    if (put !== null && types.length > 0) {
      guest.put = null;
      put.over();
      if (nowMs - put.atMs <= COPY_MS) return put.atMs;
    }
    return sinceInputMs !== null && sinceInputMs <= COPY_MS ? nowMs - sinceInputMs : null;
  }

  #clipOf({ link }: Guest, { selection, generation, types: untrustedTypes }: Offered, copiedMs: number): Clip {
    const types = offeredAs(untrustedTypes);
    const { vm } = link;
    this.#numbers.clip += 1;
    return {
      id: this.#numbers.clip,
      get from() {
        return link.party();
      },
      types,
      isSecret: isSecret(untrustedTypes),
      copiedMs,
      source: (type) => ({ kind: "vm", vm, selection, generation, type: types.get(type) ?? type }),
    };
  }

  #expire(clip: Clip): void {
    for (const guest of this.#guests.values()) if (guest.own === clip) guest.own = null;
    if (this.#current === clip) this.#setCurrent(null);
  }

  #setCurrent(clip: Clip | null): void {
    const before = this.#current;
    this.#current = clip;
    for (const guest of this.#guests.values()) {
      this.#dropWaiting(guest, (waiting) => waiting === before);
      if (clip !== null && guest.own === clip) guest.replaced = null;
      this.#announce(guest);
    }
    this.emit("changed");
  }

  /** Tells a VM what can be pasted there, where that is not what it knows. */
  #announce(guest: Guest): void {
    const { announced, link } = guest;
    const clip = this.#current;
    const isKept = clip !== null && (guest.own === clip || guest.replaced === clip);
    const types = clip === null || isKept ? [] : this.#allowedTypes(guest, clip);
    if (types.length === 0) {
      if (announced === null) return;
      guest.announced = null;
      this.#numbers.offer += 1;
      return link.announce(this.#numbers.offer, []);
    }
    if (clip === null || (announced?.clip === clip && announced.types.join() === types.join())) return;
    this.#numbers.offer += 1;
    guest.announced = { offer: this.#numbers.offer, clip, types };
    // The agent offers this in place of what a program there had copied.
    guest.own = null;
    guest.replaced = null;
    link.announce(this.#numbers.offer, types);
  }

  #allowedTypes(guest: Guest, clip: Clip): ClipType[] {
    const allowed = [...clip.types.keys()].filter((type) => !this.#isDenied(guest, { clip, type }));
    return allowed.includes(COPIED_FILES) ? [COPIED_FILES, "text/uri-list"] : allowed;
  }

  #isDenied({ link }: Guest, { clip, type }: { clip: Clip; type: ClipType }): boolean {
    return this.#ports.gate.decide(crossingOf(clip, link.party(), type)) === "deny";
  }

  // ---- pasting ---------------------------------------------------------------------------------------------

  /** The person wants to paste in a window of this VM: told before the key goes there. `chord`: of the input that its link holds. */
  gesture(vm: Vm, kind: PasteGesture, chord: number | null = null): void {
    const guest = this.#guests.get(vm.id);
    // The middle button pastes what is marked with the mouse, and nothing else does.
    if (guest === undefined || (kind === "middle") !== (this.#selection === "primary")) return;
    guest.gesture.begin(kind, this.#ports.nowMs());
    guest.silenced = null;
    if (guest.bar !== null) this.#pasteWaiting(guest, guest.bar);
    else if (guest.announced === null) this.#tellDenied(guest);
    // A program's own menu is opened by hand: what is sent now would be dropped before that.
    else if (kind !== "menu" && this.#sendAhead(guest, guest.announced, chord)) return;
    if (chord !== null) guest.link.settle(chord);
  }

  /**
   * Content before any program has asked, so that also one without patience is served: the input behind the chord waits for it.
   * Never a secret. Returns whether any goes.
   */
  #sendAhead(guest: Guest, { offer, clip, types }: NonNullable<Guest["announced"]>, chord: number | null): boolean {
    const type = [guest.lastType, ...LIKELY, types[0]].find((likely) => likely != null && types.includes(likely));
    if (type == null || clip.isSecret || clip.types.has(COPIED_FILES) || guest.ahead.size >= MAX_AHEAD) return false;
    if (this.#decide(guest, clip, type) !== "allow") return false;
    const reading = this.#ports.read(clip.source(type), type);
    const ahead = new Ahead(clip, type, reading);
    guest.ahead.add(ahead);
    void this.#deliverAhead(guest, ahead, { offer, chord });
    return true;
  }

  async #deliverAhead(
    guest: Guest,
    ahead: Ahead,
    { offer, chord }: { offer: number; chord: number | null },
  ): Promise<void> {
    const { clip, type, reading, requests } = ahead;
    const { vm } = guest.link;
    const outcome = await this.#ports.gate.request(this.#asked(guest, clip, type));
    if (!outcome.allowed) {
      if (chord !== null) guest.link.settle(chord);
      reading.cancel();
      guest.ahead.delete(ahead);
      for (const request of requests) guest.link.refuse(request);
      return;
    }
    const ended = reading.deliver({ kind: "ahead", vm, offer, chord }, outcome.maxBytes);
    ahead.isSent = true;
    for (const request of requests) reading.answer(request);
    this.#ports.after(AHEAD_MS, () => guest.ahead.delete(ahead));
    this.#ports.after(AHEAD_REPORT_MS, () => ahead.lapse());
    const result = await ended;
    // Where it has failed before the link has heard of it.
    if (chord !== null) guest.link.settle(chord);
    // A program that asks now is served by a paste of its own.
    if (result.outcome === "failed") guest.ahead.delete(ahead);
    const end = endOf(result, type, outcome.maxBytes);
    // The keys may have meant something else. The VM has had it all the same, so the log says so.
    const unused = { ...end, detail: end.detail || "sent ahead, but no program asked for it", isQuiet: true };
    await this.#ports.gate.ended(outcome, (await ahead.used) ? end : unused);
  }

  /** A program there asks for the content. */
  wanted(vm: Vm, { request, offer, type: untrustedType }: Wanted): void {
    const guest = this.#guests.get(vm.id);
    if (guest === undefined) return;
    const { announced } = guest;
    const wantedAs = announced?.types.find((known) => known === untrustedType);
    if (
      announced?.offer !== offer ||
      wantedAs === undefined ||
      guest.pastes.size >= MAX_PASTES ||
      !this.#isFocused(guest)
    )
      return guest.link.refuse(request);
    const { clip } = announced;
    const type = clip.types.has(COPIED_FILES) ? COPIED_FILES : wantedAs;
    guest.lastType = type;
    if (guest.silenced === clip) return guest.link.refuse(request);
    // The program asked while this was on its way to it: one paste, which is recorded and told once.
    const ahead = [...guest.ahead].find((sent) => sent.clip === clip && sent.type === type && !sent.isUsed);
    if (ahead !== undefined) {
      ahead.use();
      if (ahead.isSent) ahead.reading.answer(request);
      else ahead.requests.push(request);
      return;
    }
    const paste: Paste = { request, clip, type, wantedAs, reading: null, isGiven: false };
    guest.pastes.set(request, paste);
    if (guest.gesture.take(clip, this.#ports.nowMs())) this.#paste(guest, paste);
    else this.#wait(guest, paste);
  }

  /** The program wants it no longer. A question or bar stays: the person may answer for the next try. */
  dropped(vm: Vm, request: number): void {
    const guest = this.#guests.get(vm.id);
    const paste = guest?.pastes.get(request);
    if (guest === undefined || paste === undefined) return;
    guest.pastes.delete(request);
    // What is read for the preview of a question is read on.
    if (guest.question?.pastes.delete(paste) !== true) paste.reading?.cancel();
  }

  /** The person's answer to a small bar. */
  answered(id: number, answer: "paste" | "ignore"): void {
    for (const guest of this.#guests.values()) {
      if (guest.bar?.id !== id) continue;
      // The program may have given up: its next request for what the bar has named is meant, too.
      if (answer === "paste") {
        guest.gesture.answered(guest.bar.clip, "menu", this.#ports.nowMs());
        this.#pasteWaiting(guest, guest.bar);
      } else this.#silence(guest, guest.bar);
      return;
    }
  }

  #isOnce({ once }: Guest, clip: Clip): boolean {
    return once !== null && once.clip === clip && this.#ports.nowMs() <= once.untilMs;
  }

  /** While the person is asked about a paste there, no window has the keyboard. */
  #isFocused({ link, question }: Guest): boolean {
    const focused = this.#ports.focusedVm();
    return focused === link.vm.id || (focused === null && question !== null);
  }

  #decide(guest: Guest, clip: Clip, type: ClipType): PolicyDecision {
    const decision = this.#ports.gate.decide(crossingOf(clip, guest.link.party(), type));
    return decision === "ask" && this.#isOnce(guest, clip) ? "allow" : decision;
  }

  /** The person means it. */
  #paste(guest: Guest, paste: Paste): void {
    const decision = this.#decide(guest, paste.clip, paste.type);
    // The transfer asks, when it knows names and sizes.
    if (paste.type === COPIED_FILES && decision !== "deny") void this.#giveFiles(guest, paste);
    else if (decision === "allow") void this.#give(guest, paste);
    else if (decision === "ask") void this.#ask(guest, paste);
    else {
      this.#tellDenied(guest);
      this.#refuse(guest, paste);
    }
  }

  /** The files themselves, as a transfer; then the program is told where they are now. It goes on when no program waits. */
  async #giveFiles(guest: Guest, paste: Paste): Promise<void> {
    const { clip, request, wantedAs } = paste;
    const { vm } = guest.link;
    const cancelTimer = this.#ports.after(FILES_MS, () => this.#refuse(guest, paste));
    if (guest.files?.clip !== clip) guest.files = { clip, arrived: this.#ports.bringFiles(clip, { kind: "vm", vm }) };
    const { files } = guest;
    const paths = await files.arrived;
    cancelTimer();
    if (guest.files === files) guest.files = null;
    if (guest.pastes.get(request) !== paste) return;
    if (paths.length === 0) return this.#refuse(guest, paste);
    const bytes = wantedAs === COPIED_FILES ? fileManagersList(paths) : addressList(paths);
    paste.reading = this.#ports.read({ kind: "bytes", bytes }, COPIED_FILES);
    paste.isGiven = true;
    await paste.reading.deliver({ kind: "request", vm, request });
    if (guest.pastes.get(request) === paste) guest.pastes.delete(request);
  }

  async #ask(guest: Guest, paste: Paste): Promise<void> {
    const { clip, type } = paste;
    if (guest.question?.clip === clip) {
      guest.question.pastes.add(paste);
      return this.#ports.gate.joined(this.#asked(guest, clip, type));
    }
    guest.question?.takingBack.abort();
    const reading = this.#ports.read(clip.source(type), type);
    paste.reading = reading;
    const question: Question = { clip, takingBack: new AbortController(), pastes: new Set([paste]) };
    guest.question = question;
    const cancelTimer = this.#ports.after(QUESTION_MS, () => question.takingBack.abort());
    const asked = { ...this.#asked(guest, clip, type), preview: previewOf(reading, clip), copiedMs: clip.copiedMs };
    const outcome = await this.#ports.gate.request(asked, { signal: question.takingBack.signal });
    cancelTimer();
    if (guest.question === question) guest.question = null;
    if (outcome.allowed) {
      guest.once = { clip, untilMs: this.#ports.nowMs() + ONCE_MS };
      // The answer is the person's act too: a browser asks for one type after the other.
      guest.gesture.answered(clip, "keys", this.#ports.nowMs());
    } else guest.silenced = clip;
    if (!outcome.allowed || !question.pastes.has(paste)) reading.cancel();
    // Its program has given up; the person presses again.
    if (outcome.allowed && !question.pastes.has(paste))
      void this.#ports.gate.ended(outcome, { bytes: 0, detail: "the program no longer waited: paste again" });
    for (const waiting of question.pastes) {
      if (!outcome.allowed) this.#refuse(guest, waiting);
      else void this.#give(guest, waiting, waiting === paste ? outcome : null);
    }
  }

  /** @param known what the gate has said of it already */
  async #give(guest: Guest, paste: Paste, known: CrossingOutcome | null = null): Promise<void> {
    const { clip, type, request } = paste;
    const { gate, read } = this.#ports;
    const outcome = known ?? (await gate.request(this.#asked(guest, clip, type)));
    if (!outcome.allowed) return this.#refuse(guest, paste);
    if (guest.pastes.get(request) !== paste)
      return gate.ended(outcome, { bytes: 0, detail: "the program no longer waited: paste again" });
    paste.reading ??= read(clip.source(type), type);
    paste.isGiven = true;
    const end = await paste.reading.deliver({ kind: "request", vm: guest.link.vm, request }, outcome.maxBytes);
    if (guest.pastes.get(request) === paste) guest.pastes.delete(request);
    await gate.ended(outcome, endOf(end, type, outcome.maxBytes));
  }

  #refuse(guest: Guest, paste: Paste): void {
    if (guest.pastes.get(paste.request) !== paste) return;
    guest.pastes.delete(paste.request);
    if (!paste.isGiven) guest.link.refuse(paste.request);
  }

  /** Once for each clip: the key may have been meant for something else. */
  #tellDenied(guest: Guest): void {
    const clip = this.#current;
    if (clip === null || guest.shownDenied === clip || isFrom(clip, guest.link.vm)) return;
    // What a program there has copied since is pasted.
    if (guest.replaced === clip) return;
    const [type] = clip.types.keys();
    if (type === undefined || !this.#isDenied(guest, { clip, type })) return;
    guest.shownDenied = clip;
    void this.#ports.gate.request(this.#asked(guest, clip, type));
  }

  #asked({ link }: Guest, clip: Clip, type: ClipType): CrossingRequest {
    return {
      crossing: crossingOf(clip, link.party(), type),
      subject: `clip ${clip.id}`,
      app: this.#ports.focusedApp(link.vm.id),
      isSecret: clip.isSecret,
      onceForMs: ONCE_MS,
    };
  }

  // ---- small bars ------------------------------------------------------------------------------------------

  /** A program asks, and the person has done nothing: they are told, without any window losing the keyboard. */
  #wait(guest: Guest, paste: Paste): void {
    const { clip, type } = paste;
    if (guest.bar !== null) {
      guest.bar.pastes.push(paste);
      return;
    }
    const { vm } = guest.link;
    this.#numbers.bar += 1;
    const bar: Bar = {
      id: this.#numbers.bar,
      vm: vm.id,
      clip,
      app: this.#ports.focusedApp(vm.id),
      type,
      lapsesMs: this.#ports.nowMs() + BAR_MS,
      pastes: [paste],
      cancelTimer: this.#ports.after(BAR_MS, () => this.#silence(guest, bar)),
    };
    guest.bar = bar;
    this.emit("changed");
  }

  #pasteWaiting(guest: Guest, bar: Bar): void {
    this.#closeBar(guest);
    for (const paste of bar.pastes) if (guest.pastes.get(paste.request) === paste) this.#paste(guest, paste);
  }

  #silence(guest: Guest, bar: Bar): void {
    this.#closeBar(guest);
    guest.silenced = bar.clip;
    for (const paste of bar.pastes) this.#refuse(guest, paste);
  }

  #closeBar(guest: Guest): void {
    if (guest.bar === null) return;
    guest.bar.cancelTimer();
    guest.bar = null;
    this.emit("changed");
  }

  /** What waits for the person is over: the clip is. What is on its way already ends by itself. */
  #dropWaiting(guest: Guest, isOver: (clip: Clip) => boolean): void {
    const { bar, question } = guest;
    if (question !== null && isOver(question.clip)) question.takingBack.abort();
    if (bar === null || !isOver(bar.clip)) return;
    this.#closeBar(guest);
    for (const paste of bar.pastes) this.#refuse(guest, paste);
  }
}

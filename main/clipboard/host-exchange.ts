/** What goes between a VM and the host by an explicit act of the person: the command, Super+C. Always through the policy. */
import { type ClipType, COPIED_FILES } from "#shared/model/clip.ts";
import { AppError } from "#shared/model/app-error.ts";
import type { CrossingEnd, CrossingOutcome, CrossingRequest } from "../crossings/crossing-request.ts";
import { refusalOf } from "../crossings/crossings.ts";
import { HOST, partyOf } from "../policy/crossing.ts";
import type { Vm } from "../vms/vm.ts";
import type { ClipBroker } from "./broker.ts";
import type { BringFiles } from "./copied-files.ts";
import { type Clip, type ClipGate, crossingOf, endOf } from "./clip.ts";
import type { HostClipboard } from "./host-clip.ts";
import type { HostWatch } from "./host-watch.ts";
import type { ClipEnd, ClipReading, ReadClip } from "./reading.ts";
import { previewOf } from "./shown-preview.ts";
import { offeredAs } from "./types.ts";

/** What the host takes, the best first. Formatted text never comes: it would be the guest's markup in the host's programs. */
const HOST_TYPES: readonly ClipType[] = ["text/plain;charset=utf-8", "image/png", "text/uri-list"];

interface Parts {
  broker: ClipBroker;
  gate: Pick<ClipGate, "request" | "ended">;
  read: ReadClip;
  host: Pick<HostClipboard, "write">;
  watch: Pick<HostWatch, "written">;
  bringFiles: BringFiles;
}

export interface HostContent {
  type: ClipType;
  bytes: Uint8Array;
}

export interface PutContent {
  type: ClipType;
  /** Unicode code points of a text; null: it is none. */
  characters: number | null;
}

export class HostExchange {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /**
   * What was copied last in this VM, as a type that a person has named. `signal`: nobody waits for the person's answer any more.
   *
   * @throws AppError vm.not-running, clipboard.empty, clipboard.not-offered, clipboard.failed, clipboard.too-large, policy.denied,
   * policy.unanswered
   */
  async get(vm: Vm, typeName: string, signal?: AbortSignal): Promise<HostContent> {
    const clip = this.#ownOf(vm);
    const type = typeNamed(typeName);
    if (type === null || !clip.types.has(type) || !HOST_TYPES.includes(type)) throw notOffered(vm, clip, typeName);
    return this.#fetch(vm, clip, type, signal);
  }

  /** It becomes what was copied last in this VM. @throws AppError as `get` */
  async put(vm: Vm, typeName: string, bytes: Uint8Array, signal?: AbortSignal): Promise<PutContent> {
    const { broker, gate, read } = this.#parts;
    vm.requireLink();
    const type = typeNamed(typeName);
    if (type === null) {
      const known = offeredWords([...HOST_TYPES, "text/html"]);
      throw new AppError("usage.bad-argument", `A clip cannot be of the type "${typeName}": it can be ${known}.`);
    }
    const reading = read({ kind: "bytes", bytes }, type);
    const crossing = { ...crossingOf({ from: HOST }, partyOf(vm.status), type), bytes: bytes.length };
    const outcome = await this.#allowed(
      { crossing, subject: "", preview: previewOf(reading, { isSecret: false }) },
      reading,
      signal,
    );
    const end = await reading.deliver({ kind: "put", vm, selection: "clipboard" }, outcome.maxBytes);
    const offered = end.outcome === "complete" ? broker.putDone(vm) : null;
    const crossingEnd = endOf(end, type, outcome.maxBytes);
    await gate.ended(outcome, crossingEnd);
    if (end.outcome !== "complete") throw failed(vm, end, crossingEnd);
    await offered;
    return { type, characters: end.characters };
  }

  /**
   * What was copied last in this VM becomes the host's. Of copied files no list does, as it would name what is not there: they
   * come by a transfer, which tells of itself. @throws AppError as `get`
   */
  async copyToHost(vm: Vm): Promise<void> {
    const { host, watch, bringFiles } = this.#parts;
    const clip = this.#ownOf(vm);
    if (clip.types.has(COPIED_FILES)) {
      void bringFiles(clip, { kind: "host" });
      return;
    }
    const type = HOST_TYPES.find((one) => clip.types.has(one));
    if (type === undefined) throw notOffered(vm, clip, "");
    const { bytes } = await this.#fetch(vm, clip, type);
    if (!(await host.write(type, bytes)))
      throw new AppError(
        "clipboard.failed",
        "The host's display did not take what was copied: click into Atoll's window, and copy it to the host again.",
        { vm: vm.definition.name },
      );
    await watch.written();
  }

  #ownOf(vm: Vm): Clip {
    vm.requireLink();
    const clip = this.#parts.broker.ownOf(vm);
    if (clip !== null) return clip;
    const { name } = vm.definition;
    throw new AppError(
      "clipboard.empty",
      `Nothing that was copied in "${name}" is there: copy something in it first.`,
      {
        vm: name,
      },
    );
  }

  async #fetch(vm: Vm, clip: Clip, type: ClipType, signal?: AbortSignal): Promise<HostContent> {
    const reading = this.#parts.read(clip.source(type), type);
    const { isSecret } = clip;
    const { copiedMs } = clip;
    const asked = { crossing: crossingOf(clip, HOST, type), subject: `clip ${clip.id}`, isSecret, copiedMs };
    const outcome = await this.#allowed({ ...asked, preview: previewOf(reading, clip) }, reading, signal);
    const end = await reading.deliver({ kind: "collect" }, outcome.maxBytes);
    const crossingEnd = endOf(end, type, outcome.maxBytes);
    await this.#parts.gate.ended(outcome, crossingEnd);
    if (end.outcome !== "complete" || end.content === null) throw failed(vm, end, crossingEnd);
    return { type, bytes: end.content };
  }

  async #allowed(asked: CrossingRequest, reading: ClipReading, signal?: AbortSignal): Promise<CrossingOutcome> {
    const outcome = await this.#parts.gate.request(asked, signal === undefined ? {} : { signal });
    if (outcome.allowed) return outcome;
    reading.cancel();
    throw refusalOf(outcome);
  }
}

/** null: what nobody can paste in another VM, or what is no content: files are copied by `atoll cp`. */
function typeNamed(name: string): ClipType | null {
  const [type] = offeredAs([name]).keys();
  return type === undefined || type === COPIED_FILES ? null : type;
}

function offeredWords(types: readonly ClipType[]): string {
  return types.length === 0 ? "nothing that can leave it" : types.join(", ");
}

function notOffered(vm: Vm, { types }: Clip, typeName: string): AppError {
  const { name } = vm.definition;
  if (types.has(COPIED_FILES))
    return new AppError(
      "clipboard.not-offered",
      `Files were copied in "${name}": copy them with "atoll cp ${name}:PATH .", or by "Copy to host" in its window's menu.`,
      { vm: name, type: typeName, types: [] },
    );
  const there = HOST_TYPES.filter((type) => types.has(type));
  const what = typeName === "" ? "nothing for the host" : `no ${typeName} for the host`;
  return new AppError(
    "clipboard.not-offered",
    `What was copied in "${name}" has ${what}. It has ${offeredWords(there)}.`,
    {
      vm: name,
      type: typeName,
      types: there,
    },
  );
}

function failed(vm: Vm, end: ClipEnd, { detail = "" }: CrossingEnd): AppError {
  const { name } = vm.definition;
  const code = end.outcome === "failed" && end.by === "size" ? "clipboard.too-large" : "clipboard.failed";
  const why = detail === "" ? "it is gone" : detail;
  const next = code === "clipboard.too-large" ? "Copy less of it" : "Try it again";
  return new AppError(code, `The clip did not go from or to VM "${name}": ${why}. ${next}.`, { vm: name });
}

/**
 * Files that are edited in another place than where they live: what is saved there comes back, the file before stays as a
 * backup, and where both were changed, both are kept. What comes back is a crossing of its own.
 */
import { messageOf } from "#shared/model/app-error.ts";
import type { OpenOutcome } from "#shared/model/open.ts";
import { type Crossing, HOST } from "../policy/crossing.ts";
import { partyView } from "../policy/party-view.ts";
import type { Vm } from "../vms/vm.ts";
import { baseName, keyOf, type OpenItem, shownItem } from "./item.ts";
import { filesParty, givenBy, partyIn, refusalWithSize, textPreview, transferWords } from "./parties.ts";
import type { OpenerParts, SavedFile } from "./parts.ts";

/** A file may grow while it is edited: to so many bytes, or so many times what it was. */
const MAX_RETURN = { bytes: 64 * 1024 * 1024, times: 8 } as const;
/** For how long a person's word that one file may come back holds: also that of the choice to edit it. */
const ONCE_MS = 8 * 3_600_000;

export interface EditedFile {
  item: OpenItem & { kind: "file" };
  /** Where it lives. */
  origin: Vm | null;
  target: Vm;
  /** Where it is edited: its absolute path there. */
  path: Uint8Array;
  /** Of the file that went out, hexadecimal. */
  sha256: string;
  bytes: number;
  /** The person has chosen at the host that it is edited: they are not asked for what comes back. */
  isChosen: boolean;
}

export class Edit {
  readonly #parts: OpenerParts;
  readonly #file: EditedFile;
  readonly #stop: () => void;
  /** What the next return replaces: after both were kept, that is the copy. */
  #replaced: { path: Uint8Array; sha256: string };
  #hasReturned = false;
  #isReturnDue = false;
  #returning: Promise<void> = Promise.resolve();

  readonly #sinceMs = performance.now();

  /** @throws AppError vm.not-running, vm.busy */
  constructor(parts: OpenerParts, file: EditedFile) {
    this.#parts = parts;
    this.#file = file;
    this.#replaced = { path: file.item.path, sha256: file.sha256 };
    this.#stop = parts.guests.watch(file.target, file.path, (saved) => this.#saved(saved));
  }

  /** The program's window is closed: what was saved last comes back before this resolves. Whether any of it came back. */
  async finished(): Promise<boolean> {
    // That it was saved may not have been said yet. Whoever was not asked is not asked for a file that did not change.
    if (this.#file.isChosen) this.#return();
    await this.#returning;
    return this.#hasReturned;
  }

  /** Nothing comes back from now on. */
  end(): void {
    this.#stop();
  }

  #saved({ size }: SavedFile): void {
    const refusal = size === 0 ? "It was saved empty, so it was not taken back." : this.#refusalOfSize(size);
    if (refusal === null) this.#return();
    else this.#tell("not-returned", refusal);
  }

  #refusalOfSize(bytes: number): string | null {
    const most = Math.max(MAX_RETURN.bytes, this.#file.bytes * MAX_RETURN.times);
    return bytes > most ? `It has grown to ${bytes} bytes, more than the ${most} that are taken back.` : null;
  }

  /** One at a time, and of several that are due the last. */
  #return(): void {
    if (this.#isReturnDue) return;
    this.#isReturnDue = true;
    this.#returning = this.#returning.then(async () => {
      this.#isReturnDue = false;
      await this.#bringBack();
    });
  }

  /** Never rejects. */
  async #bringBack(): Promise<void> {
    const { application, crossings, policy, startTransfer } = this.#parts;
    const { item, origin, target, path } = this.#file;
    const isChosen = this.#file.isChosen && performance.now() - this.#sinceMs < ONCE_MS;
    try {
      const crossing: Crossing = {
        action: "file.send",
        from: partyIn(application.parties, target),
        to: origin === null ? HOST : partyIn(application.parties, origin),
        type: null,
        bytes: null,
      };
      const outcome = await crossings.request({
        crossing,
        subject: `return of ${keyOf(item)}`,
        preview: textPreview(item.name),
        isChosen,
        onceForMs: ONCE_MS,
      });
      if (!outcome.allowed) return this.#tell("not-returned", outcome.explanation);
      const end = await startTransfer({
        source: { party: { kind: "vm", vm: target }, paths: [path] },
        target: filesParty(origin),
        destination: { kind: "replaced", ...this.#replaced },
        // What the guest has said of its size may not be so.
        permission: {
          ...givenBy(outcome, crossing),
          admits: (bytes) => this.#refusalOfSize(bytes) ?? refusalWithSize(policy, crossing, bytes),
        },
      }).done;
      const [file] = end.files;
      switch (file?.outcome) {
        case "whole":
        case "kept-both":
          return this.#hasCome(file.outcome, file.arrivedAt, file.sha256);
        case "same":
          return;
        default:
          this.#tell("not-returned", transferWords(end));
      }
    } catch (error) {
      this.#tell("not-returned", messageOf(error));
    }
  }

  #hasCome(outcome: "whole" | "kept-both", arrivedAt: Uint8Array | null, sha256: string | null): void {
    this.#hasReturned = true;
    const { path: there } = this.#replaced;
    const isBeside = outcome === "kept-both" && arrivedAt !== null;
    this.#replaced = {
      path: isBeside ? arrivedAt : this.#replaced.path,
      sha256: sha256 ?? this.#replaced.sha256,
    };
    if (outcome === "whole") return this.#tell("returned", "The file before is kept as a backup beside it.");
    const name = arrivedAt === null ? "another name" : `“${baseName(arrivedAt)}”`;
    const { item, origin: vm } = this.#file;
    const comparison =
      arrivedAt === null ? null : this.#parts.comparisons.add({ vm, name: item.name, there, edited: arrivedAt });
    this.#tell("kept-both", `It was changed in both places: what was edited is beside it, as ${name}.`, comparison);
  }

  #tell(outcome: OpenOutcome, detail: string, comparison: number | null = null): void {
    const { item, origin, target } = this.#file;
    const { application, page } = this.#parts;
    const party = application.parties.find(({ id }) => id === target.id);
    const from = origin === null ? HOST : application.parties.find(({ id }) => id === origin.id);
    if (from === undefined) return;
    page.send("open.notice", {
      item: shownItem(item),
      outcome,
      from: partyView(from),
      to: party === undefined ? null : partyView(party),
      detail,
      comparison,
      programs: [],
    });
  }
}

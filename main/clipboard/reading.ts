/** The content of a clip on its way: read of its source by a link, through the sanitiser for its type, to where it is pasted. */
import type { ClipSelection, ClipType } from "#shared/model/clip.ts";
import type { ShownPicture } from "#shared/model/picture.ts";
import type { Vm } from "../vms/vm.ts";

export type ClipSource =
  /** An offer of a program there; `generation` and `type` as the guest has told them. */
  | { kind: "vm"; vm: Vm; selection: ClipSelection; generation: number; type: string }
  /** What the host holds itself: its own clipboard, an entry of the history, what the command was given. */
  | { kind: "bytes"; bytes: Uint8Array }
  /** The same, when it is there. A failure is an empty content's. */
  | { kind: "later"; bytes: () => Promise<Uint8Array> };

export type ClipTarget =
  /** A program that has asked. */
  | { kind: "request"; vm: Vm; request: number }
  /** Before a program has asked; the agent keeps it for one request, 2 s at most. `chord`: whose input waits for it; null: none's. */
  | { kind: "ahead"; vm: Vm; offer: number; chord: number | null }
  /** As the VM's own clip. */
  | { kind: "put"; vm: Vm; selection: ClipSelection }
  /** To the host. */
  | { kind: "collect" };

export interface ClipPreview {
  /** Sanitised text, cut after 4 KiB; empty for images. */
  text: string;
  /** That have come so far. */
  bytes: number;
  /** Nothing more comes. */
  isComplete: boolean;
  /** Of an image that `look` was called for, when all of it has come; null: not yet, or it is none. */
  picture: ShownPicture | null;
}

export type ClipEnd =
  /** `characters`: Unicode code points; null: content of that type is not counted in them. */
  | { outcome: "complete"; bytes: number; characters: number | null; content: Uint8Array | null }
  /** `source`: it failed, was gone, or did not answer in time; `target`: it wants no more, or is gone; `size`: more than a clip may have; `content`: not what its type says. */
  | { outcome: "failed"; bytes: number; by: "source" | "target" | "size" | "content" | "cancelled" };

/** Content that is being read. Nothing of it goes anywhere before `deliver`; what has come waits in the source's link. */
export interface ClipReading {
  readonly preview: ClipPreview;
  /** All of an image is read at once, for its preview; where it goes is decided later. Before `deliver`. */
  look(): void;
  /** Calls `changed` a few times a second at most. Returns a function that ends it. */
  onPreview(changed: (preview: ClipPreview) => void): () => void;
  /**
   * Once. Never rejects. `content` is given for `collect` alone. A request that is not given anything, because the reading has
   * failed already or fails before, is refused. `ruleBytes`: what the rule lets through; what is larger ends by its size. null, as
   * without it: it does not say.
   */
  deliver(target: ClipTarget, ruleBytes?: number | null): Promise<ClipEnd>;
  /** Calls `taken` once when a program has got what was delivered ahead. Returns a function that ends it. */
  onTaken(taken: () => void): () => void;
  /** What was delivered ahead answers this request too, which was on its way at that time; it is refused where that has failed before it began. */
  answer(request: number): void;
  /** Before or after `deliver`: nothing more goes. */
  cancel(): void;
}

/** What is there already, or a guest has. */
export type ReadySource = Exclude<ClipSource, { kind: "later" }>;

/** `type`: what it is offered as, which names the sanitiser. */
export type ReadClip<Source = ClipSource> = (source: Source, type: ClipType) => ClipReading;

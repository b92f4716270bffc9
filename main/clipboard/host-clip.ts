/** The port to the host's own clipboard. The adapter is main/electron/host-clipboard.ts. */
import type { ClipType } from "#shared/model/clip.ts";

export interface HostClipState {
  /** In the order in which they shall be offered; empty: nothing that could be pasted. */
  readonly types: readonly ClipType[];
  readonly isSecret: boolean;
  /** Another one where something else was copied since, as far as that can be told without reading it. */
  readonly stamp: string;
}

export interface HostClipboard {
  /** What it holds. Its content is not read, but for a list of copied files: to know what it is, and another one from the last. */
  look(): Promise<HostClipState>;
  /** Its content; empty where it has none of that type. Of copied files: their list, as its owner has it (`parseFileList`). */
  read(type: ClipType): Promise<Uint8Array>;
  /** Whether it is there afterwards: the display may refuse one who has no focus. */
  write(type: ClipType, content: Uint8Array): Promise<boolean>;
  /** Calls `focused` when Atoll's window gets the focus: something may have been copied elsewhere meanwhile. */
  onFocus(focused: () => void): void;
}

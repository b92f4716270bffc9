/** What a person pastes with, as main and the VM's link know it before the program there does. */
import type { LinkCommand } from "#shared/ipc/link-port.ts";
import type { WindowId } from "#shared/model/window.ts";

export interface PasteChord {
  window: WindowId;
  kind: "keys" | "middle";
  chord: number;
}

const SELECTIONS = { keys: "clipboard", middle: "primary" } as const;

export class PasteChords {
  readonly #report: (chord: PasteChord) => void;
  #last = 0;

  /** @param report tells main */
  constructor(report: (chord: PasteChord) => void) {
    this.#report = report;
  }

  /** The input itself is the next that goes to the window, by this session of its VM. */
  begin(kind: PasteChord["kind"], window: WindowId, session: { send(command: LinkCommand): void }): void {
    this.#last += 1;
    this.#report({ window, kind, chord: this.#last });
    session.send({ type: "pasteChord", chord: this.#last, selection: SELECTIONS[kind] });
  }
}

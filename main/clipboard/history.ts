/**
 * Texts that were copied, by label: in memory alone, for an hour, fifty of each label. What is pinned stays until it is unpinned or
 * forgotten. Whoever adds leaves out what is secret. Pure but for the clock that it is given.
 */
import type { LabelName } from "#shared/model/label.ts";
import type { VmParty } from "../policy/crossing.ts";

const MAX_ENTRIES = 50;
const MAX_AGE_MS = 3_600_000;

export interface HistoryText {
  /** As it was when the text was copied: the VM may be gone, its identity stays. */
  readonly from: VmParty;
  readonly label: LabelName;
  /** Sanitised. */
  readonly text: string;
}

export interface HistoryEntry extends HistoryText {
  /** Never used twice. */
  readonly id: number;
  /** Unicode code points of its text. */
  readonly characters: number;
  readonly atMs: number;
  readonly isPinned: boolean;
}

export class ClipHistory {
  readonly #nowMs: () => number;
  /** The newest first. */
  #entries: HistoryEntry[] = [];
  #lastId = 0;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The same text of the same VM is there once, where it is newest. */
  add(added: HistoryText): void {
    if (added.text.trim() === "") return;
    const same = this.#entries.find(({ from, text }) => from.id === added.from.id && text === added.text);
    this.#lastId += 1;
    const characters = Array.from(added.text).length;
    const entry = { ...added, id: this.#lastId, characters, atMs: this.#nowMs(), isPinned: same?.isPinned ?? false };
    this.#entries = [entry, ...this.#entries.filter((other) => other !== same)];
    this.#prune();
  }

  /**
   * Those that have all words of `search`, pinned ones first, then the newest.
   *
   * @param label null: of all
   */
  find(search: string, label: LabelName | null): HistoryEntry[] {
    this.#prune();
    const words = search.toLowerCase().split(/\s+/u).filter(Boolean);
    const found = this.#entries.filter((entry) => {
      const text = entry.text.toLowerCase();
      return (label === null || entry.label === label) && words.every((word) => text.includes(word));
    });
    return [...found.filter(({ isPinned }) => isPinned), ...found.filter(({ isPinned }) => !isPinned)];
  }

  /** null: it has expired, or was forgotten. */
  get(id: number): HistoryEntry | null {
    this.#prune();
    return this.#entries.find((entry) => entry.id === id) ?? null;
  }

  pin(id: number, isPinned: boolean): void {
    this.#entries = this.#entries.map((entry) => (entry.id === id ? { ...entry, isPinned } : entry));
    this.#prune();
  }

  forget(id: number): void {
    this.#entries = this.#entries.filter((entry) => entry.id !== id);
  }

  /** @param label null: all */
  clear(label: LabelName | null): void {
    this.#entries = this.#entries.filter((entry) => entry.isPinned || (label !== null && entry.label !== label));
  }

  /** A pinned one counts among the fifty, so that there is a bound; it goes last. */
  #prune(): void {
    const oldestMs = this.#nowMs() - MAX_AGE_MS;
    const counts = new Map<LabelName, number>();
    const byWorth = [...this.#entries.filter((e) => e.isPinned), ...this.#entries.filter((e) => !e.isPinned)];
    const kept = new Set(
      byWorth.filter(({ label, atMs, isPinned }) => {
        const count = (counts.get(label) ?? 0) + 1;
        counts.set(label, count);
        return count <= MAX_ENTRIES && (isPinned || atMs > oldestMs);
      }),
    );
    this.#entries = this.#entries.filter((entry) => kept.has(entry));
  }
}

/** Which keys are the host's own, whatever has focus: a guest never sees them, and cannot make them. Pure. */

export type HostModifier = "Meta" | "Alt";

/** A key pressed with a modifier of the host. */
export interface HostChord {
  modifier: HostModifier;
  /** As in KeyboardEvent. */
  code: string;
  isShift: boolean;
}

/** The keys that Alt is the host's for; with all others it is the program's. */
const WITH_ALT: ReadonlySet<string> = new Set(["Tab", "F4", "Space"]);

export type KeyFacts = Pick<KeyboardEvent, "code" | "key" | "metaKey" | "altKey" | "ctrlKey" | "shiftKey">;

/** The host's chord that a pressed key makes, or null: the key is the guest's. Super belongs to the host with every key. */
export function hostChordOf({ code, metaKey, altKey, ctrlKey, shiftKey }: KeyFacts): HostChord | null {
  if (metaKey) return { modifier: "Meta", code, isShift: shiftKey };
  if (altKey && !ctrlKey && WITH_ALT.has(code)) return { modifier: "Alt", code, isShift: shiftKey };
  return null;
}

/** By its meaning, not its place: a layout may have exchanged it with Alt. */
export function isSuper({ key }: { key: string }): boolean {
  return key === "Meta";
}

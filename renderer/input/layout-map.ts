/** Which characters the host's keys type without modifiers; see https://wicg.github.io/keyboard-map/. */
import type { LayoutMap } from "./strokes.ts";

interface KeyboardMapApi {
  getLayoutMap(): Promise<Iterable<[string, string]>>;
}

/** null: this browser cannot say. */
export async function layoutMap(): Promise<LayoutMap | null> {
  const { keyboard } = navigator as Navigator & { keyboard?: KeyboardMapApi };
  try {
    return keyboard === undefined ? null : new Map(await keyboard.getLayoutMap());
  } catch {
    return null;
  }
}

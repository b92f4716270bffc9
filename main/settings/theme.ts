/** The port to what draws the desktop's colours, and knows the host's. The adapter is main/electron/theme.ts. */
import type { ThemeChoice, ThemeState } from "#shared/model/theme.ts";

export interface ThemePort {
  state(): ThemeState;
  choose(choice: ThemeChoice): void;
  /** Another theme is shown. */
  onChanged(listener: () => void): void;
}

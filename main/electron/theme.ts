/** The desktop's colours as Electron has them: the adapter of main/settings/theme.ts. */
import { nativeTheme } from "electron";
import type { ThemePort } from "../settings/theme.ts";

export const electronTheme: ThemePort = {
  state: () => ({ choice: nativeTheme.themeSource, shown: nativeTheme.shouldUseDarkColors ? "dark" : "light" }),
  choose(choice) {
    nativeTheme.themeSource = choice;
  },
  onChanged: (listener) => void nativeTheme.on("updated", listener),
};

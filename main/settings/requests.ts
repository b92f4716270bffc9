/** A person's choices, for the page. */
import type { themeContract } from "#shared/ipc/theme.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { SettingsFile } from "./settings.ts";
import type { ThemePort } from "./theme.ts";

interface Parts {
  settings: SettingsFile;
  theme: ThemePort;
}

export function themeHandlers({ settings, theme }: Parts): Handlers<typeof themeContract> {
  return {
    "theme.choose": async ({ choice }) => {
      theme.choose(choice);
      await settings.remember("theme", choice);
      return null;
    },
  };
}

/** A person's choices, for the page. */
import type { promptMarkContract } from "#shared/ipc/prompt-mark.ts";
import type { themeContract } from "#shared/ipc/theme.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { PromptMarkFile } from "./prompt-mark-file.ts";
import type { SettingsFile } from "./settings.ts";
import type { ThemePort } from "./theme.ts";

interface Parts {
  promptMark: PromptMarkFile;
  settings: SettingsFile;
  theme: ThemePort;
}

export function promptMarkHandlers({ promptMark }: Pick<Parts, "promptMark">): Handlers<typeof promptMarkContract> {
  return {
    "promptMark.draw": async () => {
      await promptMark.draw();
      return null;
    },
  };
}

export function themeHandlers({ settings, theme }: Pick<Parts, "settings" | "theme">): Handlers<typeof themeContract> {
  return {
    "theme.choose": async ({ choice }) => {
      theme.choose(choice);
      await settings.remember("theme", choice);
      return null;
    },
  };
}

/** Events to the page about a person's files and choices. */
import type { Application } from "../application.ts";
import type { Page } from "../ipc/page.ts";
import type { HostKeymap } from "./host-keymap.ts";
import type { PromptMarkFile } from "./prompt-mark-file.ts";
import type { SettingsFile } from "./settings.ts";
import type { ThemePort } from "./theme.ts";

interface Parts {
  application: Application;
  page: Page;
  promptMark: PromptMarkFile;
  settings: SettingsFile;
  theme: ThemePort;
}

export function sendSettingsEvents({ application, page, promptMark, settings, theme }: Parts): void {
  promptMark.on("changed", (mark) => page.send("promptMark.changed", mark));
  theme.onChanged(() => page.send("theme.changed", theme.state()));
  application.on("problemsChanged", () => {
    page.send("problems.changed", application.problems);
    // The settings were read again, too.
    theme.choose(settings.current.theme);
    page.send("theme.changed", theme.state());
  });
}

/** Guests hear of another keyboard layout of the host's from now on. */
export function followKeymap({ application, keymap }: { application: Application; keymap: HostKeymap }): void {
  keymap.on("changed", () => application.vms.forEach((vm) => vm.keymapChanged()));
  // The settings were read again.
  application.on("problemsChanged", () => keymap.refresh());
  keymap.watch();
}

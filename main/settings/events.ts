/** Events to the page about a person's files and choices. */
import type { Application } from "../application.ts";
import type { Page } from "../ipc/page.ts";
import type { SettingsFile } from "./settings.ts";
import type { ThemePort } from "./theme.ts";

interface Parts {
  application: Application;
  page: Page;
  settings: SettingsFile;
  theme: ThemePort;
}

export function sendSettingsEvents({ application, page, settings, theme }: Parts): void {
  theme.onChanged(() => page.send("theme.changed", theme.state()));
  application.on("problemsChanged", () => {
    page.send("problems.changed", application.problems);
    // The settings were read again, too.
    theme.choose(settings.current.theme);
    page.send("theme.changed", theme.state());
  });
}

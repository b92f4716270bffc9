/** Events to the page about icons. */
import type { Page } from "../ipc/page.ts";
import type { SettingsFile } from "../settings/settings.ts";
import type { DesktopIcons } from "./desktop-icons.ts";

interface Parts {
  icons: DesktopIcons;
  page: Pick<Page, "on" | "send" | "isAttached">;
  settings: Pick<SettingsFile, "current">;
  /** Reads of the settings. */
  application: { on(name: "problemsChanged", listener: () => void): () => void };
}

export function sendIconEvents({ icons, page, settings, application }: Parts): void {
  const send = (): void =>
    page.send("icon.changed", { icons: icons.views, more: icons.more, places: settings.current.desktopIcons });
  icons.on("changed", send);
  page.on("attached", send);
  application.on("problemsChanged", () => {
    icons.follow();
    send();
  });
}

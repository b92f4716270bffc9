/** Events to the page about the clipboard. */
import type { Page } from "../ipc/page.ts";
import type { Application } from "../application.ts";
import type { SettingsFile } from "../settings/settings.ts";
import type { ClipboardParts } from "./requests.ts";
import type { Clip } from "./clip.ts";
import type { VmId } from "#shared/model/vm.ts";

interface Parts {
  application: Pick<Application, "on">;
  clipboard: Pick<ClipboardParts, "broker" | "primary" | "keeper">;
  page: Page;
  settings: Pick<SettingsFile, "current">;
}

export function sendClipboardEvents({
  application,
  clipboard: { broker, primary, keeper },
  page,
  settings,
}: Parts): void {
  const send = (): void => {
    const { current } = broker;
    const nowMs = performance.now();
    page.send("clipboard.changed", {
      current:
        current === null || current.types.size === 0
          ? null
          : { from: idOf(current), types: [...current.types.keys()], isSecret: current.isSecret },
      waiting: [...broker.waiting, ...primary.waiting].map(({ id, vm, clip, app, type, lapsesMs }) => ({
        id,
        vm,
        from: idOf(clip),
        app,
        type,
        lapsesInMs: Math.max(0, Math.round(lapsesMs - nowMs)),
      })),
      pasteKeys: settings.current.pasteKeys,
    });
  };
  broker.on("changed", send);
  primary.on("changed", send);
  page.on("attached", send);
  // The settings were read again.
  application.on("problemsChanged", send);
  keeper.on("changed", () => page.send("clipboard.historyChanged", {}));
}

/** null: the host. */
function idOf({ from }: Clip): VmId | null {
  return from.kind === "host" ? null : from.id;
}

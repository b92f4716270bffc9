/** Puts the clipboard's parts together. */
import type { Application } from "../application.ts";
import type { Crossings } from "../crossings/crossings.ts";
import type { Page } from "../ipc/page.ts";
import type { Policy } from "../policy/policy.ts";
import type { StartTransfer } from "../files/transfer.ts";
import type { SettingsFile } from "../settings/settings.ts";
import { fileBringer } from "./copied-files.ts";
import { HistoryKeeper } from "./history-keeper.ts";
import type { HostClipboard } from "./host-clip.ts";
import { HostExchange } from "./host-exchange.ts";
import { HostWatch } from "./host-watch.ts";
import type { ReadClip } from "./reading.ts";
import type { ClipboardParts } from "./requests.ts";
import { joinedBrokers } from "./vm-clips.ts";

interface Parts {
  application: Pick<Application, "focus" | "vms" | "on">;
  policy: Pick<Policy, "decide" | "on">;
  crossings: Pick<Crossings, "request" | "joined" | "ended">;
  read: ReadClip;
  startTransfer: StartTransfer;
  page: Pick<Page, "send">;
  host: HostClipboard;
  settings: Pick<SettingsFile, "current">;
}

export function createClipboard({
  application,
  policy,
  crossings,
  read,
  startTransfer,
  page,
  host,
  settings,
}: Parts): ClipboardParts {
  const bringFiles = fileBringer({ read, startTransfer, page });
  const { clipboard: broker, primary } = joinedBrokers({ application, policy, crossings, read, bringFiles });
  const followSettings = (): void => primary.setOn(settings.current.middleClickAcrossVms);
  // The settings were read again.
  application.on("problemsChanged", followSettings);
  followSettings();
  const watch = new HostWatch(host, broker);
  return {
    broker,
    primary,
    watch,
    keeper: new HistoryKeeper(broker, read, () => performance.now()),
    exchange: new HostExchange({ broker, gate: crossings, read, host, watch, bringFiles }),
  };
}

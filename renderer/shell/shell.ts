/** The services of the desktop, as views get them: one object, made by desktop/create-shell.ts, handed down by a context. */
import { createContext, useContext } from "react";
import type { AtollBridge } from "#shared/ipc/index.ts";
import type { Compositor } from "../compositor/compositor.ts";
import type { NoticeQueue } from "../ui/notices.ts";
import type { Drag } from "../wm/control/drag.ts";
import type { Links } from "../wm/control/links.ts";
import type { Switcher } from "../wm/control/switcher.ts";
import type { WindowCommands } from "../wm/control/window-commands.ts";
import type { WmOverlayStore } from "../wm/model/overlays.ts";
import type { WmStore } from "../wm/model/store.ts";
import type { AskStore } from "./ask-store.ts";
import type { ClipboardStore } from "./clipboard-store.ts";
import type { DesktopStore } from "./desktop-store.ts";
import type { IconStore } from "./icon-store.ts";
import type { KioskStore } from "./kiosk-store.ts";
import type { LaunchStore } from "./launches.ts";
import type { OpenChanges } from "./open-changes.ts";
import type { OverlayStore } from "./overlays.ts";
import type { PolicyChanges } from "./policy-changes.ts";
import type { PromptQueue } from "./prompts.ts";
import type { TemplateStore } from "./template-store.ts";
import type { CrossingNotices } from "./crossing-notices.ts";
import type { TransferStore } from "./transfer-store.ts";
import type { VmStore } from "./vm-store.ts";

export interface Shell {
  readonly bridge: AtollBridge;
  /** A request whose answer nobody waits for: a failure is shown as a notice. */
  readonly send: (...request: Parameters<AtollBridge["request"]>) => void;
  readonly compositor: Compositor;
  readonly links: Links;
  readonly commands: WindowCommands;
  readonly drag: Drag;
  readonly switcher: Switcher;
  readonly wm: WmStore;
  readonly wmOverlays: WmOverlayStore;
  readonly vms: VmStore;
  readonly templates: TemplateStore;
  readonly desktop: DesktopStore;
  readonly overlays: OverlayStore;
  readonly prompts: PromptQueue;
  readonly launches: LaunchStore;
  readonly kiosks: KioskStore;
  readonly notices: NoticeQueue;
  readonly policyChanges: PolicyChanges;
  readonly openChanges: OpenChanges;
  readonly clipboard: ClipboardStore;
  readonly crossingNotices: CrossingNotices;
  readonly transfers: TransferStore;
  readonly icons: IconStore;
  readonly asks: AskStore;
}

export const ShellContext = createContext<Shell | null>(null);

export function useShell(): Shell {
  const shell = useContext(ShellContext);
  if (shell === null) throw new Error("a view of the desktop outside of <ShellContext>");
  return shell;
}

/** A shell for tests of views: real stores, and of the services those that the test gives. */
import type { AtollBridge } from "#shared/ipc/index.ts";
import { NoticeQueue } from "../ui/notices.ts";
import { createWmOverlayStore } from "../wm/model/overlays.ts";
import { createWmStore } from "../wm/model/store.ts";
import { createAskStore } from "./ask-store.ts";
import { createClipboardStore } from "./clipboard-store.ts";
import { createDesktopStore } from "./desktop-store.ts";
import { createIconStore } from "./icon-store.ts";
import { createKioskStore } from "./kiosk-store.ts";
import { createLaunchStore } from "./launches.ts";
import { createOpenChanges } from "./open-changes.ts";
import { createOverlayStore } from "./overlays.ts";
import { createPolicyChanges } from "./policy-changes.ts";
import { createPromptQueue } from "./prompts.ts";
import { createTemplateStore } from "./template-store.ts";
import { createCrossingNotices } from "./crossing-notices.ts";
import type { Shell } from "./shell.ts";
import { createTransferStore } from "./transfer-store.ts";
import { createVmStore } from "./vm-store.ts";

export function testShell(given: Partial<Shell> = {}): Shell {
  const prompts = createPromptQueue();
  const wm = createWmStore();
  const notices = new NoticeQueue();
  const stores = {
    wm,
    wmOverlays: createWmOverlayStore(),
    vms: createVmStore(),
    templates: createTemplateStore(),
    desktop: createDesktopStore(),
    prompts,
    overlays: createOverlayStore(prompts),
    notices,
    asks: createAskStore(),
    clipboard: createClipboardStore(),
    crossingNotices: createCrossingNotices(),
    transfers: createTransferStore(() => undefined),
    icons: createIconStore(),
    // Only a test that gives a bridge launches anything, or changes the policy.
    policyChanges: createPolicyChanges(given.bridge as AtollBridge, notices),
    openChanges: createOpenChanges(given.bridge as AtollBridge, notices),
    kiosks: createKioskStore(given.bridge as AtollBridge, notices),
    launches: createLaunchStore(given.bridge as AtollBridge, wm, notices),
  };
  return { ...stores, ...given } as Shell;
}

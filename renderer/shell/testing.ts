/** A shell for tests of views: real stores, and of the services those that the test gives. */
import { NoticeQueue } from "../ui/notices.ts";
import { createWmOverlayStore } from "../wm/model/overlays.ts";
import { createWmStore } from "../wm/model/store.ts";
import { createDesktopStore } from "./desktop-store.ts";
import { createOverlayStore } from "./overlays.ts";
import { createPromptQueue } from "./prompts.ts";
import type { Shell } from "./shell.ts";
import { createVmStore } from "./vm-store.ts";

export function testShell(given: Partial<Shell> = {}): Shell {
  const prompts = createPromptQueue();
  const stores = {
    wm: createWmStore(),
    wmOverlays: createWmOverlayStore(),
    vms: createVmStore(),
    desktop: createDesktopStore(),
    prompts,
    overlays: createOverlayStore(prompts),
    notices: new NoticeQueue(),
  };
  return { ...stores, ...given } as Shell;
}

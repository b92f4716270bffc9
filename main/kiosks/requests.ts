/** What can be asked of kiosks, for the page and the `atoll` command alike, and the events of them for the page. */
import { messageOf } from "#shared/model/app-error.ts";
import type { kioskContract } from "#shared/ipc/kiosk.ts";
import { log } from "../base/log.ts";
import { goneSignal } from "../ipc/caller.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { Page } from "../ipc/page.ts";
import type { Kiosks } from "./kiosks.ts";

interface Parts {
  kiosks: Pick<Kiosks, "views" | "start">;
}

export function kioskHandlers({ kiosks }: Parts): Handlers<typeof kioskContract> {
  return {
    "kiosk.list": () => kiosks.views(),
    "kiosk.start": async ({ kiosk, args }, caller) => {
      const { name, windowId, ms, origin } = await kiosks.start(kiosk, args, { signal: goneSignal(caller) });
      return { vm: name, windowId, ms, origin };
    },
  };
}

interface EventParts {
  kiosks: Kiosks;
  page: Pick<Page, "on" | "send">;
}

export function sendKioskEvents({ kiosks, page }: EventParts): void {
  const send = (): void =>
    void kiosks.views().then(
      (views) => page.send("kiosk.changed", { kiosks: views }),
      (error: unknown) => log(`kiosks: ${messageOf(error)}`),
    );
  kiosks.on("changed", send);
  page.on("attached", send);
}

/** What can be asked of services, for the page and the `atoll` command alike. */
import type { serviceContract } from "#shared/ipc/service.ts";
import { log } from "../base/log.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { Page } from "../ipc/page.ts";
import { messageOf } from "#shared/model/app-error.ts";
import { shownOrigin } from "./origin.ts";
import { rightsIn } from "./rights.ts";
import type { Services } from "./services.ts";

interface Parts {
  services: Services;
  signatures: { back(service: string): Promise<void> };
}

export function serviceHandlers({ services, signatures }: Parts): Handlers<typeof serviceContract> {
  /** Who asks before the services are known waits for that. */
  const known =
    <Input, Output>(handle: (input: Input) => Output | Promise<Output>) =>
    async (input: Input): Promise<Output> => {
      await services.opened;
      return handle(input);
    };
  return {
    "service.list": known(() => services.views()),
    "service.info": known(({ name }) => services.info(name)),
    "service.start": known(async ({ name }) => {
      await services.unit(name).start();
      return services.view(name);
    }),
    "service.stop": known(async ({ name }) => {
      await services.unit(name).stop();
      return services.view(name);
    }),
    "service.back": known(async ({ name }) => {
      await signatures.back(name);
      return services.view(name);
    }),
    "service.backToVersion": known(async ({ name }) => {
      await services.backToVersion(name);
      return services.view(name);
    }),
    "service.log": known(({ name }) => [...services.unit(name).log.lines]),
    "service.set": known(async ({ name, values }) => {
      await services.set(name, values);
      return services.info(name);
    }),
    "service.sheet": known(async ({ folder }) => {
      const { manifest, origin, installed } = await services.sheet(folder);
      const { name, version, description } = manifest;
      const { rights, added } = rightsIn(manifest.rights, installed?.rights ?? null);
      const before = installed?.version ?? null;
      return { name, version, description, rights, added, installedVersion: before, origin: shownOrigin(origin) };
    }),
    "service.install": known(async ({ folder }) => services.view(await services.install(folder))),
    "service.remove": known(async ({ name }) => {
      await services.remove(name);
      return null;
    }),
    "service.test": known(({ name }) => services.test(name)),
  };
}

/** Between two of them: what changes a thousand times a second is sent four times. */
const CHANGED_MS = 250;

export function sendServiceEvents({ page, services }: { page: Pick<Page, "on" | "send">; services: Services }): void {
  let isDue = false;
  let isWaiting = false;
  const send = async (): Promise<void> => {
    try {
      page.send("service.changed", { services: await services.views() });
    } catch (error) {
      log(`services: ${messageOf(error)}`);
    }
  };
  const tick = async (): Promise<void> => {
    if (!isDue || isWaiting) return;
    [isDue, isWaiting] = [false, true];
    await send();
    setTimeout(() => {
      isWaiting = false;
      void tick();
    }, CHANGED_MS);
  };
  services.on("changed", () => {
    isDue = true;
    void tick();
  });
  page.on("attached", () => void send());
}

/** What can be asked of indexes, for the page and the `atoll` command alike. */
import type { serviceIndexContract } from "#shared/ipc/service-index.ts";
import { AppError, messageOf } from "#shared/model/app-error.ts";
import type { Handlers } from "../../ipc/dispatcher.ts";
import type { Page } from "../../ipc/page.ts";
import { shownOrigin } from "../origin.ts";
import { rightsIn } from "../rights.ts";
import type { Services } from "../services.ts";
import type { ServiceIndexes } from "./indexes.ts";

interface Parts {
  indexes: ServiceIndexes;
  services: Services;
}

export function serviceIndexHandlers({ indexes, services }: Parts): Handlers<typeof serviceIndexContract> {
  return {
    "index.list": () => indexes.views,
    "index.look": ({ source }) => indexes.look(source),
    "index.add": ({ source, key }) => indexes.add(source, key),
    "index.remove": async ({ name }) => {
      await indexes.remove(name);
      return null;
    },
    "index.update": async ({ name }) => {
      const answers = (name === null ? indexes.names : [name]).map(async (one) => {
        const before = indexes.view(one).version;
        const problem = await indexes.update(one).then(
          () => null,
          (error: unknown) => messageOf(error),
        );
        return { name: one, version: indexes.view(one).version, before, problem };
      });
      return Promise.all(answers);
    },
    "index.offers": () => indexes.offers,
    "index.sheet": ({ name, index }) => {
      const offered = indexes.offered(name, index);
      const { entry, isSigned } = offered;
      const { version, description, bytes, list, key } = entry;
      const origin = { index: offered.index, key };
      services.refuseTaken(name);
      const installed = services.installed(name);
      services.refuseOther(name, version, origin);
      return {
        ...{ name, version, description, bytes },
        ...rightsIn(entry.rights, installed?.rights ?? null),
        installedVersion: installed?.version ?? null,
        origin: shownOrigin(origin),
        isIndexSigned: isSigned,
        list: list.sha256,
      };
    },
    "index.install": async ({ name, index, list }) => {
      const offered = indexes.offered(name, index);
      const { entry } = offered;
      if (entry.list.sha256 !== list)
        throw new AppError(
          "index.not-offered",
          `Index "${index}" offers another "${name}" now: look at its sheet again.`,
          {
            name,
            index,
          },
        );
      services.refuseTaken(name);
      const origin = { index, key: entry.key };
      services.refuseOther(name, entry.version, origin);
      await indexes.fetch(offered, (folder) => services.put(folder, origin));
      await indexes.installed(entry);
      return services.view(name);
    },
  };
}

export function sendIndexEvents({ page, indexes }: { page: Pick<Page, "send">; indexes: ServiceIndexes }): void {
  indexes.on("changed", () => page.send("index.changed", {}));
}

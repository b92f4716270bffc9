/** Lists of the guest's applications. */
import { AppList } from "#shared/protocol/apps.ts";
import { CONTROL } from "#shared/protocol/routes.ts";
import type { GiveUp } from "../contract.ts";
import { APPS, type AppsEvent, type ListAppsOrder } from "../contracts/apps.ts";
import { OpenRequests } from "../open-requests.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";

class Apps implements LinkService<"apps" | "appsChanged", ListAppsOrder | GiveUp> {
  readonly #context: LinkContext<"listApps", AppsEvent>;
  /** Of these one at most is open: what has come of it. */
  readonly #lists = new OpenRequests<AppList>("listing of applications");

  constructor(context: LinkContext<"listApps", AppsEvent>) {
    this.#context = context;
  }

  readonly messages: LinkService<"apps" | "appsChanged">["messages"] = {
    apps: ({ request, apps: untrusted, last }) => {
      const list = this.#lists.stateOf(request);
      list?.accept(untrusted);
      if (!last) return;
      this.#lists.end(request);
      if (list !== null) this.#context.emit({ request, apps: list.apps });
    },
    // Lists are asked for when they are shown.
    appsChanged: () => undefined,
  };

  /** Main waits for one list at a time: it has given up the one before. */
  order(order: ListAppsOrder | GiveUp): void {
    if ("isGivenUp" in order) return this.#lists.drop(order.request);
    const { request } = order;
    this.#lists.dropAll();
    if (this.#lists.add(request, new AppList())) this.#context.send("listApps", { request });
  }

  closed(): void {
    this.#lists.close();
  }
}

export const apps = linkService(
  APPS,
  { accepts: { apps: CONTROL, appsChanged: CONTROL }, sends: { listApps: CONTROL } },
  (context) => new Apps(context),
);

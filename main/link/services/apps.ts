/** Lists of the guest's applications. */
import { acceptApp, type GuestApp } from "#shared/protocol/apps.ts";
import { MAX_APPS } from "#shared/protocol/limits.ts";
import { CONTROL } from "#shared/protocol/routes.ts";
import { refuse } from "#shared/protocol/violation.ts";
import { APPS, type AppsEvent, type ListAppsOrder } from "../contracts/apps.ts";
import { type LinkContext, type LinkService, linkService } from "../service.ts";

class Apps implements LinkService<"apps" | "appsChanged", ListAppsOrder> {
  readonly #context: LinkContext<"listApps", AppsEvent>;
  /** What has come of each list that was asked for. */
  readonly #lists = new Map<number, GuestApp[]>();

  constructor(context: LinkContext<"listApps", AppsEvent>) {
    this.#context = context;
  }

  readonly messages: LinkService<"apps" | "appsChanged">["messages"] = {
    apps: (untrusted) => {
      const { request, last } = untrusted;
      const list = this.#lists.get(request) ?? refuse("unknown-request", `applications for request ${request}`);
      if (list.length + untrusted.apps.length > MAX_APPS) refuse("quota", `more than ${MAX_APPS} applications`);
      list.push(...untrusted.apps.map(acceptApp));
      if (!last) return;
      this.#lists.delete(request);
      this.#context.emit({ request, apps: list });
    },
    // Lists are asked for when they are shown.
    appsChanged: () => undefined,
  };

  order({ request }: ListAppsOrder): void {
    this.#lists.set(request, []);
    this.#context.send("listApps", { request });
  }
}

export const apps = linkService(
  APPS,
  { accepts: { apps: CONTROL, appsChanged: CONTROL }, sends: { listApps: CONTROL } },
  (context) => new Apps(context),
);

/** Lists the applications of a guest. */
import type { GuestApp } from "#shared/protocol/apps.ts";
import { APPS, type AppsEvent, type ListAppsOrder } from "../../link/contracts/apps.ts";
import { type ClientContext, type ServiceClient, serviceClient } from "../service-clients.ts";
import { PendingRequests } from "./pending-requests.ts";

class Apps implements ServiceClient<AppsEvent> {
  readonly #context: ClientContext<ListAppsOrder>;
  readonly #requests: PendingRequests<GuestApp[]>;

  constructor(context: ClientContext<ListAppsOrder>) {
    this.#context = context;
    this.#requests = new PendingRequests(() => context.vmName);
  }

  list(): Promise<GuestApp[]> {
    return this.#requests.ask((request) => this.#context.send({ request }));
  }

  happened({ request, apps }: AppsEvent): void {
    this.#requests.answered(request, apps);
  }

  closed(): void {
    this.#requests.lost();
  }
}

export const apps = serviceClient(APPS, (context) => new Apps(context));

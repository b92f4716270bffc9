/** Lists the applications of a guest. */
import type { GuestApp } from "#shared/protocol/apps.ts";
import { Emitter } from "../../base/emitter.ts";
import type { GiveUp } from "../../link/contract.ts";
import { APPS, type AppsEvent, type ListAppsOrder } from "../../link/contracts/apps.ts";
import { type ClientContext, type ServiceClient, serviceClient } from "../service-clients.ts";
import { PendingRequests } from "./pending-requests.ts";

interface AppListEvents {
  /** Whoever has asked for it. */
  listed: [GuestApp[]];
}

class Apps extends Emitter<AppListEvents> implements ServiceClient<AppsEvent> {
  readonly #context: ClientContext<ListAppsOrder | GiveUp>;
  readonly #requests: PendingRequests<GuestApp[]>;
  #listing: Promise<GuestApp[]> | null = null;

  constructor(context: ClientContext<ListAppsOrder | GiveUp>) {
    super();
    this.#context = context;
    this.#requests = new PendingRequests(() => context.vmName);
  }

  /** Whoever asks while a list is on its way has that one. */
  list(): Promise<GuestApp[]> {
    this.#listing ??= this.#requests
      .ask(
        (request) => this.#context.send({ request }),
        (request) => this.#context.sendIfLinked({ request, isGivenUp: true }),
      )
      .finally(() => (this.#listing = null));
    return this.#listing;
  }

  happened({ request, apps }: AppsEvent): void {
    this.#requests.answered(request, apps);
    this.emit("listed", apps);
  }

  closed(): void {
    this.#requests.lost();
  }
}

export const apps = serviceClient(APPS, (context) => new Apps(context));

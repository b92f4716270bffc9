/** Applications of the guests, for the page and the `atoll` command. */
import type { appContract } from "#shared/ipc/app.ts";
import { offered } from "#shared/model/app.ts";
import type { Application } from "../application.ts";
import type { Handlers } from "../ipc/dispatcher.ts";

export function appHandlers({ application }: { application: Application }): Handlers<typeof appContract> {
  return {
    "app.list": ({ vm }) => application.apps(vm),
    "app.offered": async ({ vm }) => offered(await application.apps(vm)),
    "app.run": ({ vm, program, waitWindowS }) =>
      application.run(vm, program, waitWindowS === null ? null : waitWindowS * 1000),
  };
}

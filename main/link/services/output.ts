/** The host's screen, for the guest. */
import { CONTROL } from "#shared/protocol/routes.ts";
import { serviceContract } from "../contract.ts";
import { linkService } from "../service.ts";

export const output = linkService(
  serviceContract<never, never>("output"),
  { accepts: {}, sends: { outputChanged: CONTROL } },
  (context) => ({
    messages: {},
    commands: {
      output: ({ width, height, scale120, refreshMhz }) =>
        context.send("outputChanged", { output: { width, height, scale120, refreshMhz } }),
    },
  }),
);

/** The guest's own shutdown. */
import { CONTROL } from "#shared/protocol/routes.ts";
import { POWER } from "../contracts/power.ts";
import { linkService } from "../service.ts";

export const power = linkService(POWER, { accepts: {}, sends: { powerOff: CONTROL } }, (context) => ({
  messages: {},
  order: () => context.send("powerOff", {}),
}));

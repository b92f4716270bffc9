/** A change of the host's keyboard layout, for the guest. */
import { CONTROL } from "#shared/protocol/routes.ts";
import type { Keymap } from "../contract.ts";
import { KEYMAP } from "../contracts/keymap.ts";
import { linkService } from "../service.ts";

export const keymap = linkService(KEYMAP, { accepts: {}, sends: { keymapChanged: CONTROL } }, (context) => {
  let newest: Keymap | null = null;
  const tell = (): void => {
    if (newest !== null) context.send("keymapChanged", { keymap: newest });
  };
  return {
    messages: {},
    order: (changed: Keymap) => {
      newest = changed;
      tell();
    },
    // Welcome has the layout from when the link was made.
    opened: tell,
  };
});

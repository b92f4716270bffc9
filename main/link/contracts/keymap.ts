/** The keyboard layout of the guest's programs. */
import { type Keymap, serviceContract } from "../contract.ts";

/** The host has another layout now. */
export const KEYMAP = serviceContract<Keymap, never>("keymap");

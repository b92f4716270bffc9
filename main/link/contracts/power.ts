/** The guest's own shutdown. */
import { serviceContract } from "../contract.ts";

export type PowerOrder = "powerOff";

export const POWER = serviceContract<PowerOrder, never>("power");

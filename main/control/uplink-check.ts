/** The VMs' way to the internet, tried, for `atoll doctor`. */
import type { DoctorCheck } from "#shared/model/doctor.ts";
import { tryUplink } from "../networks/try-uplink.ts";

/**
 * There is one way alone, on every machine: passt, which may itself reach all that this machine does, and a relay before it.
 *
 * @param attempt says why it does not work; null: it does
 */
export async function uplinkCheck(attempt: () => Promise<string | null> = tryUplink): Promise<DoctorCheck> {
  const reason = await attempt();
  return {
    id: "network",
    status: reason === null ? "ok" : "warn",
    detail:
      reason === null
        ? "VMs reach the internet by passt; a relay drops each packet that is for this machine, its addresses or its local networks"
        : `VMs with a network do not reach the internet: ${reason}`,
    remedy: reason === null ? "" : "apt-get install passt; is this machine online?",
  };
}

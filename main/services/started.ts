/** Starts a VM of a service that is tried: one whose machine ends while it boots is started again. */
import { toErrorValue } from "#shared/model/app-error.ts";
import type { ServiceUnit } from "./service-unit.ts";

const MAX_STARTS = 3;

/** Resolves when it is healthy. A machine that ends while it boots is no word against what is tried in it. */
export async function started(unit: Pick<ServiceUnit, "start">): Promise<void> {
  for (let start = 1; ; start += 1) {
    try {
      return await unit.start();
    } catch (error) {
      if (start === MAX_STARTS || toErrorValue(error).code !== "service.not-healthy") throw error;
    }
  }
}

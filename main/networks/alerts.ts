/** What a scanner has seen, as the firewall's program says it: the newest are kept. */
import { z } from "zod";
import type { AlertView } from "#shared/model/network.ts";
import { escapeForLog } from "#shared/model/text.ts";
import type { VmId } from "#shared/model/vm.ts";
import type { FirewallFilter } from "./firewall-filter.ts";

const MAX_ALERTS = 1_000;
const ALERT_EVENT = "alert";

const alertData = z.strictObject({
  link: z.string().max(20),
  name: z.string().max(253).nullable(),
  address: z.string().max(45).nullable(),
  port: z.int().min(0).max(65_535).nullable(),
  direction: z.enum(["in", "out"]),
  signature: z.string().max(200),
  severity: z.int().min(0).max(255),
  action: z.enum(["dropped", "seen"]),
});

interface Options {
  filter: Pick<FirewallFilter, "on" | "vmOf">;
  /** null: it is not there any more. */
  nameOf: (vm: VmId) => string | null;
}

export class Alerts {
  #alerts: AlertView[] = [];

  constructor({ filter, nameOf }: Options) {
    filter.on("said", (message) => {
      if (message.type !== "event" || message.name !== ALERT_EVENT) return;
      const parsed = alertData.safeParse(message.data);
      const vm = parsed.success ? filter.vmOf(parsed.data.link) : null;
      if (!parsed.success || vm === null) return;
      const { link: _, name, address, signature, ...rest } = parsed.data;
      const alert: AlertView = {
        time: new Date().toISOString(),
        vm: nameOf(vm) ?? vm,
        name: name === null ? null : escapeForLog(name),
        address: address === null ? null : escapeForLog(address),
        signature: escapeForLog(signature),
        ...rest,
      };
      this.#alerts = [alert, ...this.#alerts].slice(0, MAX_ALERTS);
    });
  }

  /** Newest first. @param seconds null: all that are kept */
  since(seconds: number | null): AlertView[] {
    const from = seconds === null ? 0 : Date.now() - seconds * 1000;
    return this.#alerts.filter(({ time }) => Date.parse(time) >= from);
  }
}

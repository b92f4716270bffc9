/** How the firewall's scanner is, and what it has seen, as its program says: the newest alerts are kept. */
import { ALERT_EVENT, alertData, SCANNER_EVENT, scannerData } from "#shared/model/firewall.ts";
import type { AlertView, ScannerView } from "#shared/model/network.ts";
import { escapeForLog } from "#shared/model/text.ts";
import type { VmId } from "#shared/model/vm.ts";
import { Emitter } from "../base/emitter.ts";
import type { FirewallFilter } from "./firewall-filter.ts";
import type { ScanRules } from "./scan-rules.ts";

const MAX_ALERTS = 1_000;
const OFF: ScannerView = { state: "off", detail: "" };

interface Options {
  filter: Pick<FirewallFilter, "on" | "vmOf">;
  rules: Pick<ScanRules, "problem">;
  /** null: it is not there any more. */
  nameOf: (vm: VmId) => string | null;
  /** The name of the VM whose address it is; null: no VM's. */
  vmNameAt: (address: string) => string | null;
}

interface ScannerEvents {
  /** Its view is not what it was. */
  changed: [];
  alert: [AlertView];
}

export class TrafficScanner extends Emitter<ScannerEvents> {
  readonly #rules: Options["rules"];
  #alerts: AlertView[] = [];
  #view = OFF;

  constructor({ filter, rules, nameOf, vmNameAt }: Options) {
    super();
    this.#rules = rules;
    filter.on("gone", () => this.#is(OFF));
    filter.on("report", (message) => {
      if (message.type !== "event") return;
      if (message.name === SCANNER_EVENT) {
        const parsed = scannerData.safeParse(message.data);
        if (parsed.success) this.#is({ ...parsed.data, detail: escapeForLog(parsed.data.detail) });
      }
      if (message.name !== ALERT_EVENT) return;
      const parsed = alertData.safeParse(message.data);
      const vm = parsed.success ? filter.vmOf(parsed.data.link) : null;
      if (!parsed.success || vm === null) return;
      const { link: _, name, address, signature, ...rest } = parsed.data;
      const alert: AlertView = {
        time: new Date().toISOString(),
        vm: nameOf(vm) ?? vm,
        name: name === null ? null : escapeForLog(name),
        address: address === null ? null : escapeForLog(address),
        toVm: address === null ? null : vmNameAt(address),
        signature: escapeForLog(signature),
        ...rest,
      };
      this.#alerts = [alert, ...this.#alerts].slice(0, MAX_ALERTS);
      this.emit("alert", alert);
    });
  }

  /** With what is wrong with rules that were not read. */
  get view(): ScannerView {
    const { state, detail } = this.#view;
    return { state, detail: [this.#rules.problem, detail].filter((text) => text !== "").join(" ") };
  }

  /** Whether what wants a scan can have one: one that nobody needs yet starts when somebody does. */
  get works(): boolean {
    return this.#view.state === "ready" || this.#view.state === "off";
  }

  /** Newest first. */
  newest(count: number): AlertView[] {
    return this.#alerts.slice(0, count);
  }

  /** Newest first. @param seconds null: all that are kept */
  since(seconds: number | null): AlertView[] {
    const from = seconds === null ? 0 : Date.now() - seconds * 1000;
    return this.#alerts.filter(({ time }) => Date.parse(time) >= from);
  }

  #is(view: ScannerView): void {
    const { state, detail } = this.#view;
    if (view.state === state && view.detail === detail) return;
    this.#view = view;
    this.emit("changed");
  }
}

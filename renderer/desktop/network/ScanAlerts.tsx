/** What the scanner has seen: whose it was, by which rule, and a way to deny it from now on. */
import { Ban, ScanSearch } from "lucide-react";
import { useState } from "react";
import { useStore } from "zustand";
import type { AlertView } from "#shared/model/network.ts";
import { useShell } from "../../shell/shell.ts";
import { countOf } from "../../ui/format.ts";
import { RevealedText } from "../../ui/GuestText.tsx";
import { Tag } from "../../ui/Tag.tsx";
import { destinationWord } from "./network-model.ts";

/** More are shown when asked for. */
const SHOWN = 4;
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export function ScanAlerts({ alerts }: { alerts: readonly AlertView[] }) {
  const [isUnfolded, setUnfolded] = useState(false);
  if (alerts.length === 0) return null;
  const shown = isUnfolded ? alerts : alerts.slice(0, SHOWN);
  return (
    <section className="scan-alerts" aria-label="Alerts of the traffic scanner">
      <h3>
        <ScanSearch size={14} aria-hidden="true" />
        The traffic scanner has seen
      </h3>
      <ul>
        {shown.map((alert, at) => (
          <Alert key={`${alert.time} ${alerts.length - at}`} alert={alert} />
        ))}
      </ul>
      {shown.length < alerts.length && (
        <button type="button" className="link flow-more" onClick={() => setUnfolded(true)}>
          {countOf(alerts.length - shown.length, "older alert")}
        </button>
      )}
    </section>
  );
}

function Alert({ alert }: { alert: AlertView }) {
  const { time, vm, name, address, direction, signature, action } = alert;
  const { policyChanges, vms } = useShell();
  const status = useStore(vms, (store) => store.vms.find((one) => one.name === vm));
  const where = destinationWord(alert);
  const block = (): void =>
    void policyChanges.connect({ vm, to: where, about: where, decision: "deny", minutes: null });
  return (
    <li data-action={action}>
      <time dateTime={time}>{TIME.format(new Date(time))}</time>
      {status === undefined ? <b>{vm}</b> : <Tag tag={status} />}
      <span>{direction === "out" ? "sent to" : "got from"}</span>
      <code>
        <RevealedText text={where} />
      </code>
      <span className="scan-signature">
        <RevealedText text={signature} />
      </span>
      <b className="scan-action">{action === "dropped" ? "dropped" : "passed"}</b>
      {(name ?? address) !== null && status !== undefined && (
        <button type="button" className="button" aria-label={`Block ${where} for ${vm}`} onClick={block}>
          <Ban size={13} aria-hidden="true" />
          Block this
        </button>
      )}
    </li>
  );
}

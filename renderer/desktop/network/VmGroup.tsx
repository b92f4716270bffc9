/** A VM with its way out, and what it talks to. */
import { ChevronRight } from "lucide-react";
import { memo, useState } from "react";
import type { FilterView, LinkTraffic } from "#shared/model/network.ts";
import type { VmStatus } from "#shared/model/vm.ts";
import { bytesWords, countOf } from "../../ui/format.ts";
import { RevealedText } from "../../ui/GuestText.tsx";
import { Tag } from "../../ui/Tag.tsx";
import { DECISIONS } from "../policy/decision-words.ts";
import { type FlowGroup, type FlowRow, otherWords, shownRows, withPort } from "./network-model.ts";
import { LeakButton, LeakFindings, useLeakCheck } from "./LeakCheck.tsx";
import { RuleSentence } from "./RuleSentence.tsx";
import { TrafficChart } from "./TrafficChart.tsx";

const VERDICTS = { allow: "allowed", deny: "denied", ask: "waits" } as const;

interface VmGroupProps {
  group: FlowGroup;
  filter: FilterView;
  /** Bytes a second at the top of its chart. */
  most: number;
  /** Rows are of the history. */
  isPast: boolean;
  /** The key of the row that is open. */
  opened: string | null;
  open: (key: string | null) => void;
}

export function VmGroup({ group, filter, most, isPast, opened, open }: VmGroupProps) {
  const { vm, rows, flows, names, traffic } = group;
  const [isClosed, setClosed] = useState(false);
  const [isUnfolded, setUnfolded] = useState(false);
  const { shown, folded } = shownRows(rows, isUnfolded);
  const way = wayOf(vm, filter);
  const leaks = useLeakCheck(vm.name);
  return (
    <section className="flow-group" aria-label={vm.name}>
      <header>
        <button
          type="button"
          className="flow-group-head"
          aria-expanded={!isClosed && rows.length > 0}
          onClick={() => setClosed(!isClosed)}
        >
          <ChevronRight className="transfer-fold" size={14} aria-hidden="true" />
          <Tag tag={vm} />
          <span data-tone={way.tone}>{way.words}</span>
          {rows.length > 0 && (
            <small>
              {countOf(flows, "flow")} to {countOf(names, "name")}
            </small>
          )}
        </button>
        {traffic !== null && !isPast && (
          <>
            <TrafficChart traffic={traffic} most={most} />
            <Rates traffic={traffic} />
          </>
        )}
        {vm.state === "running" && vm.network !== "none" && !isPast && <LeakButton name={vm.name} leaks={leaks} />}
      </header>
      <LeakFindings name={vm.name} leaks={leaks} />
      {!isClosed && rows.length > 0 && (
        <ul>
          {shown.map((row) => (
            <li key={row.key} data-open={row.key === opened || undefined}>
              <Row row={row} isOpened={row.key === opened} open={open} />
              {row.key === opened && <RuleSentence tag={vm} row={row} close={() => open(null)} />}
            </li>
          ))}
          {folded > 0 && (
            <li>
              <button type="button" className="link flow-more" onClick={() => setUnfolded(true)}>
                {countOf(folded, "more name")} with less traffic
              </button>
            </li>
          )}
        </ul>
      )}
    </section>
  );
}

interface RowProps {
  row: FlowRow;
  isOpened: boolean;
  open: (key: string | null) => void;
}

/** Of a thousand rows those are drawn anew that have changed. */
const Row = memo(function Row({ row, isOpened, open }: RowProps) {
  const { count, bytesIn, bytesOut, rate, verdict, rule, reason, isOpen } = row;
  const { Icon } = DECISIONS[verdict];
  const what = otherWords(row);
  return (
    <button
      type="button"
      className="flow-row"
      data-quiet={!isOpen || undefined}
      aria-expanded={isOpened}
      aria-label={`${what}, ${VERDICTS[verdict]}`}
      onClick={() => open(isOpened ? null : row.key)}
    >
      <span className="flow-name">
        <b>
          <RevealedText text={what} />
        </b>
        {count > 1 && <small>{verdict === "allow" ? countOf(count, "flow") : `${count} times`}</small>}
      </span>
      <code>{placeWords(row)}</code>
      <span>{bytesIn === 0 ? "0" : bytesWords(bytesIn)}</span>
      <span>{bytesOut === 0 ? "0" : bytesWords(bytesOut)}</span>
      <span data-busy={rate > 0 || undefined}>{rate === 0 ? "" : `${bytesWords(rate)}/s`}</span>
      <span className="verdict" data-decision={verdict}>
        <Icon size={13} aria-hidden="true" />
        {VERDICTS[verdict]}
      </span>
      <span className="flow-why" title={rule.text}>
        {rule.line !== null && <b>line {rule.line}</b>} {whyWords(row.rule.line, rule.text, reason)}
      </span>
    </button>
  );
}, isSameRow);

function isSameRow(a: RowProps, b: RowProps): boolean {
  if (a.isOpened !== b.isOpened || a.open !== b.open) return false;
  return (Object.keys(a.row) as (keyof FlowRow)[]).every(
    (name) => a.row[name] === b.row[name] || (name === "rule" && a.row.rule.id === b.row.rule.id),
  );
}

/** "": the row is of several. */
function placeWords({ address, port, protocol }: FlowRow): string {
  if (address === null) return protocol === "dns" ? "look-up" : "";
  return withPort(address, port);
}

/** A built-in rule says why by itself; of a line of the policy what it leads to is enough. */
function whyWords(line: number | null, text: string, reason: string): string {
  if (reason !== "") return reason;
  if (line === null) return text;
  return /(?:^|, )to: ([^,]+)/u.exec(text)?.[1] ?? text;
}

function Rates({ traffic: { chartIn, chartOut } }: { traffic: LinkTraffic }) {
  return (
    <span className="flow-rates">
      <b>↓ {bytesWords(chartIn.at(-1) ?? 0)}/s</b>
      <small>↑ {bytesWords(chartOut.at(-1) ?? 0)}/s</small>
    </span>
  );
}

/** It runs, and what it sends goes by the firewall. */
export function isBehindFirewall({ network, state }: Pick<VmStatus, "network" | "state">): boolean {
  return network === "firewall" && (state === "running" || state === "paused");
}

function wayOf({ network, state }: VmStatus, filter: FilterView): { words: string; tone?: string } {
  switch (network) {
    case "direct":
      return { words: "past the firewall", tone: "warning" };
    case "firewall":
      if (!isBehindFirewall({ network, state })) return { words: "through the firewall, does not run" };
      // Absent: no VM's link has been plugged into it yet.
      if (filter.state === "down" || filter.state === "absent")
        return { words: "waits for the firewall: nothing passes", tone: "warning" };
      return { words: "through the firewall" };
    case "none":
      return { words: "no network" };
    case null:
      return { words: "its network is not Atoll's" };
  }
}

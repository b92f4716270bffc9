/** Who talks to what: grouped by VM with its way out, what was refused beside what passes, and why. */
import "./network.css";
import { CircleAlert, CircleCheck, CircleDashed, Network, Search, ShieldOff, X } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useEffect, useMemo, useRef, useState } from "react";
import { useStore } from "zustand";
import type { FilterView } from "#shared/model/network.ts";
import { useShell } from "../../shell/shell.ts";
import { useKeptRequest } from "../../shell/use-request.ts";
import { Bars } from "../../ui/Bars.tsx";
import { countOf, countWords } from "../../ui/format.ts";
import { AskCards } from "./AskCards.tsx";
import { ScanAlerts } from "./ScanAlerts.tsx";
import { ScannerLine } from "./ScannerLine.tsx";
import { asShown, groupsOf, readFlowFilter } from "./network-model.ts";
import { type NetworkState, useNetwork } from "./use-network.ts";
import { isBehindFirewall, VmGroup } from "./VmGroup.tsx";

const PERIODS = [
  [null, "Now"],
  [1, "Today"],
  [7, "7 days"],
] as const;
type Days = (typeof PERIODS)[number][0];

export function NetworkView() {
  const { state, error } = useNetwork();
  const [words, setWords] = useState("");
  const [days, setDays] = useState<Days>(null);
  const waiting = useStore(useShell().asks, ({ cards }) => cards.length);
  return (
    <section className="network" aria-label="Network" data-waiting={waiting > 0 || undefined}>
      <div className="network-main">
        <header className="network-head">
          <div>
            <h2>Who talks to what</h2>
            {state !== null && <FilterLine filter={state.filter} />}
            {state !== null && <ScannerLine scanner={state.scanner} />}
          </div>
          <SearchField words={words} type={setWords} />
          <div className="segments" role="radiogroup" aria-label="When">
            {PERIODS.map(([value, text]) => (
              <button
                key={text}
                type="button"
                role="radio"
                aria-checked={value === days}
                onClick={() => setDays(value)}
              >
                {text}
              </button>
            ))}
          </div>
          {state !== null && <Counts state={state} words={words} type={setWords} />}
        </header>
        {state !== null && days === null && <ScanAlerts alerts={state.alerts} />}
        {state !== null && <Groups state={state} words={words} days={days} />}
        {error !== null && <p className="inspector-error">{error}</p>}
        {state === null && error === null && <Bars count={8} />}
      </div>
      {waiting > 0 && (
        <aside className="network-side" aria-label="Waiting for you">
          <h2>Waiting for you</h2>
          <p>Nothing passes meanwhile.</p>
          <AskCards />
        </aside>
      )}
    </section>
  );
}

const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });

/** How the firewall is: what it does not do is said first. */
function FilterLine({ filter: { state, revision, sinceMs, detail } }: { filter: FilterView }) {
  const isAwaited = useStore(useShell().vms, ({ vms }) => vms.some(isBehindFirewall));
  const since = sinceMs === null ? "" : ` Revision ${revision} is in force since ${TIME.format(sinceMs)}.`;
  const words: Readonly<Record<FilterView["state"], readonly [tone: string, head: string, text: string]>> = {
    absent: isAwaited
      ? ["busy", "The firewall does not run yet.", " Nothing passes."]
      : ["quiet", "No VM goes through the firewall.", ""],
    ready: ["good", "Firewall runs.", since],
    starting: ["busy", "The firewall starts.", " Nothing passes yet."],
    down: ["bad", "The firewall is down: nothing passes.", detail === "" ? "" : ` ${detail}`],
    failing: [
      "bad",
      "Not all rules are in force, and what they are for is stopped.",
      detail === "" ? "" : ` ${detail}`,
    ],
  };
  const [tone, head, text] = words[state];
  const Icon =
    tone === "good" ? CircleCheck : tone === "bad" ? CircleAlert : tone === "busy" ? CircleDashed : ShieldOff;
  return (
    <p className="network-filter" role="status">
      <b data-tone={tone}>
        <Icon size={13} aria-hidden="true" />
        {head}
      </b>
      {text}
    </p>
  );
}

function SearchField({ words, type }: { words: string; type: (words: string) => void }) {
  const { prompts } = useShell();
  const field = useRef<HTMLInputElement>(null);
  const clear = (event: ReactKeyboardEvent): void => {
    if (event.key !== "Escape" || words === "") return;
    event.preventDefault();
    type("");
  };
  // Wherever the focus is in the sheet.
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      // The sheet stays below a prompt, which has the keyboard.
      const isElsewhere = event.target instanceof HTMLInputElement || prompts.getState().waiting.length > 0;
      if (event.key !== "/" || isElsewhere) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [prompts]);
  return (
    <label className="timeline-search network-search">
      <Search size={14} aria-hidden="true" />
      <input
        ref={field}
        type="text"
        aria-label="Search connections"
        placeholder="name, address or rule, vm:web, verdict:denied"
        spellCheck={false}
        value={words}
        onChange={({ target }) => type(target.value)}
        onKeyDown={clear}
      />
      {words === "" ? (
        <kbd className="key">/</kbd>
      ) : (
        <button type="button" aria-label="Clear the search" onClick={() => type("")}>
          <X size={13} />
        </button>
      )}
    </label>
  );
}

/** What was refused, as a filter; and whether the kernel has counted more than is shown. */
function Counts({ state, words, type }: { state: NetworkState; words: string; type: (words: string) => void }) {
  const denied = [...state.flows.values()].filter(({ verdict }) => verdict === "deny");
  const isChosen = readFlowFilter(words).verdict === "deny";
  return (
    <div className="timeline-chips network-counts">
      <button
        type="button"
        aria-pressed={isChosen}
        data-decision="denied"
        onClick={() => type(isChosen ? words.replace(/\s*verdict:\S*/u, "").trim() : `${words} verdict:denied`.trim())}
      >
        denied {countWords(denied.reduce((sum, { count }) => sum + count, 0))}
      </button>
      <span>
        kernel counts{" "}
        {countOf(
          state.traffic.reduce((sum, one) => sum + one.packetsDenied, 0),
          "packet",
        )}
      </span>
    </div>
  );
}

function Groups({ state, words, days }: { state: NetworkState; words: string; days: Days }) {
  const vms = useStore(useShell().vms, (store) => store.vms);
  const filter = useMemo(() => readFlowFilter(words), [words]);
  const asked = days === null ? null : { days, words: [...filter.words], verdict: filter.verdict };
  const past = useKeptRequest("network.history", asked);
  const [opened, setOpened] = useState<string | null>(null);
  const groups = useMemo(() => {
    const flows =
      days === null ? state.flows.values() : (past.value?.flows ?? []).map((one, at) => asShown(one, vms, at));
    return groupsOf(vms, flows, state.traffic, filter);
  }, [days, state, past.value, vms, filter]);
  const most = Math.max(1_000, ...state.traffic.flatMap(({ chartIn, chartOut }) => [...chartIn, ...chartOut]));
  if (days !== null && past.value === null && past.error === null) return <Bars count={8} />;
  return (
    <div className="network-room">
      {filter.unknown.length > 0 && (
        <p className="timeline-unknown" role="status">
          {filter.unknown.join(", ")} means nothing here. There are vm: and verdict: (allowed, denied, waits).
        </p>
      )}
      {past.error !== null && <p className="inspector-error">{past.error}</p>}
      <div className="flow-row flow-head" aria-hidden="true">
        <span>Name</span>
        <span>Address</span>
        <span>In</span>
        <span>Out</span>
        <span>Rate</span>
        <span>Verdict</span>
        <span>Why</span>
      </div>
      {groups.map((group) => (
        <VmGroup
          key={group.vm.id}
          group={group}
          filter={state.filter}
          most={most}
          isPast={days !== null}
          opened={opened}
          open={setOpened}
        />
      ))}
      {!groups.some(({ rows }) => rows.length > 0) && (
        <Nothing isFiltered={words.trim() !== ""} isPast={days !== null} />
      )}
      {days !== null && past.value !== null && past.value.flows.length < past.value.total && (
        <p className="timeline-none">
          The newest {countWords(past.value.flows.length)} of {countWords(past.value.total)}: narrow the search to see
          others.
        </p>
      )}
    </div>
  );
}

function Nothing({ isFiltered, isPast }: { isFiltered: boolean; isPast: boolean }) {
  return (
    <div className="transfers-none">
      <Network size={28} strokeWidth={1.5} aria-hidden="true" />
      <strong>
        {isFiltered ? "No connection matches" : isPast ? "No VM has had a connection" : "No VM has a connection"}
      </strong>
      {!isFiltered && !isPast && (
        <p>What a VM connects to, and what is refused, is listed here, and stays for ten minutes after its end.</p>
      )}
    </div>
  );
}

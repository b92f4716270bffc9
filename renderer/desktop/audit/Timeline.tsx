/** What has crossed, and what was denied: one line each, the newest on top. Never what was in it. */
import "./timeline.css";
import { Link2, Link2Off, Search, TriangleAlert, X } from "lucide-react";
import { useState } from "react";
import { useStore } from "zustand";
import type { RequestOutput } from "#shared/ipc/index.ts";
import { AUDIT_ACTIONS, type AuditEntry } from "#shared/model/crossing.ts";
import { useShell } from "../../shell/shell.ts";
import { useKeptRequest } from "../../shell/use-request.ts";
import { countOf, countWords } from "../../ui/format.ts";
import { Bars } from "../../ui/Bars.tsx";
import { useNow } from "../../ui/use-now.ts";
import { ENTRY_WORDS } from "./entry-words.ts";
import { readFilter, withWord } from "./filter-words.ts";
import { TimelineEntry, type TimelineProps } from "./TimelineEntry.tsx";

const PAGE = 100;
const MOST = 1000;
const DECISIONS = [
  [null, "All"],
  ["allowed", "allowed"],
  ["denied", "denied"],
  ["lapsed", "lapsed"],
] as const;

export function Timeline({ showPair }: TimelineProps) {
  const { overlays } = useShell();
  const shown = useStore(overlays, ({ overlay }) => (overlay?.kind === "sheet" ? (overlay.entry ?? null) : null));
  const [words, setWords] = useState("");
  const [limit, setLimit] = useState(PAGE);
  /** The `seq` of the entry that is open. */
  const [opened, setOpened] = useState<number | null>(shown);
  const [lastShown, setLastShown] = useState(shown);
  // A toast was pressed while the sheet is open.
  if (shown !== lastShown) {
    setLastShown(shown);
    setOpened(shown);
  }
  // `since:` is counted from when it was typed.
  const [typedMs, setTypedMs] = useState(() => Date.now());
  const { filter, unknown } = readFilter(words, typedMs);
  const { value: list, error, isFormer } = useKeptRequest("audit.list", { filter, limit }, ["audit.entry"]);
  const type = (text: string): void => {
    setWords(text);
    setTypedMs(Date.now());
    setLimit(PAGE);
  };
  return (
    <aside className="timeline" aria-label="Crossings">
      <header className="timeline-head">
        <h2>Crossings</h2>
        <label className="timeline-search">
          <Search size={14} aria-hidden="true" />
          <input
            type="text"
            aria-label="Search crossings"
            placeholder="from:home decision:denied since:2h"
            spellCheck={false}
            value={words}
            onChange={({ target }) => type(target.value)}
            onKeyDown={(event) => {
              if (event.key !== "Escape" || words === "") return;
              event.preventDefault();
              type("");
            }}
          />
          {words !== "" && (
            <button type="button" aria-label="Clear the search" onClick={() => type("")}>
              <X size={13} />
            </button>
          )}
        </label>
        <div className="timeline-chips">
          {DECISIONS.map(([decision, text]) => (
            <button
              key={text}
              type="button"
              aria-pressed={words === withWord(words, "decision", decision)}
              data-decision={text}
              onClick={() => type(withWord(words, "decision", decision))}
            >
              {text}
            </button>
          ))}
          <select
            aria-label="Which action"
            value={filter.action ?? ""}
            onChange={({ target }) => type(withWord(words, "action", target.value === "" ? null : target.value))}
          >
            <option value="">any action</option>
            {AUDIT_ACTIONS.map((action) => (
              <option key={action} value={action}>
                {ENTRY_WORDS[action].title.toLowerCase()}
              </option>
            ))}
          </select>
        </div>
        {unknown.length > 0 && (
          <p className="timeline-unknown" role="status">
            {unknown.join(", ")} means nothing here. There are from:, to:, action:, decision: and since:.
          </p>
        )}
      </header>
      <Problem list={list} error={error} />
      <div className="timeline-list" aria-busy={isFormer}>
        {list === null && error === null && <Bars count={8} />}
        {list !== null && (
          <>
            <Entries entries={list.entries} opened={opened} open={setOpened} showPair={showPair} />
            {list.entries.length === 0 && !isFormer && <Nothing isFiltered={words.trim() !== ""} />}
            {list.hasMore && limit < MOST && (
              <button type="button" className="button timeline-more" onClick={() => setLimit(limit + PAGE)}>
                Show older ones
              </button>
            )}
            {list.hasMore && limit >= MOST && (
              <p className="timeline-none">Older ones: narrow the search, or ask “atoll audit”.</p>
            )}
          </>
        )}
      </div>
      <Chain />
    </aside>
  );
}

function Nothing({ isFiltered }: { isFiltered: boolean }) {
  return (
    <p className="timeline-none">
      {isFiltered ? "No crossing fits the search." : "Nothing has crossed yet. Copy in one VM, paste in another."}
    </p>
  );
}

function Problem({ list, error }: { list: RequestOutput<"audit.list"> | null; error: string | null }) {
  const problem = list?.problem ?? null;
  if (problem === null && error === null) return null;
  return (
    <div className="strip" data-tone="bad" role="alert">
      <TriangleAlert size={15} aria-hidden="true" />
      <p>
        <strong>{problem === null ? "The log cannot be read" : "Crossings stop: the log cannot be written"}</strong>
        <span>{problem ?? error}</span>
      </p>
    </div>
  );
}

const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "long", day: "numeric", month: "long" });

interface EntriesProps extends TimelineProps {
  entries: readonly AuditEntry[];
  opened: number | null;
  open: (seq: number | null) => void;
}

function Entries({ entries, opened, open, showPair }: EntriesProps) {
  const now = new Date(useNow(60_000));
  const today = DAY.format(now);
  // Not so many hours before: a day may have one more, or one less.
  const yesterday = DAY.format(new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1));
  return (
    <ol>
      {entries.map((entry, at) => {
        const day = DAY.format(new Date(entry.time));
        const before = entries[at - 1];
        const isFirst = before === undefined || DAY.format(new Date(before.time)) !== day;
        return (
          <li key={entry.seq}>
            {isFirst && <h3>{day === today ? "Today" : day === yesterday ? "Yesterday" : day}</h3>}
            <TimelineEntry
              entry={entry}
              isOpen={entry.seq === opened}
              toggle={() => open(entry.seq === opened ? null : entry.seq)}
              showPair={showPair}
            />
          </li>
        );
      })}
    </ol>
  );
}

/** Whether each entry follows the one before it: asked for by the person, as it reads the whole log. */
function Chain() {
  const { bridge, notices } = useShell();
  const [found, setFound] = useState<RequestOutput<"audit.verify"> | "asked" | null>(null);
  const verify = async (): Promise<void> => {
    setFound("asked");
    const answer = await bridge.request("audit.verify", {});
    setFound(answer.ok ? answer.value : null);
    if (!answer.ok) notices.show(answer.error.message);
  };
  const isBroken = found !== null && found !== "asked" && !found.ok;
  const Icon = isBroken ? Link2Off : Link2;
  return (
    <footer className="timeline-chain" data-tone={isBroken ? "bad" : undefined}>
      <Icon size={14} aria-hidden="true" />
      <span role="status">{chainWords(found)}</span>
      <button type="button" className="link" disabled={found === "asked"} onClick={() => void verify()}>
        Verify
      </button>
    </footer>
  );
}

function chainWords(found: RequestOutput<"audit.verify"> | "asked" | null): string {
  if (found === null) return "Each entry names the one before it";
  if (found === "asked") return "Reading the whole log…";
  if (found.ok) return `${countOf(found.entries, "entry", "entries")}, the chain holds`;
  const { firstBad } = found;
  return firstBad === null
    ? "The log is not whole"
    : `Entry ${countWords(firstBad)} does not follow ${countWords(firstBad - 1)}: the log was changed`;
}

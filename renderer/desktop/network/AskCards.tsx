/**
 * Names that VMs want to connect to for the first time: one card is open, the others are a line. Nothing is answered by closing
 * them, nothing passes meanwhile, and for a moment after a card has come on top its answers are dead.
 */
import "./ask-cards.css";
import { Ban, Check, ChevronRight, X } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useState } from "react";
import { useStore } from "zustand";
import type { AskCard, CardAnswer } from "#shared/model/network.ts";
import { Part } from "../../shell/Part.tsx";
import { withinQuotes } from "#shared/model/text.ts";
import { useShell } from "../../shell/shell.ts";
import { useTag } from "../../shell/use-vm.ts";
import { agoWords, countOf } from "../../ui/format.ts";
import { RevealedText } from "../../ui/GuestText.tsx";
import { Tag } from "../../ui/Tag.tsx";
import { useDead } from "../../ui/use-dead.ts";
import { useNow } from "../../ui/use-now.ts";

/** The second click of a double click counts for nothing. */
const ANSWERED_MS = 1_000;

type Answer = readonly [answer: CardAnswer, words: string];
const ALLOW: readonly Answer[] = [
  ["once", "once"],
  ["minutes", "10 min"],
  ["hour", "1 h"],
  ["until-stop", "till it stops"],
  ["always", "always"],
];
const DENY: readonly Answer[] = [
  ["deny", "once"],
  ["deny-minutes", "10 min"],
  ["deny-hour", "1 h"],
  ["deny-until-stop", "till it stops"],
  ["deny-always", "always"],
];

/** A rule would outlive a disposable, and its name never comes back. */
const WITHOUT_RULE: ReadonlySet<CardAnswer> = new Set(["once", "until-stop", "deny", "deny-until-stop"]);

/** Those that wait, the oldest first. */
export function AskCards() {
  const cards = useStore(useShell().asks, (state) => state.cards);
  const [chosen, setChosen] = useState<number | null>(null);
  const [isAnswering, answering] = useAnswering();
  const open = cards.find(({ id }) => id === chosen) ?? cards[0];
  const step = (by: 1 | -1): void => {
    const at = cards.findIndex((card) => card === open);
    setChosen(cards[at + by]?.id ?? open?.id ?? null);
  };
  const onKeyDown = (event: ReactKeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "j") step(1);
    else if (event.key === "k") step(-1);
    else return;
    event.preventDefault();
  };
  return (
    <div className="ask-cards" role="group" aria-label="Names that wait" onKeyDown={onKeyDown}>
      {cards.map((card) => (
        <Part key={card.id} name="A card">
          {card === open ? (
            <OpenCard card={card} isAnswering={isAnswering} answering={answering} />
          ) : (
            <ClosedCard card={card} open={() => setChosen(card.id)} />
          )}
        </Part>
      ))}
    </div>
  );
}

/** They hang from the bar while the view that has them is not shown. */
export function AskBar() {
  const { asks, overlays } = useShell();
  const count = useStore(asks, ({ cards, isPutAway }) => (isPutAway ? 0 : cards.length));
  const isShown = useStore(overlays, ({ overlay }) => overlay?.kind === "sheet" && overlay.tab === "network");
  if (count === 0 || isShown) return null;
  return (
    <section className="ask-bar" aria-label="Waiting for you">
      <header>
        <strong>Waiting for you</strong>
        <span>nothing passes meanwhile</span>
        <button type="button" className="link" onClick={() => overlays.open({ kind: "sheet", tab: "network" })}>
          {count > 1 ? `All ${count}` : "Network"}
        </button>
        <button type="button" className="sheet-close" aria-label="Put away, answer nothing" onClick={asks.putAway}>
          <X size={14} />
        </button>
      </header>
      <AskCards />
    </section>
  );
}

/** How many wait. */
export function AskCount() {
  const count = useStore(useShell().asks, ({ cards }) => cards.length);
  return count === 0 ? null : (
    <span className="sheet-count" aria-label={`, ${count} waiting for you`}>
      {count}
    </span>
  );
}

function ClosedCard({ card, open }: { card: AskCard; open: () => void }) {
  const tag = useTag(card.vmId);
  return (
    <button type="button" className="ask-card ask-closed" data-label={tag.label} onClick={open}>
      <ChevronRight size={14} aria-hidden="true" />
      <Tag tag={{ ...tag, name: card.vm }} />
      <b>
        <RevealedText text={card.names[0] ?? ""} />
      </b>
      {card.names.length > 1 && <small>and {card.names.length - 1} more</small>}
    </button>
  );
}

interface OpenCardProps {
  card: AskCard;
  isAnswering: boolean;
  answering: (answer: Promise<void>) => void;
}

function OpenCard({ card, isAnswering, answering }: OpenCardProps) {
  const { bridge, notices, policyChanges, vms } = useShell();
  const isThrowaway = useStore(vms, (state) => state.vms.find((one) => one.id === card.vmId)?.role === "disposable");
  const { id, vmId, vm, names, ports, domain, programs, count, lastMs } = card;
  const tag = useTag(vmId);
  const scopes = [...names, ...(domain === null || names.every((name) => name === domain) ? [] : [`*.${domain}`])];
  const [chosen, setScope] = useState<string | null>(null);
  const scope = chosen !== null && scopes.includes(chosen) ? chosen : (scopes[0] ?? "");
  const isDead = useDead(`${id} ${scope}`);
  const shown = scope.startsWith("*.") ? (names[0] ?? "") : scope;
  const port = ports[names.indexOf(shown)] ?? null;
  const agoS = Math.max(0, (useNow(1_000) - lastMs) / 1000);
  const give = async (answer: CardAnswer): Promise<void> => {
    const given = await bridge.request("network.answer", { card: id, name: scope, answer });
    if (!given.ok) notices.show(given.error.message);
    else if (given.value !== null) policyChanges.note(given.value);
  };
  const row = (answers: readonly Answer[], name: string, Icon: typeof Check, decision: "allow" | "deny") => (
    <div className="ask-answers" data-decision={decision} role="group" aria-label={name}>
      <b>
        <Icon size={14} aria-hidden="true" />
        {name}
      </b>
      <div className="segments">
        {answers
          .filter(([answer]) => !isThrowaway || WITHOUT_RULE.has(answer))
          .map(([answer, words]) => (
            <button
              key={answer}
              type="button"
              data-answer={answer}
              aria-label={`${name} ${words}`}
              // To deny once lets nothing through: it counts at once, as in a prompt.
              disabled={isAnswering || (isDead && answer !== "deny")}
              onClick={() => answering(give(answer))}
            >
              {words}
            </button>
          ))}
      </div>
    </div>
  );
  return (
    <article
      className="ask-card"
      data-label={tag.label}
      data-prompt={id}
      aria-label={`${vm} wants to connect to ${names[0] ?? ""}`}
      onKeyDown={walk}
    >
      <header>
        <Tag tag={{ ...tag, name: vm }} />
        <span>wants to connect to</span>
      </header>
      <h3>
        <RevealedText text={shown} />
        {port !== null && <small>:{port}</small>}
      </h3>
      <p>
        Refused {countOf(count, "time")}, last {agoWords(agoS)}
      </p>
      {programs.length > 0 && (
        <p className="ask-word">
          {vm} says: “<RevealedText text={withinQuotes(programs.join(", "))} />”
        </p>
      )}
      {scopes.length > 1 && (
        <div className="segments ask-scopes" role="radiogroup" aria-label="The answer is for">
          {scopes.map((one) => (
            <button key={one} type="button" role="radio" aria-checked={one === scope} onClick={() => setScope(one)}>
              <RevealedText text={one} />
            </button>
          ))}
        </div>
      )}
      {row(ALLOW, "Allow", Check, "allow")}
      {row(DENY, "Deny", Ban, "deny")}
    </article>
  );
}

/** Arrows go through the answers, and to the same one of the other row. */
function walk(event: ReactKeyboardEvent<HTMLElement>): void {
  const buttonsOf = (part: Element): HTMLElement[] => [...part.querySelectorAll<HTMLElement>("button:not(:disabled)")];
  const indexIn = (buttons: readonly HTMLElement[]): number =>
    buttons.findIndex((one) => one === document.activeElement);
  const all = buttonsOf(event.currentTarget);
  const rows = [...event.currentTarget.querySelectorAll(".ask-answers")].map(buttonsOf);
  const row = rows.findIndex((buttons) => indexIn(buttons) !== -1);
  const [at, inRow] = [indexIn(all), indexIn(rows[row] ?? [])];
  const to: Readonly<Record<string, HTMLElement | undefined>> = {
    ArrowRight: all[at + 1],
    ArrowLeft: all[at - 1],
    ArrowDown: rows[row + 1]?.[inRow],
    ArrowUp: rows[row - 1]?.[inRow],
  };
  if (at === -1 || !(event.key in to)) return;
  to[event.key]?.focus();
  event.preventDefault();
}

/** While an answer is on its way, and for a moment after: its second click would be one for whatever comes next. */
function useAnswering(): [isAnswering: boolean, answering: (answer: Promise<void>) => void] {
  const [count, setCount] = useState(0);
  const end = (): void => setCount((before) => before - 1);
  const answering = (answer: Promise<void>): void => {
    setCount((before) => before + 1);
    void answer.finally(() => setTimeout(end, ANSWERED_MS));
  };
  return [count > 0, answering];
}

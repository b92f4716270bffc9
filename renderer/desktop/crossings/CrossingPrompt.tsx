/** Asks whether something may cross between two VMs. What a guest says is a quotation in it; all else is the host's. */
import "./crossing-prompt.css";
import { Scale, ShieldAlert, TriangleAlert } from "lucide-react";
import { useEffect, useState } from "react";
import { useStore } from "zustand";
import type { QuestionPayload } from "#shared/ipc/index.ts";
import { type CrossingAnswer, type CrossingPreview, MAX_COUNTED_REQUESTS } from "#shared/model/crossing.ts";
import { revealHidden, utf8Bytes } from "#shared/model/text.ts";
import { useShell } from "../../shell/shell.ts";
import { agoWords, bytesWords, countOf } from "../../ui/format.ts";
import { GuestPreview, GuestText } from "../../ui/GuestText.tsx";
import { Prompt, PromptButton } from "../../ui/Prompt.tsx";
import { ACTION_WORDS, typeWord, whatWords } from "./action-words.ts";
import { nameOf, PartyTag, usePartyLabel } from "./Party.tsx";
import { PicturePreview } from "./PicturePreview.tsx";

type AskedCrossing = QuestionPayload<"crossing">;

interface CrossingPromptProps {
  payload: AskedCrossing;
  /** performance.now() */
  askedMs: number;
  answer: (answer: CrossingAnswer) => void;
}

export function CrossingPrompt({ payload: asked, askedMs, answer }: CrossingPromptProps) {
  const more = useStore(useShell().prompts, ({ waiting }) => waiting.length - 1);
  const { action, type, from, to, answers, rule, warning } = asked;
  const words = ACTION_WORDS[action];
  const offersAlways = answers.includes("always");
  return (
    <Prompt
      title={words.asks(whatWords(action, type), nameOf(from), nameOf(to))}
      isWide
      name={asked.prompt}
      cancelText="Deny"
      text={<Wire asked={asked} askedMs={askedMs} />}
      cancel={() => answer("deny")}
      buttons={
        <>
          {offersAlways ? (
            <PromptButton answer="always" press={() => answer("always")}>
              Always
            </PromptButton>
          ) : (
            <span className="crossing-every-time">This is asked every time</span>
          )}
          {answers.includes("minutes") && (
            <PromptButton answer="minutes" press={() => answer("minutes")}>
              10 minutes
            </PromptButton>
          )}
          {answers.includes("safe") && (
            <PromptButton kind="main" answer="safe" press={() => answer("safe")}>
              Open a safe copy
            </PromptButton>
          )}
          {answers.includes("once") && (
            <PromptButton
              {...(answers.includes("safe") ? {} : { kind: "main" as const })}
              answer="once"
              press={() => answer("once")}
            >
              {words.once}
            </PromptButton>
          )}
        </>
      }
      note={
        <>
          <span>
            <Joined asked={asked} />
            {offersAlways && "“Always” writes a rule that you can take back."}
          </span>
          {more > 0 && <b>{more} more after this</b>}
        </>
      }
    >
      {warning !== "" && (
        <p className="crossing-warning">
          <ShieldAlert size={16} aria-hidden="true" />
          <bdi>{warning}</bdi>
        </p>
      )}
      <Content asked={asked} />
      <div className="crossing-rule">
        <Scale size={15} aria-hidden="true" />
        <div>
          <strong>
            Line {rule.line} of policy.yaml {warning === "" ? "asks" : "would not deny it"}
          </strong>
          <code>{rule.text}</code>
        </div>
      </div>
    </Prompt>
  );
}

/** From whom to whom, with what it is on the wire between them. */
function Wire({ asked, askedMs }: Pick<CrossingPromptProps, "askedMs"> & { asked: AskedCrossing }) {
  const { action, from, to, type, app, copiedAgoS } = asked;
  const { Icon } = ACTION_WORDS[action];
  const [fromLabel, toLabel] = [usePartyLabel(from), usePartyLabel(to)];
  return (
    <div className="crossing-wire">
      <PartyTag party={from} />
      <span className="crossing-line" data-label={fromLabel ?? undefined} />
      <span className="crossing-type">
        <Icon size={14} aria-hidden="true" />
        {action === "file.send" ? "files" : typeWord(type)}
      </span>
      <span className="crossing-line" data-label={toLabel ?? undefined} data-end />
      <PartyTag party={to} />
      {copiedAgoS !== null && <CopiedAgo atFirstS={copiedAgoS} askedMs={askedMs} />}
      {app !== "" && (
        <small data-end>
          for <GuestText text={app} />, as {nameOf(to)} says
        </small>
      )}
    </div>
  );
}

/** Requests that one answer is for. */
function Joined({ asked: { requests } }: { asked: AskedCrossing }) {
  if (requests === 1) return null;
  const count = requests < MAX_COUNTED_REQUESTS ? requests : `${requests} or more`;
  return <>{`Asked ${count} times, answered once. `}</>;
}

/** Counts on while the prompt waits, also for its turn. */
function CopiedAgo({ atFirstS, askedMs }: { atFirstS: number; askedMs: number }) {
  const [nowMs, setNowMs] = useState(() => performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(performance.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return <small>copied {agoWords(atFirstS + (nowMs - askedMs) / 1000)}</small>;
}

/** What would cross, as it is now: the source may still send. */
function Content({ asked: { preview, action, from, type, isSecret } }: { asked: AskedCrossing }) {
  const label = usePartyLabel(from);
  const hidden = preview?.kind === "text" ? hiddenIn(preview.text) : 0;
  // Their names, which say themselves how many more there are; the bytes are those of the files.
  const isFiles = action === "file.send";
  return (
    <>
      {preview?.kind === "text" && (
        <GuestPreview text={preview.text} isCut={!isFiles && isCut(preview)} label={label} />
      )}
      {preview?.kind === "picture" && <PicturePreview picture={preview.picture} label={label} />}
      <p className="crossing-facts" role="status">
        <span>
          {isFiles && preview?.kind === "text"
            ? bytesWords(preview.bytes)
            : factsOf(type, isSecret, preview).join(" · ")}
        </span>
        {isGrowing(preview) && <span className="crossing-growing">{nameOf(from)} is still sending</span>}
        {hidden > 0 && (
          <span className="crossing-hidden">
            <TriangleAlert size={13} aria-hidden="true" />
            {countOf(hidden, "hidden character")}, shown here
          </span>
        )}
      </p>
    </>
  );
}

function isGrowing(preview: CrossingPreview | null): boolean {
  return preview !== null && preview.kind !== "hidden" && !preview.isComplete;
}

function isCut({ text, bytes, isComplete }: Extract<CrossingPreview, { kind: "text" }>): boolean {
  return !isComplete || utf8Bytes(text) < bytes;
}

function hiddenIn(text: string): number {
  return revealHidden(text).filter((piece) => "code" in piece && piece.code !== "U+0009").length;
}

function factsOf(type: string | null, isSecret: boolean, preview: CrossingPreview | null): string[] {
  const facts = [isSecret ? "a password manager’s secret" : (type?.split(";", 1)[0] ?? "no type")];
  switch (preview?.kind) {
    case undefined:
      return facts;
    case "text":
      if (!isCut(preview))
        facts.push(
          countOf(preview.text.split("\n").length, "line"),
          countOf(Array.from(preview.text).length, "character"),
        );
      return [...facts, bytesWords(preview.bytes)];
    case "picture":
      return [...facts, `${preview.picture.fullWidth} × ${preview.picture.fullHeight}`, bytesWords(preview.bytes)];
    case "none":
      return [...facts, bytesWords(preview.bytes)];
    case "hidden":
      return [...facts, preview.characters === null ? "hidden" : `hidden, ${countOf(preview.characters, "character")}`];
  }
}

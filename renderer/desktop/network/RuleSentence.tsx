/** A rule as a sentence, made of a connection: what it would have changed is listed before it is written. */
import { CircleCheck, CircleX, EyeOff, History, Unplug } from "lucide-react";
import { useState } from "react";
import type { RequestInput, RequestOutput } from "#shared/ipc/index.ts";
import { registrableDomain } from "#shared/model/domain.ts";
import { POLICY_DECISIONS, type PolicyDecision } from "#shared/model/policy.ts";
import { useShell } from "../../shell/shell.ts";
import { useRequest } from "../../shell/use-request.ts";
import { Bars } from "../../ui/Bars.tsx";
import { bytesWords, countOf, countWords } from "../../ui/format.ts";
import { RevealedText } from "../../ui/GuestText.tsx";
import { LabelShape } from "../../ui/LabelShape.tsx";
import type { VmTag } from "../../ui/Tag.tsx";
import { destinationWord, type FlowRow, hidingWords, targetsOf, withPort } from "./network-model.ts";

const MAY: Readonly<Record<PolicyDecision, string>> = { allow: "may", deny: "may not", ask: "must ask to" };
const PAST: Readonly<Record<PolicyDecision, string>> = { allow: "allowed", deny: "denied", ask: "asked" };
const DURATIONS = [
  [60, "1 h"],
  [null, "always"],
] as const;
/** More flips are counted, not listed. */
const LISTED_FLIPS = 5;
const TIME = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", hour: "2-digit", minute: "2-digit" });

interface RuleSentenceProps {
  tag: VmTag;
  row: FlowRow;
  close: () => void;
}

export function RuleSentence({ tag, row, close }: RuleSentenceProps) {
  const { policyChanges } = useShell();
  const { name, port, toVm } = row;
  const targets = targetsOf(row, name === null ? null : registrableDomain(name));
  const [decision, setDecision] = useState<PolicyDecision>(row.verdict === "allow" ? "deny" : "allow");
  const [target, setTarget] = useState(targets[0] ?? "");
  const [isOnPort, setOnPort] = useState(port !== null);
  const [minutes, setMinutes] = useState<number | null>(null);
  const hiding = hidingWords(row);
  // Nobody is asked about another VM.
  const decisions = POLICY_DECISIONS.filter((one) => toVm === null || one !== "ask");
  // What hides names is let pass by nothing but its own port, and QUIC's is one of UDP.
  const protocol = hiding !== null && row.protocol === "udp" ? "/udp" : "";
  const to = isOnPort && port !== null ? `${withPort(target, port)}${protocol}` : target;
  const proposed: RequestInput<"network.tryRule"> = {
    vm: tag.name,
    to,
    about: destinationWord(row),
    decision,
    minutes,
  };
  const { value: price, error } = useRequest("network.tryRule", proposed, ["policy.changed"]);
  const isReady = price !== null && price.rule !== null && price.tests.every(({ ok }) => ok);
  const write = (): void => {
    void policyChanges.connect(proposed);
    close();
  };
  return (
    <div className="rule-sentence" role="group" aria-label="Make a rule">
      <div className="rule-words">
        <span className="party-name" data-label={tag.label}>
          <LabelShape label={tag.label} />
          <b>{tag.name}</b>
        </span>
        <Choice
          label="Decision"
          choices={decisions.map((one) => [one, MAY[one]] as const)}
          chosen={decision}
          choose={setDecision}
        />
        <span>reach</span>
        <Choice
          label="Destination"
          choices={targets.map((one) => [one, targetWords(one, row)] as const)}
          chosen={target}
          choose={setTarget}
        />
        {port !== null && (
          <Choice
            label="Ports"
            choices={
              hiding === null
                ? [[true, `on ${port}`] as const, [false, "on all ports"] as const]
                : [[true, `on ${port}${protocol}`] as const]
            }
            chosen={isOnPort}
            choose={setOnPort}
          />
        )}
        <Choice label="For how long" choices={DURATIONS} chosen={minutes} choose={setMinutes} />
      </div>
      {error !== null && <p className="inspector-error">{error}</p>}
      {price === null && error === null && <Bars count={2} />}
      {price !== null && <Flips price={price} />}
      <footer>
        {price !== null && (
          <Effects price={price} hiding={decision === "deny" || toVm !== null ? null : (hiding ?? STAYS_REFUSED)} />
        )}
        <button type="button" className="button" onClick={close}>
          Cancel
        </button>
        <button type="button" className="button" data-kind="main" disabled={!isReady} onClick={write}>
          Write rule
        </button>
      </footer>
    </div>
  );
}

function targetWords(target: string, { name, toVm }: FlowRow): string {
  if (toVm !== null) return `VM ${toVm}`;
  return target === name ? "this name" : target;
}

interface ChoiceProps<Value> {
  label: string;
  choices: readonly (readonly [Value, string])[];
  chosen: Value;
  choose: (value: Value) => void;
}

function Choice<Value>({ label, choices, chosen, choose }: ChoiceProps<Value>) {
  return (
    <div className="segments" role="radiogroup" aria-label={label}>
      {choices.map(([value, words]) => (
        <button key={words} type="button" role="radio" aria-checked={value === chosen} onClick={() => choose(value)}>
          <RevealedText text={words} />
        </button>
      ))}
    </div>
  );
}

type Price = RequestOutput<"network.tryRule">;

function Flips({ price: { flips, flipCount, flowCount } }: { price: Price }) {
  return (
    <div className="rule-flips">
      <h4>
        <History size={14} aria-hidden="true" />
        {flipCount === 0 ? (
          <span>Would have changed nothing of the last week</span>
        ) : (
          <span>Would have changed {countOf(flipCount, "flow")} of the last week</span>
        )}
        <small>of {countWords(flowCount)}</small>
      </h4>
      {flips.length > 0 && (
        <ul>
          {flips.slice(0, LISTED_FLIPS).map(({ flow, now }, at) => (
            <li key={at}>
              <time>{TIME.format(flow.endedMs)}</time>
              <RevealedText text={destinationWord(flow)} />
              <span className="rule-flip">
                {bytesWords(flow.bytesOut + flow.bytesIn)}
                <b data-decision={flow.verdict}>{PAST[flow.verdict]}</b>→<b data-decision={now}>{PAST[now]}</b>
              </span>
            </li>
          ))}
        </ul>
      )}
      {flipCount > LISTED_FLIPS && <p>and {countWords(flipCount - LISTED_FLIPS)} more</p>}
    </div>
  );
}

/** Of every rule that lets something pass. */
const STAYS_REFUSED = "QUIC, and look-ups past the firewall, stay refused";

function Effects({ price: { rule, tests, ends }, hiding }: { price: Price; hiding: string | null }) {
  const failing = tests.filter(({ ok }) => !ok);
  return (
    <ul className="rule-facts">
      {ends > 0 && (
        <li>
          <Unplug size={14} aria-hidden="true" />
          ends {countOf(ends, "open flow")}
        </li>
      )}
      {failing.length === 0 ? (
        <li data-tone="good">
          <CircleCheck size={14} aria-hidden="true" />
          {countOf(tests.length, "test")} {tests.length === 1 ? "holds" : "hold"}
        </li>
      ) : (
        <li data-tone="bad">
          <CircleX size={14} aria-hidden="true" />
          the test “{failing[0]?.name}” would fail
        </li>
      )}
      {hiding !== null && (
        <li>
          <EyeOff size={14} aria-hidden="true" />
          {hiding}
        </li>
      )}
      <li>
        <code>{rule === null ? "policy.yaml says so already" : `line ${rule.line}: ${rule.text}`}</code>
      </li>
    </ul>
  );
}

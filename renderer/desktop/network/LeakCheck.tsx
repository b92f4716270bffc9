/** Ways out of a VM, tried from inside when a person asks for it: those that lead where they must not come first. */
import { CircleCheck, CircleX, ShieldCheck } from "lucide-react";
import { useState } from "react";
import type { RequestOutput } from "#shared/ipc/index.ts";
import type { LeakFinding } from "#shared/model/network.ts";
import { useShell } from "../../shell/shell.ts";
import { Bars } from "../../ui/Bars.tsx";
import { countOf } from "../../ui/format.ts";

/** null: it is under way. */
type Checked = { findings: RequestOutput<"network.check"> } | { error: string } | null;

interface LeakCheck {
  /** undefined: nobody has asked. */
  readonly checked: Checked | undefined;
  readonly check: () => void;
  readonly close: () => void;
}

export function useLeakCheck(vm: string): LeakCheck {
  const { bridge } = useShell();
  const [checked, setChecked] = useState<Checked>();
  const check = async (): Promise<void> => {
    setChecked(null);
    const given = await bridge.request("network.check", { vm });
    setChecked(given.ok ? { findings: given.value } : { error: given.error.message });
  };
  return { checked, check: () => void check(), close: () => setChecked(undefined) };
}

export function LeakButton({ name, leaks }: { name: string; leaks: LeakCheck }) {
  return (
    <button
      type="button"
      className="link leak-check"
      aria-label={`Check ${name} for leaks`}
      disabled={leaks.checked === null}
      onClick={leaks.check}
    >
      <ShieldCheck size={13} aria-hidden="true" />
      {leaks.checked === null ? "Checking…" : "Check for leaks"}
    </button>
  );
}

export function LeakFindings({ name, leaks: { checked, close } }: { name: string; leaks: LeakCheck }) {
  if (checked === undefined) return null;
  if (checked === null) return <Bars count={2} />;
  return (
    <div className="leak-findings" role="status" aria-label={`Leaks of ${name}`}>
      {"error" in checked ? (
        <p className="inspector-error">{checked.error}</p>
      ) : (
        <Findings findings={checked.findings} />
      )}
      <button type="button" className="link" onClick={close}>
        Close
      </button>
    </div>
  );
}

const WORDS: Readonly<Record<LeakFinding["result"], string>> = {
  leak: "was reached",
  "not-tried": "was not tried",
  allowed: "is allowed",
  held: "holds",
};

function Findings({ findings }: { findings: RequestOutput<"network.check"> }) {
  const leaks = findings.filter(({ result }) => result === "leak");
  const allowed = findings.filter(({ result }) => result === "allowed");
  const untried = findings.filter(({ result }) => result === "not-tried");
  return (
    <>
      <p>
        {leaks.length + untried.length === 0 ? (
          <b data-tone="good">
            <CircleCheck size={13} aria-hidden="true" />
            Nothing leaks.
          </b>
        ) : (
          <b data-tone="bad">
            <CircleX size={13} aria-hidden="true" />
            {countOf(leaks.length, "leak")}
            {untried.length > 0 && `, ${untried.length} not tried`}.
          </b>
        )}{" "}
        {countOf(findings.length - untried.length, "way")} out of it tried, {allowed.length} of them open because its
        rules allow it.
      </p>
      <ul>
        {[...leaks, ...untried, ...allowed].map(({ title, to, result }) => (
          <li key={`${title} ${to}`} data-result={result}>
            {title} <code>{to}</code> {WORDS[result]}
          </li>
        ))}
      </ul>
    </>
  );
}

/** What is wrong with the policy, above all of it: a file that is not in force, rules whose VM is gone. */
import { FileWarning, TriangleAlert, UserRoundX } from "lucide-react";
import type { RequestOutput } from "#shared/ipc/index.ts";
import { useShell } from "../../shell/shell.ts";

type PolicyState = RequestOutput<"policy.state">;

interface PolicyStripsProps {
  state: PolicyState;
  /** Shows this line of policy.yaml. */
  showLine: (line: number) => void;
}

export function PolicyStrips({ state, showLine }: PolicyStripsProps) {
  return (
    <>
      {state.problem !== null && <FileStrip state={state} problem={state.problem} showLine={showLine} />}
      {state.unbound
        .filter(({ fate }) => fate === "removed")
        .map((unbound) => (
          <RemovedStrip key={unbound.name} unbound={unbound} />
        ))}
    </>
  );
}

interface FileStripProps extends PolicyStripsProps {
  problem: NonNullable<PolicyState["problem"]>;
}

function FileStrip({ state, problem, showLine }: FileStripProps) {
  const { policyChanges } = useShell();
  const isBroken = state.state === "broken";
  const Icon = isBroken ? FileWarning : TriangleAlert;
  return (
    <div className="strip" data-tone={isBroken ? "bad" : "warning"} role="alert">
      <Icon size={15} aria-hidden="true" />
      <p>
        <strong>
          policy.yaml, line {problem.line}:{" "}
          {isBroken ? "nothing may cross until it is fixed" : "it is not in force, the rules before it are"}
        </strong>
        <span>{problem.reason}</span>
      </p>
      <code>atoll policy edit</code>
      <button type="button" className="button" onClick={() => showLine(problem.line)}>
        Show line {problem.line}
      </button>
      {state.hasLastGood && (
        <button type="button" className="button" onClick={() => void policyChanges.restore()}>
          Use the last good one
        </button>
      )}
    </div>
  );
}

function RemovedStrip({ unbound: { name, lines, hasHeir } }: { unbound: PolicyState["unbound"][number] }) {
  const { send, policyChanges } = useShell();
  return (
    <div className="strip" data-tone="warning">
      <UserRoundX size={15} aria-hidden="true" />
      <p>
        <strong>
          <s>{name}</s> was removed: {lines.length === 1 ? `line ${lines[0]}` : `lines ${lines.join(", ")}`}{" "}
          {lines.length === 1 ? "matches" : "match"} nothing
        </strong>
        <span>
          {hasHeir
            ? `There is a new VM called ${name}. It has none of the former one’s rules until you give them to it.`
            : "A new VM of that name would not have them either."}
        </span>
      </p>
      {hasHeir && (
        <button type="button" className="button" onClick={() => send("policy.takeOver", { name })}>
          Take over
        </button>
      )}
      <button type="button" className="button" onClick={() => void policyChanges.deleteRules(name)}>
        Delete
      </button>
    </div>
  );
}

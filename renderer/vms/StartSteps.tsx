/** How far a start has come, in its three real steps: the machine, the guest's boot, its agent. Nothing is estimated. */
import "./start-steps.css";
import { START_PHASES, type StartPhase } from "#shared/model/vm.ts";

export function StartSteps({ phase }: { phase: StartPhase | null }) {
  const done = phase === null ? 0 : START_PHASES.indexOf(phase);
  return (
    <span
      className="start-steps"
      role="progressbar"
      aria-label="Start"
      aria-valuemin={0}
      aria-valuemax={START_PHASES.length}
      aria-valuenow={done}
    >
      {START_PHASES.map((step, index) => (
        <span key={step} data-step={index < done ? "done" : index === done ? "now" : undefined} />
      ))}
    </span>
  );
}

/** Rules of the policy that a service enforces, or that say who may use it, in their order. */
import type { ServiceView } from "#shared/model/service.ts";
import { useRequest } from "../../shell/use-request.ts";
import { DECISIONS, untilWords } from "../policy/decision-words.ts";

export interface RulesPanelProps {
  title: string;
  service: Pick<ServiceView, "name" | "rights">;
}

export function RulesPanel({ title, service: { name, rights } }: RulesPanelProps) {
  const { value, error } = useRequest("policy.list", {}, ["policy.changed"]);
  const enforcesNetwork = rights.some(({ id, asked }) => id === "network-rules" && asked);
  const rules = (value?.rules ?? []).filter(
    ({ action, to }) => (action === "net.connect" && enforcesNetwork) || (action === "service.use" && to === name),
  );
  return (
    <section className="service-part" aria-label={title}>
      <h4>{title}</h4>
      {error !== null && <p>{error}</p>}
      {value !== null && rules.length === 0 && (
        <p>No rule of the policy is about it: what it would let pass is denied.</p>
      )}
      {rules.length > 0 && (
        <table aria-label={title}>
          <thead>
            <tr>
              <th data-format="number">Line</th>
              <th data-format="text">From</th>
              <th data-format="text">To</th>
              <th data-format="text">Decision</th>
            </tr>
          </thead>
          <tbody>
            {rules.map(({ line, from, to, decision, until }) => (
              <tr key={line}>
                <td data-format="number">{line}</td>
                <td data-format="text">{from}</td>
                <td data-format="text">{to}</td>
                <td data-format="text">
                  {DECISIONS[decision].title}
                  {until !== null && ` ${untilWords(until)}`}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

/** How much is wrong with the policy until a person does something: as many as PolicyStrips has strips. */
import { useRequest } from "../../shell/use-request.ts";

export function PolicyCount() {
  const state = useRequest("policy.state", {}, ["policy.changed"]).value;
  if (state === null) return null;
  const count = (state.problem === null ? 0 : 1) + state.unbound.filter(({ fate }) => fate === "removed").length;
  return count === 0 ? null : (
    <span className="sheet-count" title="Waiting for you">
      {count}
    </span>
  );
}

/** How many services a person should look at. */
import { useRequest } from "../../shell/use-request.ts";
import { troubled } from "./service-words.ts";

export function ServicesTabCount() {
  const { value: services } = useRequest("service.list", {}, ["service.changed"]);
  const count = troubled(services ?? []);
  return count === 0 ? null : (
    <span className="sheet-count" aria-label={`, ${count} failed`}>
      {count}
    </span>
  );
}

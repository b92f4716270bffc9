/** Why a window does not live any more, over its last picture. */
import { Snowflake } from "lucide-react";
import type { Frozen } from "./state.ts";

const REASONS: Readonly<Record<Frozen["reason"], string>> = {
  "protocol-violation": "Cut off: this VM broke the protocol",
  "agent-lost": "Connection to this VM is lost",
};

export function FrozenBadge({ frozen }: { frozen: Frozen }) {
  return (
    <div className="frozen">
      <div className="frozen-badge" role="status">
        <Snowflake size={15} aria-hidden="true" />
        <div>
          <strong>{REASONS[frozen.reason]}</strong>
          {frozen.detail !== "" && <p>{frozen.detail}</p>}
          <p>This is its last picture.</p>
        </div>
      </div>
    </div>
  );
}

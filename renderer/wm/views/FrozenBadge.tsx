/** Why a window is frozen, over its last frame, and what can be done. */
import { Play, Snowflake } from "lucide-react";
import type { VmId } from "#shared/model/vm.ts";
import { useShell } from "../../shell/shell.ts";
import { GuestText } from "../../ui/GuestText.tsx";
import { canStart } from "../../vms/facts.ts";
import { useVm } from "../../shell/use-vm.ts";
import { frozenWords } from "../model/frozen-words.ts";
import type { Frozen } from "../model/state.ts";

export function FrozenBadge({ frozen, vm: id }: { frozen: Frozen; vm: VmId }) {
  const { send } = useShell();
  const vm = useVm(id);
  const { title, detail, isGuests } = frozenWords(frozen, vm);
  return (
    <div className="frozen">
      <div className="frozen-badge" role="status">
        <Snowflake size={15} aria-hidden="true" />
        <div>
          <strong>{title}</strong>
          {detail !== "" && (
            <p>
              {isGuests === true ? (
                <>
                  {vm?.name} said last: <GuestText text={detail} />
                </>
              ) : (
                detail
              )}
            </p>
          )}
          <p>This is its last picture.</p>
          {vm !== undefined && canStart(vm) && (
            <button type="button" className="button" onClick={() => send("vm.start", { vm: vm.id })}>
              <Play size={13} aria-hidden="true" />
              Start “{vm.name}” again
            </button>
          )}
        </div>
      </div>
    </div>
  );
}

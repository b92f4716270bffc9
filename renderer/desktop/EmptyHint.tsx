/**
 * Shown while there is no window: how far the VMs have started, what was open in them when they last ran, and what to do next.
 */
import "./empty-hint.css";
import { useStore } from "zustand";
import { VM_ROLES, type VmStatus } from "#shared/model/vm.ts";
import { useShell } from "../shell/shell.ts";
import { useRequest } from "../shell/use-request.ts";
import { headline } from "../vms/headline.ts";
import { WaitingVm } from "../vms/WaitingVm.tsx";

export function EmptyHint() {
  const { vms: vmStore, overlays } = useShell();
  // Services have no windows: nobody waits for one.
  const vms = useStore(vmStore, (state) => state.vms).filter(({ role }) => role !== "service");
  const isReady = vms.some((vm) => vm.state === "running");
  const { value: lasts } = useRequest("window.last", {}, ["vm.changed"]);
  const lastOf = ({ name }: VmStatus) => lasts?.find(({ vm }) => vm === name)?.windows ?? [];
  const waiting = vms
    .filter((vm) => vm.state !== "running" || lastOf(vm).length > 0)
    .toSorted((a, b) => VM_ROLES.indexOf(a.role) - VM_ROLES.indexOf(b.role));
  return (
    <div className="empty-hint">
      <h1>{headline(vms)}</h1>
      {isReady && (
        <>
          <p>
            Open a program of any VM: press <kbd>Super</kbd> or
          </p>
          <button
            type="button"
            className="button"
            data-kind="main"
            onClick={() => overlays.open({ kind: "launcher", vm: null })}
          >
            Show all programs
          </button>
        </>
      )}
      {vms.length === 0 && (
        <button
          type="button"
          className="button"
          data-kind="main"
          onClick={() => overlays.open({ kind: "sheet", tab: "vms" })}
        >
          Make one
        </button>
      )}
      {waiting.length > 0 && (
        <ul className="empty-vms">
          {waiting.map((vm) => (
            <WaitingVm key={vm.id} vm={vm} last={lastOf(vm)} />
          ))}
        </ul>
      )}
    </div>
  );
}

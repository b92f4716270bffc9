/** What to do when there is no window yet. */
import { useStore } from "zustand";
import { vmStore } from "../vms/store.ts";
import { setOverlay } from "./store.ts";

export function EmptyHint() {
  const vms = useStore(vmStore, (state) => state.vms);
  const running = vms.filter((vm) => vm.state === "running");
  const starting = vms.filter((vm) => vm.state === "starting");
  if (running.length === 0 && starting.length > 0) {
    return (
      <div className="empty-hint">
        <h1>
          {starting.length === 1 ? `${starting[0]?.name ?? ""} is starting` : `${starting.length} VMs are starting`}
        </h1>
        <p>Their programs can be opened as soon as they are up.</p>
      </div>
    );
  }
  if (running.length === 0) {
    return (
      <div className="empty-hint">
        <h1>No VM is running</h1>
        <p>Start one from its chip in the bar above.</p>
      </div>
    );
  }
  return (
    <div className="empty-hint">
      <h1>Calm water</h1>
      <p>
        Open a program of any VM: press <kbd>Super</kbd> or
      </p>
      <button type="button" onClick={() => setOverlay({ kind: "launcher" })}>
        Show all programs
      </button>
    </div>
  );
}

/**
 * The welcome of the first start. It lies on the desktop below every window and never has the keyboard: nothing waits for it, and
 * no key that is meant for a window reaches it.
 */
import "./welcome.css";
import { X } from "lucide-react";
import { useStore } from "zustand";
import { useShell } from "../../shell/shell.ts";
import { headline } from "../../vms/headline.ts";
import { WaitingVm } from "../../vms/WaitingVm.tsx";
import { Tag } from "../../ui/Tag.tsx";
import { Gestures } from "./Gestures.tsx";
import { MachineChecks } from "./MachineChecks.tsx";

export function Welcome() {
  const { desktop, send, vms: vmStore } = useShell();
  // Services have no windows: nobody waits for one.
  const vms = useStore(vmStore, (state) => state.vms).filter(({ role }) => role !== "service");
  const isReady = vms.some((vm) => vm.state === "running");
  const putAway = (): void => {
    desktop.setState({ isWelcome: false });
    send("desktop.welcomed", {});
  };
  return (
    <section className="welcome" aria-labelledby="welcome-title">
      <header>
        <h1 id="welcome-title">Welcome to Atoll</h1>
        <p>Many virtual machines, one desktop. Each keeps to itself; its colour and shape say which one you are in.</p>
        <button type="button" className="welcome-close" aria-label="Close the welcome" onClick={putAway}>
          <X size={15} aria-hidden="true" />
        </button>
      </header>
      <div className="welcome-parts">
        <section className="welcome-part" aria-labelledby="welcome-machine">
          <h2 id="welcome-machine">This computer</h2>
          <MachineChecks />
        </section>
        <section className="welcome-part" aria-labelledby="welcome-vms">
          <h2 id="welcome-vms">{headline(vms)}</h2>
          <ul>
            {vms.map((vm) =>
              vm.state === "running" ? (
                <li key={vm.id} className="waiting-vm" data-label={vm.label}>
                  <Tag tag={vm} />
                  <span className="waiting-fact">ready</span>
                </li>
              ) : (
                <WaitingVm key={vm.id} vm={vm} />
              ),
            )}
          </ul>
        </section>
      </div>
      <Gestures />
      <footer>
        <button type="button" className="button" data-kind={isReady ? "main" : undefined} onClick={putAway}>
          {isReady ? "Start using it" : "Skip"}
        </button>
        <p>It comes once. The menu “Atoll”, “First steps” brings it back.</p>
      </footer>
    </section>
  );
}

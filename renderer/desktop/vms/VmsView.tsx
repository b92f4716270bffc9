/** All VMs: a line for each, and beside them what there is of the chosen one, or the form of a new one. */
import "../services/services.css";
import "./vms.css";
import { Globe, MonitorOff, Network, Pause, Play, Plus, Power, ShieldCheck, Unplug } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useRef, useState } from "react";
import { useStore } from "zustand";
import type { TemplateView } from "#shared/model/template.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import { useShell } from "../../shell/shell.ts";
import { useRequest } from "../../shell/use-request.ts";
import { Tag } from "../../ui/Tag.tsx";
import { buildFact, canStart, factOf } from "../../vms/facts.ts";
import { STOP_WAIT_S } from "../../vms/stop.ts";
import { NewVm } from "./NewVm.tsx";
import { VmDetail } from "./VmDetail.tsx";
import { networkWords, roleWords, sectionsOf, sizeOf, sizeWords, summaryOf } from "./vm-words.ts";

export function VmsView() {
  const { vms: store } = useShell();
  const vms = useStore(store, (state) => state.vms);
  const { value: templates } = useRequest("template.list", {}, ["template.ended"]);
  const [chosen, setChosen] = useState<VmId | null>(null);
  const [isMaking, setMaking] = useState(false);
  const sections = sectionsOf(vms);
  const shown = sections.flatMap((section) => section.vms);
  const vm = shown.find(({ id }) => id === chosen) ?? shown[0];
  const choose = (id: VmId): void => {
    setChosen(id);
    setMaking(false);
  };
  return (
    <section className="services vms" aria-label="VMs">
      <header className="services-head">
        <div>
          <h2>VMs</h2>
          <p>{summaryOf(vms)}</p>
        </div>
        <button
          type="button"
          className="button icon-button"
          data-kind="main"
          disabled={isMaking}
          onClick={() => setMaking(true)}
        >
          <Plus size={14} aria-hidden="true" />
          New VM
        </button>
      </header>
      <div className="vms-room">
        <div className="vms-list">
          {shown.length > 0 && (
            <Rows sections={sections} shown={vm?.id ?? null} templates={templates ?? []} choose={choose} />
          )}
          {shown.length === 0 && <None />}
        </div>
        {isMaking ? (
          <NewVm
            vms={vms}
            templates={templates ?? []}
            end={(made) => {
              if (made !== null) setChosen(made);
              setMaking(false);
            }}
          />
        ) : (
          vm !== undefined && <VmDetail key={vm.id} vm={vm} templates={templates ?? []} />
        )}
      </div>
    </section>
  );
}

function None() {
  return (
    <div className="services-none">
      <MonitorOff size={28} strokeWidth={1.5} aria-hidden="true" />
      <strong>There is no VM yet</strong>
      <p>
        Make one with “New VM”, or in a terminal: <code>atoll vm create work --label blue</code>
      </p>
    </div>
  );
}

const HEADS = ["State", "For", "Network", "Template", "Memory"];

interface RowsProps {
  sections: ReturnType<typeof sectionsOf>;
  /** Of the one that is shown. */
  shown: VmId | null;
  templates: readonly TemplateView[];
  choose: (id: VmId) => void;
}

function Rows({ sections, shown, templates, choose }: RowsProps) {
  const { send } = useShell();
  const list = useRef<HTMLDivElement>(null);
  const all = sections.flatMap(({ vms }) => vms);
  const walk = (event: ReactKeyboardEvent): void => {
    const at = all.findIndex(({ id }) => id === shown);
    const vm = all[at];
    if (vm === undefined) return;
    const last = all.length - 1;
    const goes = { ArrowDown: Math.min(at + 1, last), ArrowUp: Math.max(at - 1, 0), Home: 0, End: last }[event.key];
    if (goes !== undefined) {
      choose(all[goes]?.id ?? vm.id);
      list.current?.querySelectorAll<HTMLElement>('[role="radio"]')[goes]?.focus();
    } else if (event.key === "Enter" && canStart(vm)) send("vm.start", { vm: vm.id, waitS: null });
    else return;
    event.preventDefault();
  };
  return (
    <div ref={list} className="vm-rows" role="radiogroup" aria-label="VMs">
      {sections.map(({ title, vms }, at) => (
        <div key={title} className="vm-section" role="group" aria-label={title}>
          <div className="vm-heads">
            <h3>{title}</h3>
            {/* Once, above all. */}
            {at === 0 && HEADS.map((head) => <span key={head}>{head}</span>)}
          </div>
          {vms.map((vm) => (
            <Row
              key={vm.id}
              vm={vm}
              isShown={vm.id === shown}
              templates={templates}
              choose={() => choose(vm.id)}
              onKeyDown={walk}
            />
          ))}
        </div>
      ))}
    </div>
  );
}

interface RowProps {
  vm: VmStatus;
  isShown: boolean;
  templates: readonly TemplateView[];
  choose: () => void;
  /** Arrow keys, and Enter. */
  onKeyDown: (event: ReactKeyboardEvent) => void;
}

const NETWORK_ICONS = { none: Unplug, firewall: ShieldCheck, direct: Globe } as const;

function Row({ vm, isShown, templates, choose, onKeyDown }: RowProps) {
  const { kiosks: kioskStore, templates: templateStore } = useShell();
  const kiosks = useStore(kioskStore, (state) => state.kiosks);
  const build = useStore(templateStore, ({ builds }) => (vm.template === null ? undefined : builds[vm.template]));
  const fact = build !== undefined && vm.state === "stopped" ? buildFact(build) : factOf(vm);
  const NetworkSign = vm.network === null ? Network : NETWORK_ICONS[vm.network];
  const size = sizeWords(sizeOf(vm, templates));
  const [role, network] = [roleWords(vm, kiosks), networkWords(vm)];
  return (
    <div className="vm-row" data-shown={isShown || undefined} data-off={canStart(vm) || undefined}>
      <button
        type="button"
        role="radio"
        aria-checked={isShown}
        aria-label={[vm.name, fact.text, role, `network: ${network}`, vm.template ?? vm.driver, size].join(", ")}
        tabIndex={isShown ? 0 : -1}
        className="vm-line"
        onClick={choose}
        onKeyDown={onKeyDown}
      >
        <Tag tag={vm} />
        <span className="vm-state" data-tone={fact.tone} data-state={vm.state}>
          {fact.text}
        </span>
        <span>{role}</span>
        <span className="vm-network" data-network={vm.network}>
          <NetworkSign size={13} aria-hidden="true" />
          <span>{network}</span>
        </span>
        <span>{vm.template ?? vm.driver}</span>
        <span>{size}</span>
      </button>
      <RowAction vm={vm} isShown={isShown} />
    </div>
  );
}

/** What is done to it most, in one press. */
function RowAction({ vm, isShown }: { vm: VmStatus; isShown: boolean }) {
  const { send } = useShell();
  const { id, name, state } = vm;
  const actions = canStart(vm)
    ? ([[Play, `Start ${name}`, () => send("vm.start", { vm: id, waitS: null })]] as const)
    : state === "paused"
      ? ([[Play, `Resume ${name}`, () => send("vm.resume", { vm: id, waitS: null })]] as const)
      : state === "running"
        ? ([
            [Pause, `Pause ${name}`, () => send("vm.pause", { vm: id, waitS: null })],
            [Power, `Shut ${name} down`, () => send("vm.stop", { vm: id, waitS: STOP_WAIT_S })],
          ] as const)
        : [];
  return (
    <span className="vm-row-actions">
      {actions.map(([Icon, words, run]) => (
        <button key={words} type="button" aria-label={words} title={words} tabIndex={isShown ? 0 : -1} onClick={run}>
          <Icon size={14} aria-hidden="true" />
        </button>
      ))}
    </span>
  );
}

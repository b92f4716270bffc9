/** The programs of all running VMs, to search and launch. No guest gets keys while it is open. */
import "../ui/launcher.css";
import { FolderOpen, Search } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useMemo, useState } from "react";
import { useStore } from "zustand";
import type { OfferedApp } from "#shared/model/app.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import type { LaunchState } from "../shell/launches.ts";
import { useShell } from "../shell/shell.ts";
import { openChosenFile } from "../vms/host-files.ts";
import { Tag } from "../ui/Tag.tsx";
import { iconOf } from "../ui/app-icon.ts";
import { appKey, searchApps, type SearchOrder } from "./app-search.ts";
import { useApps } from "./use-apps.ts";

export function Launcher({ only }: { only: VmId | null }) {
  const shell = useShell();
  const { vms: vmStore, overlays, launches, send } = shell;
  const vms = useStore(vmStore, (state) => state.vms);
  const [query, setQuery] = useState("");
  /** The chosen program, not its index: when another VM answers, Enter must not launch that VM's program. null: the first. */
  const [chosenKey, setChosenKey] = useState<string | null>(null);
  const onlyVm = vms.find((vm) => vm.id === only);
  const asked = vms.filter(
    (vm) => vm.state === "running" && vm.role !== "service" && (onlyVm === undefined || vm === onlyVm),
  );
  const { apps, answers } = useApps(asked.map((vm) => vm.id));
  const recent = useStore(launches, (state) => state.recent);
  const found = useMemo(() => searchApps(apps, query, orderOf(vms, recent)), [apps, query, vms, recent]);
  const known = found.findIndex((app) => appKey(app) === chosenKey);
  if (known === -1 && found[0] !== undefined) setChosenKey(appKey(found[0]));
  const chosen = Math.max(0, known);
  const namesOf = (isMeant: (answer: readonly OfferedApp[] | null | undefined) => boolean): string =>
    asked.flatMap((vm) => (isMeant(answers.get(vm.id)) ? vm.name : [])).join(", ");
  const waiting = namesOf((answer) => answer === undefined);
  const silent = namesOf((answer) => answer === null);
  const start = (app: OfferedApp | undefined): void => {
    const vm = vms.find(({ name }) => name === app?.vm);
    if (app === undefined || vm === undefined) return;
    overlays.close();
    void launches.launch(vm.id, app);
  };
  /** The same program of the same template, in a VM that is made for it and gone with its last window. */
  const startInDisposable = (app: OfferedApp | undefined): void => {
    const vm = vms.find(({ name }) => name === app?.vm);
    if (app === undefined || vm === undefined) return;
    overlays.close();
    send("disposable.start", { forVm: vm.id, program: { appId: app.id } });
  };
  const choose = (app: OfferedApp | undefined): void => setChosenKey(app === undefined ? null : appKey(app));
  const onKey = (event: ReactKeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") overlays.close();
    // A button that has the focus is pressed by it.
    else if (event.key === "Enter" && event.target instanceof HTMLButtonElement) return;
    else if (event.key === "Enter" && event.shiftKey) startInDisposable(found[chosen]);
    else if (event.key === "Enter") start(found[chosen]);
    else if (step !== undefined) choose(found[Math.max(0, Math.min(found.length - 1, chosen + step))]);
    else return;
    event.preventDefault();
  };

  return (
    <div className="launcher" onPointerDown={(event) => event.target === event.currentTarget && overlays.close()}>
      <section className="launcher-panel" role="dialog" aria-label="Programs" onKeyDown={onKey}>
        <label className="launcher-search">
          <Search size={17} aria-hidden="true" />
          <input
            autoFocus
            type="text"
            role="combobox"
            aria-expanded="true"
            aria-controls="launcher-list"
            aria-activedescendant={found[chosen] === undefined ? undefined : optionId(chosen)}
            placeholder={onlyVm === undefined ? "Search programs of all VMs" : `Search programs of ${onlyVm.name}`}
            aria-label="Search programs"
            spellCheck={false}
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setChosenKey(null);
            }}
          />
        </label>
        <ul id="launcher-list" className="launcher-list" role="listbox" aria-label="Programs">
          {found.map((app, index) => {
            const Icon = iconOf(app.kind);
            const vm = vms.find(({ name }) => name === app.vm);
            return (
              <li
                key={appKey(app)}
                id={optionId(index)}
                role="option"
                aria-selected={index === chosen}
                aria-label={`${app.name}, ${app.vm}`}
                onPointerMove={() => index !== chosen && choose(app)}
                onClick={(event) => (event.shiftKey ? startInDisposable(app) : start(app))}
                ref={(element) => {
                  if (index === chosen) element?.scrollIntoView({ block: "nearest" });
                }}
              >
                <Icon size={18} strokeWidth={1.75} aria-hidden="true" />
                <span className="launcher-name">{app.name}</span>
                <Tag tag={{ name: app.vm, label: vm?.label ?? "slate" }} />
              </li>
            );
          })}
        </ul>
        {found.length === 0 && waiting === "" && (
          <p className="launcher-none">
            {query !== "" ? `No program is called “${query}”.` : "No programs found in the running VMs."}
          </p>
        )}
        {found[chosen] !== undefined && (
          <footer className="launcher-actions">
            <button type="button" className="button" onClick={() => startInDisposable(found[chosen])}>
              Start in disposable
            </button>
            <kbd>Shift+Enter</kbd>
          </footer>
        )}
        {asked.length > 0 && (
          <button
            type="button"
            className="launcher-open"
            onClick={() => {
              overlays.close();
              void openChosenFile(shell, onlyVm ?? null);
            }}
          >
            <FolderOpen size={15} aria-hidden="true" />
            Open a file of this computer{onlyVm === undefined ? "" : ` in ${onlyVm.name}`}…
          </button>
        )}
        {waiting + silent !== "" && (
          <p className="launcher-waiting" role="status">
            {waiting !== "" && `Asking ${waiting}… `}
            {silent !== "" && `No answer from ${silent}.`}
          </p>
        )}
      </section>
    </div>
  );
}

function orderOf(vms: readonly VmStatus[], recent: LaunchState["recent"]): SearchOrder {
  const names = new Map(vms.map(({ id, name }) => [id, name]));
  return {
    vms: [...names.values()],
    recent: recent.map(({ vm, appId }) => appKey({ vm: names.get(vm) ?? "", id: appId })),
  };
}

function optionId(index: number): string {
  return `launcher-${index}`;
}

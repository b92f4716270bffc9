/** The programs of all running VMs, and kiosks, to search and launch. No guest gets keys while it is open. */
import "../ui/launcher.css";
import { FolderOpen, Search } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useMemo, useState } from "react";
import { useStore } from "zustand";
import type { OfferedApp } from "#shared/model/app.ts";
import type { KioskView } from "#shared/model/kiosk.ts";
import type { VmId, VmStatus } from "#shared/model/vm.ts";
import type { LaunchState } from "../shell/launches.ts";
import { useShell } from "../shell/shell.ts";
import { openChosenFile } from "../vms/host-files.ts";
import { Tag } from "../ui/Tag.tsx";
import { iconOf } from "../ui/app-icon.ts";
import { kioskWords, searchKiosks, startable } from "../vms/kiosk-words.ts";
import { keepTabWithin } from "./sheet/keep-tab-within.ts";
import { appKey, searchApps, type SearchOrder } from "./app-search.ts";
import { useApps } from "./use-apps.ts";

/** What can be chosen. */
type Entry = { key: string; app: OfferedApp } | { key: string; kiosk: KioskView };

export function Launcher({ only }: { only: VmId | null }) {
  const shell = useShell();
  const { vms: vmStore, kiosks: kioskStore, overlays, launches, send } = shell;
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
  const kiosks = useStore(kioskStore, (state) => state.kiosks);
  const opening = useStore(kioskStore, (state) => state.opening);
  // Programs first: a name that both have is mostly meant for a VM that runs.
  const entries: Entry[] = [
    ...found.map((app) => ({ key: appKey(app), app })),
    ...(only === null ? searchKiosks(startable(kiosks), query) : []).map((kiosk) => ({
      key: `kiosk ${kiosk.name}`,
      kiosk,
    })),
  ];
  const namesOf = (isMeant: (answer: readonly OfferedApp[] | null | undefined) => boolean): string =>
    asked.flatMap((vm) => (isMeant(answers.get(vm.id)) ? vm.name : [])).join(", ");
  const waiting = namesOf((answer) => answer === undefined);
  const silent = namesOf((answer) => answer === null);
  const [first] = entries;
  // Kiosks are there at once: until the VMs' programs come, none is chosen by itself.
  const choosesFirst = first !== undefined && ("app" in first || waiting === "" || query !== "");
  const known = entries.findIndex(({ key }) => key === chosenKey);
  if (known === -1 && choosesFirst) setChosenKey(first.key);
  const chosen = choosesFirst ? Math.max(0, known) : known;
  const startKiosk = ({ name }: KioskView): void => {
    overlays.close();
    void kioskStore.start(name);
  };
  const start = (entry: Entry | undefined): void => {
    if (entry === undefined) return;
    if ("kiosk" in entry) return startKiosk(entry.kiosk);
    const { app } = entry;
    const vm = vms.find(({ name }) => name === app.vm);
    if (vm === undefined) return;
    overlays.close();
    void launches.launch(vm.id, app);
  };
  /** The same program of the same template, in a VM that is made for it and gone with its last window. */
  const startInDisposable = (entry: Entry | undefined): void => {
    if (entry === undefined) return;
    // It is one.
    if ("kiosk" in entry) return startKiosk(entry.kiosk);
    const { app } = entry;
    const vm = vms.find(({ name }) => name === app.vm);
    if (vm === undefined) return;
    overlays.close();
    send("disposable.start", { forVm: vm.id, program: { appId: app.id } });
  };
  const choose = (entry: Entry | undefined): void => setChosenKey(entry?.key ?? null);
  const onKey = (event: ReactKeyboardEvent<HTMLElement>): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") overlays.close();
    // A button that has the focus is pressed by it.
    else if (event.key === "Enter" && event.target instanceof HTMLButtonElement) return;
    else if (event.key === "Enter" && event.shiftKey) startInDisposable(entries[chosen]);
    else if (event.key === "Enter") start(entries[chosen]);
    else if (event.key === "Tab") return keepTabWithin(event.currentTarget, event);
    else if (step !== undefined) choose(entries[Math.max(0, Math.min(entries.length - 1, chosen + step))]);
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
            aria-activedescendant={entries[chosen] === undefined ? undefined : optionId(chosen)}
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
          {entries.map((entry, index) => (
            <li
              key={entry.key}
              id={optionId(index)}
              role="option"
              aria-selected={index === chosen}
              aria-label={"app" in entry ? `${entry.app.name}, ${entry.app.vm}` : `${entry.kiosk.title}, disposable`}
              onPointerMove={() => index !== chosen && choose(entry)}
              onClick={(event) => (event.shiftKey ? startInDisposable(entry) : start(entry))}
              ref={(element) => {
                if (index === chosen) element?.scrollIntoView({ block: "nearest" });
              }}
            >
              {"app" in entry ? (
                <AppEntry app={entry.app} vm={vms.find(({ name }) => name === entry.app.vm)} />
              ) : (
                <KioskEntry kiosk={entry.kiosk} isOpening={opening.has(entry.kiosk.name)} />
              )}
            </li>
          ))}
        </ul>
        {entries.length === 0 && waiting === "" && (
          <p className="launcher-none">{noneWords(query, asked.length > 0)}</p>
        )}
        {entries[chosen] !== undefined && "app" in entries[chosen] && (
          <footer className="launcher-actions">
            <button type="button" className="button" onClick={() => startInDisposable(entries[chosen])}>
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

function AppEntry({ app, vm }: { app: OfferedApp; vm: VmStatus | undefined }) {
  const Icon = iconOf(app.kind);
  return (
    <>
      <Icon size={18} strokeWidth={1.75} aria-hidden="true" />
      <span className="launcher-name">{app.name}</span>
      <Tag tag={{ name: app.vm, label: vm?.label ?? "slate" }} />
    </>
  );
}

function KioskEntry({ kiosk, isOpening }: { kiosk: KioskView; isOpening: boolean }) {
  const build = useStore(useShell().templates, ({ builds }) => builds[kiosk.template]);
  const Icon = iconOf(kiosk.kind);
  return (
    <>
      <Icon size={18} strokeWidth={1.75} aria-hidden="true" />
      <span className="launcher-name">{kiosk.title}</span>
      <span className="launcher-note">{kioskWords(kiosk, isOpening, build)}</span>
      <Tag tag={{ name: "disposable", label: "slate" }} />
    </>
  );
}

function noneWords(query: string, isAnyRunning: boolean): string {
  if (!isAnyRunning) return "No VM is running: start one by its name in the top bar.";
  return query === "" ? "No programs found in the running VMs." : `No program is called “${query}”.`;
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

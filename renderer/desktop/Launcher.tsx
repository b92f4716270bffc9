/** All programs of all running VMs, to search and start. The keyboard is the host's while it is open. */
import "./launcher.css";
import { Search } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import type { AppView } from "#shared/ipc/contract.ts";
import type { VmId } from "#shared/model/vm.ts";
import { Tag } from "../ui/Tag.tsx";
import { vmStore } from "../vms/store.ts";
import { iconFor } from "./app-icon.ts";
import { searchApps } from "./app-search.ts";
import { showNotice } from "../ui/notices.ts";
import { bridge } from "./bridge.ts";
import { launch } from "./launches.ts";
import { setOverlay } from "./store.ts";

export function Launcher({ only }: { only: VmId | null }) {
  const vms = useStore(vmStore, (state) => state.vms);
  const [apps, setApps] = useState<AppView[] | null>(null);
  const [query, setQuery] = useState("");
  const [chosen, setChosen] = useState(0);
  const runningKey = vms
    .filter((vm) => vm.state === "running")
    .map((vm) => vm.id)
    .join();

  useEffect(() => {
    let isOver = false;
    void bridge.request("app.list", { vm: null }).then((answer) => {
      if (isOver) return;
      if (answer.ok) setApps(answer.value);
      else showNotice(answer.error.message);
    });
    return () => {
      isOver = true;
    };
  }, [runningKey]);

  const onlyVm = vms.find((vm) => vm.id === only);
  const found = useMemo(() => {
    const offered = (apps ?? []).filter((app) => onlyVm === undefined || app.vm === onlyVm.name);
    return searchApps(offered, query);
  }, [apps, query, onlyVm]);
  const start = (app: AppView | undefined): void => {
    const vm = vms.find((known) => known.name === app?.vm);
    if (app === undefined || vm === undefined) return;
    setOverlay(null);
    void launch(vm.id, app);
  };
  const onKey = (event: ReactKeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") setOverlay(null);
    else if (event.key === "Enter") start(found[chosen]);
    else if (step !== undefined) setChosen(Math.max(0, Math.min(found.length - 1, chosen + step)));
    else return;
    event.preventDefault();
  };

  return (
    <div className="launcher" onPointerDown={(event) => event.target === event.currentTarget && setOverlay(null)}>
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
              setChosen(0);
            }}
          />
        </label>
        <ul id="launcher-list" className="launcher-list" role="listbox" aria-label="Programs">
          {found.map((app, index) => {
            const Icon = iconFor(app.id, app.categories);
            const vm = vms.find((known) => known.name === app.vm);
            return (
              <li
                key={`${app.vm} ${app.id}`}
                id={optionId(index)}
                role="option"
                aria-selected={index === chosen}
                aria-label={`${app.name}, ${app.vm}`}
                onPointerMove={() => index !== chosen && setChosen(index)}
                onClick={() => start(app)}
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
        {found.length === 0 && (
          <p className="launcher-none">
            {apps === null
              ? "Asking the VMs…"
              : query !== ""
                ? `No program is called “${query}”.`
                : "No running VM has told of its programs yet."}
          </p>
        )}
      </section>
    </div>
  );
}

function optionId(index: number): string {
  return `launcher-${index}`;
}

/** All programs of all running VMs, to search and start. The keyboard is the host's while it is open. */
import "./launcher.css";
import { Search } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useEffect, useMemo, useState } from "react";
import { useStore } from "zustand";
import type { AppView } from "#shared/ipc/contract.ts";
import { Tag } from "../ui/Tag.tsx";
import { vmStore } from "../vms/store.ts";
import { iconFor } from "./app-icon.ts";
import { searchApps } from "./app-search.ts";
import { bridge, order } from "./bridge.ts";
import { setOverlay, showNotice } from "./store.ts";

export function Launcher() {
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

  const found = useMemo(() => searchApps(apps ?? [], query), [apps, query]);
  const start = (app: AppView | undefined): void => {
    const vm = vms.find((known) => known.name === app?.vm);
    if (app === undefined || vm === undefined) return;
    setOverlay(null);
    order("app.run", { vm: vm.id, appId: app.id });
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
            placeholder="Search programs of all VMs"
            aria-label="Search programs"
            spellCheck={false}
            value={query}
            onChange={(event) => {
              setQuery(event.target.value);
              setChosen(0);
            }}
          />
        </label>
        <ul className="launcher-list" role="listbox" aria-label="Programs">
          {found.map((app, index) => {
            const Icon = iconFor(app.id, app.categories);
            const vm = vms.find((known) => known.name === app.vm);
            return (
              <li
                key={`${app.vm} ${app.id}`}
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

/**
 * The sheet of Atoll's own views: it grows out of the top bar and lies above all windows of guests, none of which reaches the
 * bar. While it is open no guest gets a key; afterwards the focused window has them again.
 */
import "./sheet.css";
import { Tabs } from "@base-ui/react/tabs";
import { X } from "lucide-react";
import { type KeyboardEvent as ReactKeyboardEvent, useEffect, useRef } from "react";
import type { SheetTab } from "../../shell/overlays.ts";
import { Part, saysNothing } from "../../shell/Part.tsx";
import { useShell } from "../../shell/shell.ts";
import { keepTabWithin } from "./keep-tab-within.ts";
import { SHEET_TABS, SHEET_VIEWS } from "./sheet-tabs.ts";

export function Sheet({ tab }: { tab: SheetTab }) {
  const { overlays } = useShell();
  const sheet = useRef<HTMLElement>(null);
  const focusTab = (): void => sheet.current?.querySelector<HTMLElement>('[role="tab"][aria-selected="true"]')?.focus();
  useEffect(() => {
    // Not yet: a tab that gets the focus before it knows its place among the others keeps the arrow keys to itself.
    queueMicrotask(focusTab);
  }, [tab]);

  useEffect(() => {
    // What had the focus may be gone, as a button that was pressed once: the next keys are no element's then.
    const onLostKey = (event: KeyboardEvent): void => {
      const isLost = document.activeElement === null || document.activeElement === document.body;
      if (!isLost || event.defaultPrevented || (event.key !== "Escape" && event.key !== "Tab")) return;
      event.preventDefault();
      if (event.key === "Escape") overlays.closeIf("sheet");
      else focusTab();
    };
    window.addEventListener("keydown", onLostKey);
    return () => window.removeEventListener("keydown", onLostKey);
  }, [overlays]);

  const show = (shown: SheetTab): void => overlays.open({ kind: "sheet", tab: shown });
  const onKeyDown = (event: ReactKeyboardEvent<HTMLElement>): void => {
    // What is inside the sheet may have used the key for itself.
    if (event.defaultPrevented) return;
    if (event.key === "Escape") overlays.closeIf("sheet");
    else if (event.key === "Tab" && event.ctrlKey) show(neighbourOf(tab, event.shiftKey ? -1 : 1));
    else if (event.key === "Tab") return keepTabWithin(event.currentTarget, event);
    else return;
    event.preventDefault();
  };

  return (
    <div
      className="sheet-layer"
      onPointerDown={(event) => event.target === event.currentTarget && overlays.closeIf("sheet")}
    >
      <section
        ref={sheet}
        className="sheet"
        role="dialog"
        aria-modal="true"
        aria-label={SHEET_VIEWS[tab].title}
        onKeyDown={onKeyDown}
      >
        <Tabs.Root className="sheet-root" value={tab} onValueChange={show}>
          <header className="sheet-head">
            <Tabs.List className="sheet-tabs" aria-label="Views of Atoll" activateOnFocus>
              {SHEET_TABS.map((name) => {
                const { title, Icon, Count } = SHEET_VIEWS[name];
                return (
                  <Tabs.Tab key={name} className="sheet-tab" value={name}>
                    <Icon size={15} aria-hidden="true" />
                    {title}
                    {Count !== undefined && (
                      <Part name={`The count of ${title}`} place={saysNothing}>
                        <Count />
                      </Part>
                    )}
                  </Tabs.Tab>
                );
              })}
            </Tabs.List>
            <kbd className="key">Esc</kbd>
            <button type="button" className="sheet-close" aria-label="Close" onClick={() => overlays.closeIf("sheet")}>
              <X size={15} />
            </button>
          </header>
          {SHEET_TABS.map((name) => {
            const { View, title } = SHEET_VIEWS[name];
            return (
              <Tabs.Panel key={name} className="sheet-view" value={name} tabIndex={-1}>
                <Part name={`The view “${title}”`}>
                  <View />
                </Part>
              </Tabs.Panel>
            );
          })}
        </Tabs.Root>
      </section>
    </div>
  );
}

function neighbourOf(tab: SheetTab, step: 1 | -1): SheetTab {
  return SHEET_TABS.at((SHEET_TABS.indexOf(tab) + step) % SHEET_TABS.length) ?? tab;
}

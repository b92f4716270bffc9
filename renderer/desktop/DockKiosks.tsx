/** Kiosks in the dock: there from the first moment on, whatever VM runs. A dot says that one is ready. */
import { useStore } from "zustand";
import type { KioskView } from "#shared/model/kiosk.ts";
import { useShell } from "../shell/shell.ts";
import { iconOf } from "../ui/app-icon.ts";
import { kioskWords, startable } from "../vms/kiosk-words.ts";

export function DockKiosks() {
  const { kiosks: store } = useShell();
  const kiosks = useStore(store, (state) => state.kiosks);
  const opening = useStore(store, (state) => state.opening);
  return startable(kiosks).map((kiosk) => (
    <DockKiosk key={kiosk.name} kiosk={kiosk} isOpening={opening.has(kiosk.name)} />
  ));
}

function DockKiosk({ kiosk, isOpening }: { kiosk: KioskView; isOpening: boolean }) {
  const { kiosks, templates } = useShell();
  const build = useStore(templates, ({ builds }) => builds[kiosk.template]);
  const Icon = iconOf(kiosk.kind);
  const words = kioskWords(kiosk, isOpening, build);
  return (
    <button
      type="button"
      className={isOpening ? "dock-item dock-launch" : "dock-item"}
      data-kiosk={kiosk.name}
      data-state={isOpening ? "opening" : kiosk.state}
      aria-busy={isOpening}
      aria-label={`${kiosk.title} in a disposable, ${words}`}
      onClick={() => void kiosks.start(kiosk.name)}
    >
      <Icon size={21} strokeWidth={1.75} />
      <span className="dock-kiosk-mark" />
      <span className="dock-tip" aria-hidden="true">
        <b>{kiosk.title}</b> {words}
      </span>
    </button>
  );
}

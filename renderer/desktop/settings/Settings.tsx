/** What can be set without opening a file: the mark on prompts. And what is kept ready. Appearance is in Atoll's menu. */
import "./settings.css";
import { Dices } from "lucide-react";
import { useStore } from "zustand";
import { useShell } from "../../shell/shell.ts";
import { sentence } from "../../ui/format.ts";
import { Mark } from "../../ui/Mark.tsx";
import { kioskWords } from "../../vms/kiosk-words.ts";

export function Settings() {
  const { send } = useShell();
  return (
    <div className="settings">
      <section className="settings-part" aria-labelledby="settings-mark">
        <h2 id="settings-mark">Your mark</h2>
        <p>
          Every question of Atoll shows this mark. No VM can know it: a question that does not show it is not Atoll’s,
          however much it looks like one. Show it to nobody.
        </p>
        <div className="settings-mark">
          <Mark note="At the top of each question" />
          <button type="button" className="button" onClick={() => send("promptMark.draw", {})}>
            <Dices size={14} aria-hidden="true" />
            Draw another
          </button>
        </div>
      </section>
      <Kiosks />
      <p className="settings-more">
        Keyboard layout and more are in the file <code>settings.yaml</code>.
      </p>
    </div>
  );
}

function Kiosks() {
  const { kiosks: store, templates } = useShell();
  const builds = useStore(templates, (state) => state.builds);
  const kiosks = useStore(store, (state) => state.kiosks);
  const opening = useStore(store, (state) => state.opening);
  return (
    <section className="settings-part" aria-labelledby="settings-kiosks">
      <h2 id="settings-kiosks">Kept ready</h2>
      <p>
        Of each kiosk a VM with its program waits, and one for a file that opens in a disposable, paused, while there is
        memory for it: <code>kiosks.memoryMiB</code> in <code>settings.yaml</code>.
      </p>
      <ul className="settings-kiosks">
        {kiosks.map((kiosk) => (
          <li key={kiosk.name}>
            <b>{kiosk.title}</b>
            <span>{sentence(kioskWords(kiosk, opening.has(kiosk.name), builds[kiosk.template]))}</span>
            {kiosk.memoryMiB !== null && <small>{kiosk.memoryMiB} MiB</small>}
          </li>
        ))}
      </ul>
    </section>
  );
}

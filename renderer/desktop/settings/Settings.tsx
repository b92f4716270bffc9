/** What can be set without opening a file: the mark on prompts. Appearance is in Atoll's menu. */
import "./settings.css";
import { Dices } from "lucide-react";
import { useShell } from "../../shell/shell.ts";
import { Mark } from "../../ui/Mark.tsx";

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
      <p className="settings-more">
        Keyboard layout and more are in the file <code>settings.yaml</code>.
      </p>
    </div>
  );
}

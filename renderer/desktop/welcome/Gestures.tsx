/** The three gestures that are different here, or that everything else follows from. */
import { ClipboardPaste, LayoutGrid, MousePointerClick } from "lucide-react";
import type { ReactNode } from "react";

export function Gestures() {
  return (
    <ul className="gestures">
      <Gesture icon={<LayoutGrid size={20} />} title="Find any program">
        Press <kbd className="key">Super</kbd> and type: the launcher has the programs of all VMs.
      </Gesture>
      <Gesture icon={<ClipboardPaste size={20} />} title="Copy here, paste there">
        <kbd className="key">Ctrl+C</kbd> in one VM, <kbd className="key">Ctrl+V</kbd> in another. Where the colours
        differ, Atoll asks you first.
      </Gesture>
      <Gesture icon={<MousePointerClick size={20} />} title="Double-click as usual">
        A file or a link opens in the VM that your policy names, what nobody trusts in one that is thrown away.
      </Gesture>
    </ul>
  );
}

function Gesture({ icon, title, children }: { icon: ReactNode; title: string; children: ReactNode }) {
  return (
    <li>
      <span className="gesture-icon" aria-hidden="true">
        {icon}
      </span>
      <h2>{title}</h2>
      <p>{children}</p>
    </li>
  );
}

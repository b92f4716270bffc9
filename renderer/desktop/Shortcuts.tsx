/** The list of the host's keyboard shortcuts; all other keys go to the focused window. */
import "../ui/prompt.css";
import "./shortcuts.css";
import { Dialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { useShell } from "../shell/shell.ts";

const KEYS: readonly (readonly [string, readonly string[]])[] = [
  ["Programs of all VMs", ["Super"]],
  ["Top bar: VMs and their menus", ["Super", "B"]],
  ["Policy, and what has crossed", ["Super", "P"]],
  ["What was copied, to paste again", ["Super", "V"]],
  ["Switch windows", ["Alt", "Tab"]],
  ["Maximise", ["Super", "↑"]],
  ["Restore, then minimise", ["Super", "↓"]],
  ["Left half", ["Super", "←"]],
  ["Right half", ["Super", "→"]],
  ["Full screen, and back", ["Super", "F"]],
  ["Minimise", ["Super", "H"]],
  ["Move by any part", ["Alt", "drag"]],
  ["Resize by any part", ["Alt", "right drag"]],
  ["The window's menu", ["Alt", "Space"]],
  ["Copy to host", ["Super", "C"]],
  ["Close the window", ["Super", "Q"]],
];

export function Shortcuts() {
  const { overlays } = useShell();
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && overlays.close()}>
      <Dialog.Portal className="overlay-layer">
        <Dialog.Backdrop className="prompt-backdrop" />
        <Dialog.Popup className="prompt">
          <Dialog.Title className="prompt-title">Keyboard shortcuts</Dialog.Title>
          <dl className="shortcuts">
            {KEYS.map(([text, keys]) => (
              <div key={text}>
                <dt>{text}</dt>
                <dd>
                  {keys.map((key) => (
                    <kbd key={key}>{key}</kbd>
                  ))}
                </dd>
              </div>
            ))}
          </dl>
          <p className="prompt-text">All other keys go to the focused window, and nowhere else.</p>
          <Dialog.Close className="prompt-close" aria-label="Close">
            <X size={15} />
          </Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** The keys that are the host's; all others go to the focused program. */
import "./shortcuts.css";
import { Dialog } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import { setOverlay } from "../shell/desktop-store.ts";

const KEYS: readonly (readonly [string, readonly string[]])[] = [
  ["Programs of all VMs", ["Super"]],
  ["The bar: VMs and their menus", ["Super", "B"]],
  ["Choose a window", ["Alt", "Tab"]],
  ["Fill the screen", ["Super", "↑"]],
  ["Own place again; minimise", ["Super", "↓"]],
  ["Left half", ["Super", "←"]],
  ["Right half", ["Super", "→"]],
  ["Full screen, and back", ["Super", "F"]],
  ["Minimise", ["Super", "H"]],
  ["Move by any part", ["Alt", "drag"]],
  ["Resize by any part", ["Alt", "right drag"]],
  ["The window's menu", ["Alt", "Space"]],
  ["Close the window", ["Super", "Q"]],
];

export function Shortcuts() {
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && setOverlay(null)}>
      <Dialog.Portal className="overlay-layer">
        <Dialog.Backdrop className="prompt-backdrop" />
        <Dialog.Popup className="prompt">
          <Dialog.Title className="prompt-title">Keys of the desktop</Dialog.Title>
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
          <p className="prompt-text">Every other key goes to the program in front, and nowhere else.</p>
          <Dialog.Close className="prompt-close" aria-label="Close">
            <X size={15} />
          </Dialog.Close>
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}

/** A menu of the host: Base UI's behaviour (arrow keys, typing to search, focus goes back afterwards) in Atoll's style. */
import "./menu.css";
import { Menu as Base } from "@base-ui/react/menu";
import { Check } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import type { LabelName } from "#shared/model/label.ts";
import { useCloseWhenGone } from "./use-close-when-gone.ts";

interface MenuProps {
  isOpen: boolean;
  setOpen: (isOpen: boolean) => void;
  /** The button that opens it; null: it opens `at` a place of the page. */
  trigger: ReactElement | null;
  at?: { x: number; y: number };
  align: "start" | "end";
  side?: "top" | "bottom";
  /** Label of the VM that it belongs to; none: the host's own. */
  label?: LabelName;
  children: ReactNode;
}

export function Menu({ isOpen, setOpen, trigger, at, align, side = "bottom", label, children }: MenuProps) {
  useCloseWhenGone(isOpen, () => setOpen(false));
  const anchor = at === undefined ? undefined : { getBoundingClientRect: () => new DOMRect(at.x, at.y, 0, 0) };
  return (
    <Base.Root open={isOpen} onOpenChange={setOpen}>
      {trigger !== null && <Base.Trigger render={trigger} />}
      <Base.Portal className="overlay-layer">
        <Base.Positioner
          anchor={anchor}
          side={side}
          sideOffset={at === undefined ? 6 : 0}
          collisionPadding={8}
          align={align}
        >
          <Base.Popup className="menu" data-label={label}>
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

interface MenuItemProps {
  icon: ReactNode;
  /** A guest's words as <GuestText> only, in a MenuGroup that says whose they are. */
  text: ReactNode;
  /** The keys that do the same. */
  keys?: string;
  run: () => void;
  isDanger?: boolean;
}

export function MenuItem({ icon, text, keys, run, isDanger = false }: MenuItemProps) {
  return (
    <Base.Item className="menu-item" data-danger={isDanger || undefined} onClick={run}>
      <span className="menu-icon">{icon}</span>
      <span className="menu-text">{text}</span>
      {keys !== undefined && <kbd className="menu-keys">{keys}</kbd>}
    </Base.Item>
  );
}

interface MenuChoiceProps<Value extends string> {
  title: string;
  value: Value;
  choices: readonly (readonly [Value, string])[];
  choose: (value: Value) => void;
}

/** One of several, the present one ticked. */
export function MenuChoice<Value extends string>({ title, value, choices, choose }: MenuChoiceProps<Value>) {
  return (
    <Base.Group>
      <Base.GroupLabel className="menu-title">{title}</Base.GroupLabel>
      <Base.RadioGroup value={value} onValueChange={choose}>
        {choices.map(([choice, text]) => (
          <Base.RadioItem key={choice} className="menu-item" value={choice}>
            <span className="menu-icon">
              <Base.RadioItemIndicator>
                <Check size={14} />
              </Base.RadioItemIndicator>
            </span>
            <span className="menu-text">{text}</span>
          </Base.RadioItem>
        ))}
      </Base.RadioGroup>
    </Base.Group>
  );
}

/** Entries under a heading. */
export function MenuGroup({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Base.Group>
      <Base.GroupLabel className="menu-title">{title}</Base.GroupLabel>
      {children}
    </Base.Group>
  );
}

export function MenuRule() {
  return <Base.Separator className="menu-rule" />;
}

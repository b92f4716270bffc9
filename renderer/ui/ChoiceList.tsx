/** One of several in a prompt, each on a line: arrow keys choose, Enter gives the answer, which is dead at first as all answers are. */
import "./choice-list.css";
import { Radio } from "@base-ui/react/radio";
import { RadioGroup } from "@base-ui/react/radio-group";
import { type ReactNode, type RefObject } from "react";
import { useIsArmed } from "./Prompt.tsx";

export interface Choice {
  key: string;
  /** What it is called, for those who hear it. */
  name: string;
  what: ReactNode;
  /** What there is to know of it. */
  note: string;
}

interface ChoiceListProps {
  /** What is chosen. */
  label: string;
  choices: readonly Choice[];
  /** Its key; null: none yet. */
  chosen: string | null;
  choose: (key: string) => void;
  /** Enter was pressed on the one that is chosen. */
  confirm: () => void;
  /** Of the one that has the focus first. */
  first?: RefObject<HTMLElement | null>;
}

export function ChoiceList({ label, choices, chosen, choose, confirm, first }: ChoiceListProps) {
  const isArmed = useIsArmed();
  return (
    <RadioGroup
      className="choices"
      aria-label={label}
      value={chosen}
      onValueChange={(key) => key !== null && choose(key)}
      onKeyDownCapture={(event) => {
        if (chosen !== null) return;
        // The focus is on the first one already: the first arrow chooses it, and does not pass it by.
        const at = { ArrowDown: 0, ArrowUp: -1 }[event.key];
        const key = at === undefined ? undefined : choices.at(at)?.key;
        if (key === undefined) return;
        event.preventDefault();
        event.stopPropagation();
        choose(key);
        event.currentTarget
          .querySelectorAll<HTMLElement>('[role="radio"]')
          .item(at === 0 ? 0 : choices.length - 1)
          .focus();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter") return;
        event.preventDefault();
        if (isArmed && chosen !== null) confirm();
      }}
    >
      {choices.map(({ key, name, what, note }, at) => (
        <Radio.Root
          key={key}
          ref={at === 0 ? (first as RefObject<HTMLElement>) : undefined}
          className="choice"
          value={key}
          aria-label={note === "" ? name : `${name}, ${note}`}
        >
          <span className="choice-dot" aria-hidden="true" />
          {what}
          {note !== "" && <small>{note}</small>}
        </Radio.Root>
      ))}
    </RadioGroup>
  );
}

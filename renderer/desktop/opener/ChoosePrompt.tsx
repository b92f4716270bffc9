/** Asks where a file or a link shall open. Its name, or the whole link, is a quotation in it. */
import "./choose-prompt.css";
import { Eye, PencilLine } from "lucide-react";
import { useRef, useState } from "react";
import { type OpenPlace, TYPE_GROUP_WORDS } from "#shared/model/open.ts";
import type { PromptAnswer, PromptPayload } from "../../shell/prompts.ts";
import { ChoiceList } from "../../ui/ChoiceList.tsx";
import { GuestName, RevealedText } from "../../ui/GuestText.tsx";
import { Prompt, PromptButton } from "../../ui/Prompt.tsx";
import { nameOf, PartyTag, usePartyLabel } from "../crossings/Party.tsx";
import { keyOf, placeWords } from "./open-words.ts";

type AskedChoice = PromptPayload<"open.choose">;

interface ChoosePromptProps {
  payload: AskedChoice;
  answer: (answer: PromptAnswer<"open.choose">) => void;
}

export function ChoosePrompt({ payload: asked, answer }: ChoosePromptProps) {
  const { item, group, from, rule, explanation, choices, canEdit, canRemember } = asked;
  // Not the first at once: a key that was meant for a program must not open anything.
  const [place, setPlace] = useState<OpenPlace | null>(null);
  const [edit, setEdit] = useState(false);
  const [always, setAlways] = useState(false);
  const first = useRef<HTMLElement>(null);
  const chosen = choices.find((one) => place !== null && keyOf(one.place) === keyOf(place));
  const isSafe = chosen?.place.kind === "safe";
  const isElsewhere = chosen !== undefined && chosen.place.kind !== "here" && !isSafe;
  const open = (): void =>
    chosen === undefined
      ? undefined
      : answer({ place: chosen.place, edit: edit && canEdit && isElsewhere, always: always && !isSafe });
  return (
    <Prompt
      title={`Where shall this ${item.kind === "file" ? "file" : "link"} of ${nameOf(from)} open?`}
      isWide
      initialFocus={first}
      text={<Item asked={asked} />}
      cancel={() => answer(null)}
      buttons={
        chosen !== undefined && (
          <PromptButton kind="main" press={open}>
            Open {placeWords(chosen.place, nameOf(chosen.party))}
          </PromptButton>
        )
      }
      note={<span>{rule === null ? explanation : `Line ${rule.line} of open.yaml asks: ${rule.text}`}</span>}
    >
      {choices.length === 0 ? (
        <p className="choose-none">The policy lets it open nowhere. What may cross is in Atoll’s menu, under Policy.</p>
      ) : (
        <ChoiceList
          label="Open in"
          choices={choices.map((one) => ({
            key: keyOf(one.place),
            name: placeWords(one.place, nameOf(one.party)),
            what: (
              <>
                <PartyTag party={one.party} />
                {one.place.kind === "here" && <span>where it is</span>}
                {one.place.kind === "safe" && <span>a safe copy</span>}
              </>
            ),
            note: one.why,
          }))}
          chosen={chosen === undefined ? null : keyOf(chosen.place)}
          choose={(key) => setPlace(choices.find((one) => keyOf(one.place) === key)?.place ?? null)}
          confirm={open}
          first={first}
        />
      )}
      {canEdit && isElsewhere && (
        <div className="segments" role="radiogroup" aria-label="What for">
          <button type="button" role="radio" aria-checked={!edit} onClick={() => setEdit(false)}>
            <Eye size={14} aria-hidden="true" />
            View a copy
          </button>
          <button type="button" role="radio" aria-checked={edit} onClick={() => setEdit(true)}>
            <PencilLine size={14} aria-hidden="true" />
            Edit: what is saved comes back
          </button>
        </div>
      )}
      {canRemember && choices.length > 0 && !isSafe && (
        <label className="prompt-check">
          <input type="checkbox" checked={always} onChange={(event) => setAlways(event.target.checked)} />
          Always do so with {TYPE_GROUP_WORDS[group]} of {nameOf(from)}
        </label>
      )}
    </Prompt>
  );
}

/** What is opened: of a link every character, as it may lead elsewhere than it seems to. */
function Item({ asked: { item, from } }: { asked: AskedChoice }) {
  const label = usePartyLabel(from);
  return (
    <div className="choose-item" data-label={label ?? undefined}>
      <PartyTag party={from} />
      {item.kind === "file" ? (
        <span className="choose-name">
          <GuestName name={item.name} />
          {item.type !== null && <small>{item.type}</small>}
        </span>
      ) : (
        <blockquote className="choose-url">
          <RevealedText text={item.url} />
        </blockquote>
      )}
    </div>
  );
}

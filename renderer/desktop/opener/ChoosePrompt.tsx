/** Asks where a file or a link shall open. Its name is a quotation in it. */
import "./choose-prompt.css";
import { useState } from "react";
import { TYPE_GROUP_WORDS } from "#shared/model/open.ts";
import type { PromptAnswer, PromptPayload } from "../../shell/prompts.ts";
import { GuestPreview } from "../../ui/GuestText.tsx";
import { Prompt, PromptButton } from "../../ui/Prompt.tsx";
import { nameOf, PartyTag, usePartyLabel } from "../crossings/Party.tsx";

interface ChoosePromptProps {
  payload: PromptPayload<"open.choose">;
  answer: (answer: PromptAnswer<"open.choose">) => void;
}

export function ChoosePrompt({ payload: asked, answer }: ChoosePromptProps) {
  const { item, group, from, rule, explanation, choices, canEdit, canRemember } = asked;
  const [at, setAt] = useState(0);
  const [edit, setEdit] = useState(false);
  const [always, setAlways] = useState(false);
  const label = usePartyLabel(from);
  const chosen = choices[at];
  const isElsewhere = chosen?.place.kind !== "here";
  return (
    <Prompt
      title={`Where shall this ${item.kind === "file" ? "file" : "link"} from ${nameOf(from)} open?`}
      isWide
      text={<GuestPreview text={item.kind === "file" ? item.name : item.url} isCut={false} label={label} />}
      cancel={() => answer(null)}
      buttons={
        chosen !== undefined && (
          <PromptButton kind="main" press={() => answer({ place: chosen.place, edit: edit && isElsewhere, always })}>
            Open
          </PromptButton>
        )
      }
      note={<span>{rule === null ? explanation : `Line ${rule.line} of open.yaml asks.`}</span>}
    >
      <fieldset className="choose-places">
        <legend>Open in</legend>
        {choices.map(({ place, party, why }, index) => (
          <label key={JSON.stringify(place)} className="prompt-check">
            <input type="radio" name="place" checked={index === at} onChange={() => setAt(index)} />
            <PartyTag party={party} />
            <small>{why}</small>
          </label>
        ))}
        {choices.length === 0 && <p>The policy lets it open nowhere.</p>}
      </fieldset>
      {canEdit && isElsewhere && chosen !== undefined && (
        <label className="prompt-check">
          <input type="checkbox" checked={edit} onChange={(event) => setEdit(event.target.checked)} />
          Edit it: what is saved there comes back
        </label>
      )}
      {canRemember && chosen !== undefined && (
        <label className="prompt-check">
          <input type="checkbox" checked={always} onChange={(event) => setAlways(event.target.checked)} />
          Always for {TYPE_GROUP_WORDS[group]} from {nameOf(from)}
        </label>
      )}
    </Prompt>
  );
}

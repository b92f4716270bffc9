/** Who takes part in a crossing: a VM by its shape, colour and name, this computer by a monitor, without a colour. */
import "./party.css";
import { Box, Globe, Monitor, Plug } from "lucide-react";
import { useStore } from "zustand";
import type { CrossingParty } from "#shared/model/crossing.ts";
import type { LabelName } from "#shared/model/label.ts";
import { useShell } from "../../shell/shell.ts";
import { LabelShape } from "../../ui/LabelShape.tsx";
import { Tag } from "../../ui/Tag.tsx";

/** The label of a party as it is now, else as it was; null: it has none. */
export function usePartyLabel(party: CrossingParty): LabelName | null {
  const now = useStore(useShell().vms, ({ vms }) =>
    party.kind === "vm" ? vms.find(({ id }) => id === party.id)?.label : undefined,
  );
  if (party.kind === "new-disposable") return "slate";
  return now ?? (party.kind === "vm" ? party.label : null);
}

export function nameOf(party: CrossingParty): string {
  switch (party.kind) {
    case "host":
      return "this computer";
    case "new-disposable":
      return "a disposable";
    case "vm":
    case "destination":
    case "service":
      return party.name;
  }
}

function shortNameOf(party: CrossingParty): string {
  if (party.kind === "host") return "computer";
  return party.kind === "new-disposable" ? "disposable" : nameOf(party);
}

/** Filled: where it decides, as in a prompt. */
export function PartyTag({ party }: { party: CrossingParty }) {
  const label = usePartyLabel(party);
  if (label !== null) return <Tag tag={{ name: nameOf(party), label }} />;
  return (
    <span className="tag party-host">
      <PartyIcon party={party} label={null} />
      <span className="tag-name">{nameOf(party)}</span>
    </span>
  );
}

interface PartyNameProps {
  party: CrossingParty;
  /** Where every row has one: `computer`. */
  isShort?: boolean;
}

/** Shape and name, in rows. */
export function PartyName({ party, isShort = false }: PartyNameProps) {
  const label = usePartyLabel(party);
  return (
    <span className="party-name" data-label={label ?? undefined}>
      <PartyIcon party={party} label={label} />
      <b title={nameOf(party)}>{isShort ? shortNameOf(party) : nameOf(party)}</b>
    </span>
  );
}

const ICONS = { vm: Box, host: Monitor, "new-disposable": Box, destination: Globe, service: Plug } as const;

function PartyIcon({ party, label }: { party: CrossingParty; label: LabelName | null }) {
  if (label !== null) return <LabelShape label={label} />;
  const Icon = ICONS[party.kind];
  return <Icon size={12} aria-hidden="true" />;
}

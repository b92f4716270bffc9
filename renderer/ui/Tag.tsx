/** A VM's tag: its label's colour and shape, and its name. It says which VM a window belongs to. */
import "./tag.css";
import type { LabelName } from "#shared/model/label.ts";
import { LabelShape } from "./LabelShape.tsx";

export interface VmTag {
  name: string;
  label: LabelName;
}

export function Tag({ tag }: { tag: VmTag }) {
  return (
    <span className="tag" data-label={tag.label}>
      <LabelShape label={tag.label} />
      <span className="tag-name">{tag.name}</span>
    </span>
  );
}

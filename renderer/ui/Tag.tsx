/** A VM's tag: its label's colour and shape, and its name. The host's word on whose this is. */
import "./tag.css";
import { LabelShape } from "./LabelShape.tsx";
import type { VmTag } from "../shell/vm-store.ts";

export function Tag({ tag }: { tag: VmTag }) {
  return (
    <span className="tag" data-label={tag.label}>
      <LabelShape label={tag.label} />
      <span className="tag-name">{tag.name}</span>
    </span>
  );
}

/** What the person sees of a clip before it crosses. */
import { MAX_PREVIEW_CHARACTERS, type CrossingPreview } from "#shared/model/crossing.ts";
import type { PreviewSource } from "../crossings/crossing-request.ts";
import type { Clip } from "./clip.ts";
import type { ClipPreview, ClipReading } from "./reading.ts";

export function previewOf(reading: ClipReading, { isSecret }: Pick<Clip, "isSecret">): PreviewSource {
  if (!isSecret) reading.look();
  return {
    get current() {
      return shown(reading.preview, isSecret);
    },
    onChange: (changed) => reading.onPreview(() => changed()),
  };
}

function shown({ text, bytes, isComplete, picture }: ClipPreview, isSecret: boolean): CrossingPreview {
  // Of a long one the text is cut, so that its length is not known.
  if (isSecret) return { kind: "hidden", characters: isComplete && text.length > 0 ? Array.from(text).length : null };
  if (picture !== null) return { kind: "picture", bytes, isComplete, picture };
  if (text === "") return { kind: "none", bytes, isComplete };
  return { kind: "text", text: text.slice(0, MAX_PREVIEW_CHARACTERS), bytes, isComplete };
}

/** The shape of a label, for those who cannot tell its colour. Drawn in `currentColor`. */
import { LABELS, type LabelName, type LabelShape as Shape } from "#shared/model/label.ts";

const PATHS: Readonly<Record<Exclude<Shape, "ring">, string>> = {
  circle: "M6 1a5 5 0 1 1 0 10A5 5 0 0 1 6 1Z",
  diamond: "M6 .4 11.6 6 6 11.6.4 6Z",
  triangle: "M6 1 11.6 11H.4Z",
  hexagon: "M3.2 1h5.6L11.8 6 8.8 11H3.2L.2 6Z",
  square: "M1.4 1.4h9.2v9.2H1.4Z",
  "triangle-down": "M6 11 .4 1h11.2Z",
  star: "m6 .4 1.6 3.7 4 .4-3 2.7.9 4L6 9.1 2.5 11.2l.9-4-3-2.7 4-.4Z",
};

export function LabelShape({ label, size = 10 }: { label: LabelName; size?: number }) {
  const { shape } = LABELS[label];
  return (
    <svg className="label-shape" width={size} height={size} viewBox="0 0 12 12" aria-hidden="true">
      {shape === "ring" ? (
        <circle cx="6" cy="6" r="4.2" fill="none" stroke="currentColor" strokeWidth="2.2" />
      ) : (
        <path d={PATHS[shape]} fill="currentColor" />
      )}
    </svg>
  );
}

/** The eight labels: colour and shape of a VM's trust. Drawn by the host, never by a guest. */
export const LABELS = {
  lagoon: { colour: "#2f9e8f", shape: "circle" },
  blue: { colour: "#5b8ee6", shape: "diamond" },
  coral: { colour: "#e0674a", shape: "triangle" },
  violet: { colour: "#9d82e0", shape: "hexagon" },
  sand: { colour: "#b8933a", shape: "square" },
  palm: { colour: "#6ba045", shape: "triangle-down" },
  rose: { colour: "#d4689f", shape: "star" },
  slate: { colour: "#8593a3", shape: "ring" },
} as const;

export type LabelName = keyof typeof LABELS;
export type LabelShape = (typeof LABELS)[LabelName]["shape"];

export const LABEL_NAMES = Object.keys(LABELS) as [LabelName, ...LabelName[]];

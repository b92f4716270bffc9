import "../wm/control/breaks.ts"; // renderer-layer-input

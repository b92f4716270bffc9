import "../../input/breaks.ts"; // renderer-layer-wm-model

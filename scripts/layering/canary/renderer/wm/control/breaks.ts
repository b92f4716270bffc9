import "../../ui/breaks.ts"; // renderer-layer-wm-control

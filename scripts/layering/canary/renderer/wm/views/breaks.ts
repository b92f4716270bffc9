import "../../desktop/breaks.ts"; // renderer-layer-wm-views

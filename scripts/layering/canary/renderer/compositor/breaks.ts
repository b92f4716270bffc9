import "../wm/model/breaks.ts"; // renderer-layer-compositor

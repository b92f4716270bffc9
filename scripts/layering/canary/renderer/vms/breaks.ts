import "../wm/views/breaks.ts"; // renderer-layer-vms

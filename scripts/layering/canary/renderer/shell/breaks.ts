import "../vms/breaks.ts"; // renderer-layer-shell

import "../compositor/breaks.ts"; // renderer-layer-host

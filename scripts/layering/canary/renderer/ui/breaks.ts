import "../shell/breaks.ts"; // renderer-layer-ui

import "../opener/outwards.ts"; // main-layer-safe-copies

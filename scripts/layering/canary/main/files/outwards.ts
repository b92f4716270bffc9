import "../clipboard/outwards.ts"; // main-layer-files

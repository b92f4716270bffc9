import "../link/outwards.ts"; // main-layer-hardware

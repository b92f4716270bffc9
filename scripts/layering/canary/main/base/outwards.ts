import "../ipc/outwards.ts"; // main-layer-base

import "../audit/outwards.ts"; // main-layer-ipc

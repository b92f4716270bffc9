import "../hardware/outwards.ts"; // main-layer-audit

import "../control/outwards.ts"; // main-layer-run-once

import "../policy/outwards.ts"; // main-layer-link

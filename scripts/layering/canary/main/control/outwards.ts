import "../templates/outwards.ts"; // main-layer-control

import "../networks/outwards.ts"; // main-layer-clipboard

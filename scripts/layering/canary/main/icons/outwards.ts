import "../desktop/outwards.ts"; // main-layer-icons

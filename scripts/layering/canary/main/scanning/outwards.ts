import "../icons/outwards.ts"; // main-layer-scanning

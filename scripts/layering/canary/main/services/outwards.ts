import "../opener/outwards.ts"; // main-layer-services

import "../services/outwards.ts"; // main-layer-networks

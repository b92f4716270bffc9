import "../crossings/outwards.ts"; // main-layer-policy

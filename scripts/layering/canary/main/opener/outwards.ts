import "../scanning/outwards.ts"; // main-layer-opener

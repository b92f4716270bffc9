import "../vms/outwards.ts"; // main-layer-crossings

import "../settings/outwards.ts"; // main-layer-vms-windows

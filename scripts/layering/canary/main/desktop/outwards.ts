import "../run-once/outwards.ts"; // main-layer-desktop-apps

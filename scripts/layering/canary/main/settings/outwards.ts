import "../disposables/outwards.ts"; // main-layer-settings-graphics

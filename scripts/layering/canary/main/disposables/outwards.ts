import "../files/outwards.ts"; // main-layer-disposables

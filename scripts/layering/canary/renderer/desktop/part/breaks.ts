import "../breaks.ts"; // desktop-parts-know-no-desktop

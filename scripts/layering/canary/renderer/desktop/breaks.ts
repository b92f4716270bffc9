import "../page.tsx"; // renderer-has-layers

import "../unplaced/domain.ts"; // main-has-layers

import "node:fs"; // shared-runs-anywhere
import "./missing.ts"; // no-unresolved
import "./cycle-a.ts";

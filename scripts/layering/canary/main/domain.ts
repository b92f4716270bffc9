import { app } from "electron"; // electron-stays-in-its-place
import "./electron/index.ts"; // domains-know-no-electron-code
import "./hardware/qemu/driver.ts"; // adapters-behind-the-port
import "./domain.test.ts"; // no-test-in-product
import "../images/builder.ts"; // images-by-one-door

export type Domain = typeof app;

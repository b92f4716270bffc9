/** All adapters by what stands in definitions for them: what reads definitions without running a VM needs no more. */
import type { DriverType } from "./drivers.ts";
import { EXTERNAL } from "./external/definition.ts";
import { QEMU } from "./qemu/definition.ts";

export const DRIVER_TYPES: readonly [DriverType, ...DriverType[]] = [QEMU, EXTERNAL];

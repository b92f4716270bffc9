import "../qemu/driver.ts"; // adapters-know-no-sibling
import "../../vms/vm.ts"; // hardware-knows-no-vms

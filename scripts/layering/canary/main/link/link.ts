import "../vms/vm.ts"; // link-knows-no-vms

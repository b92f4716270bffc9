import "../vms/vm.ts"; // base-knows-no-domain

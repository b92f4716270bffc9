import "../control/cli/index.ts"; // vms-know-no-control

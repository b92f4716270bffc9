import "../ipc/contract.ts"; // protocol-knows-no-ipc

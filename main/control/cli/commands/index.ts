/** What adds the commands of each domain: a new one is one line here. */
export { addAppCommands as app } from "./app.ts";
export { addClipboardCommands as clipboard } from "./clipboard.ts";
export { addAuditCommands as audit } from "./audit.ts";
export { addDesktopCommands as desktop } from "./desktop.ts";
export { addDocsCommand as docs } from "./docs.ts";
export { addDisposableCommands as disposable } from "./disposable.ts";
export { addExecCommand as exec } from "./exec.ts";
export { addNetworkCommands as network } from "./network.ts";
export { addOpenCommand as open } from "./open.ts";
export { addPolicyCommands as policy } from "./policy.ts";
export { addScanCommand as scan } from "./scan.ts";
export { addServiceCommands as service } from "./service.ts";
export { addSettingsCommands as settings } from "./settings.ts";
export { addTemplateCommands as template } from "./template.ts";
export { addTransferCommands as transfer } from "./transfer.ts";
export { addVmCommands as vm } from "./vm.ts";
export { addWindowCommands as window } from "./window.ts";

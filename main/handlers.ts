/** Who handles what is asked of each domain: a new one is one line here. */
export { appHandlers as app } from "./apps/requests.ts";
export { clipboardHandlers as clipboard } from "./clipboard/requests.ts";
export { auditHandlers as audit } from "./audit/requests.ts";
export { crossingHandlers as crossing } from "./crossings/requests.ts";
export { desktopHandlers as desktop, problemHandlers as problem } from "./desktop/requests.ts";
export { disposableHandlers as disposable } from "./disposables/requests.ts";
export { execHandlers as exec } from "./vms/exec-requests.ts";
export { layoutHandlers as layout, windowHandlers as window } from "./windows/requests.ts";
export { networkHandlers as network } from "./networks/requests.ts";
export { openHandlers as open } from "./opener/requests.ts";
export { policyHandlers as policy } from "./policy/requests.ts";
export { questionHandlers as question } from "./ipc/requests.ts";
export { serviceHandlers as service } from "./services/requests.ts";
export { templateHandlers as template } from "./templates/requests.ts";
export { transferHandlers as transfer } from "./files/requests.ts";
export { promptMarkHandlers as promptMark, themeHandlers as theme } from "./settings/requests.ts";
export { vmHandlers as vm } from "./vms/requests.ts";

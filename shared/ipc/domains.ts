/** Every domain by its name: a new one is one line here. */
export { appContract as app } from "./app.ts";
export { clipboardContract as clipboard } from "./clipboard.ts";
export { auditContract as audit } from "./audit.ts";
export { crossingContract as crossing } from "./crossing.ts";
export { disposableContract as disposable } from "./disposable.ts";
export { desktopContract as desktop } from "./desktop.ts";
export { execContract as exec } from "./exec.ts";
export { openContract as open } from "./open.ts";
export { layoutContract as layout } from "./layout.ts";
export { policyContract as policy } from "./policy.ts";
export { problemContract as problem } from "./problem.ts";
export { promptMarkContract as promptMark } from "./prompt-mark.ts";
export { questionContract as question } from "./question.ts";
export { templateContract as template } from "./template.ts";
export { themeContract as theme } from "./theme.ts";
export { vmContract as vm } from "./vm.ts";
export { windowContract as window } from "./window.ts";

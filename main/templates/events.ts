/** What the page is told of builds. */
import type { Page } from "../ipc/page.ts";
import type { TemplateBuilds } from "../vms/template-builds.ts";

export function sendTemplateEvents({ builds, page }: { builds: TemplateBuilds; page: Pick<Page, "send"> }): void {
  builds.on("progress", (progress) => page.send("template.progress", progress));
  builds.on("ended", (name) => page.send("template.ended", { name }));
}

/** Templates and their builds, for the page. */
import type { templateContract } from "#shared/ipc/template.ts";
import type { Handlers } from "../ipc/dispatcher.ts";
import type { TemplateBuilds } from "../vms/template-builds.ts";
import { templateViews } from "../control/template-views.ts";

interface Parts {
  builds: TemplateBuilds;
  /** A person's own recipes. */
  recipesFolder: string;
}

export function templateHandlers({ builds, recipesFolder }: Parts): Handlers<typeof templateContract> {
  return {
    "template.list": async () => (await templateViews(recipesFolder)).templates,
    "template.build": async ({ name }) => {
      await builds.build(name);
      return null;
    },
    "template.cancel": ({ name }) => {
      builds.cancel(name);
      return null;
    },
  };
}

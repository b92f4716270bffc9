/** Every service of a link, and by them the routes of the whole wire. A new one is one more line here. */
import { routeTable, SESSION_MESSAGES } from "#shared/protocol/routes.ts";
import type { ServiceDefinition } from "../service.ts";
import { apps } from "./apps.ts";
import { execs } from "./execs.ts";
import { frames } from "./frames.ts";
import { input } from "./input.ts";
import { launches } from "./launches.ts";
import { liveness } from "./liveness.ts";
import { output } from "./output.ts";
import { power } from "./power.ts";
import { streams } from "./streams.ts";
import { surfaces } from "./surfaces.ts";

export const SERVICES: readonly ServiceDefinition[] = [
  surfaces,
  frames,
  input,
  output,
  launches,
  apps,
  streams,
  execs,
  liveness,
  power,
];

export const ROUTES = routeTable([SESSION_MESSAGES, ...SERVICES]);

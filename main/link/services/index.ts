/** The services of a link, and by them the routes of the whole wire. Their list, all.ts, is made from these files. */
import { routeTable, SESSION_MESSAGES } from "#shared/protocol/routes.ts";
import type { ServiceDefinition } from "../service.ts";
import * as all from "./all.ts";

export const SERVICES: readonly ServiceDefinition[] = Object.values(all);

export const ROUTES = routeTable([SESSION_MESSAGES, ...SERVICES]);

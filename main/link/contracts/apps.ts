/** Lists of a guest's applications. */
import type { GuestApp } from "#shared/protocol/apps.ts";
import { type GiveUp, serviceContract } from "../contract.ts";

/** `request`: of main's choosing, never used twice. */
export interface ListAppsOrder {
  request: number;
}

export interface AppsEvent {
  request: number;
  apps: GuestApp[];
}

export const APPS = serviceContract<ListAppsOrder | GiveUp, AppsEvent>("apps");

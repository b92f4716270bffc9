/** What is left of a disposable. */
import fs from "node:fs";
import { expect } from "@playwright/test";
import type { VmId, VmView } from "#shared/model/vm.ts";
import { isAlive, type TestDesktop } from "./desktop.ts";
import { pathsBelow } from "./files-below.ts";

export async function disposables(desktop: TestDesktop): Promise<VmView[]> {
  return (await desktop.vms()).filter(({ role }) => role === "disposable");
}

/** Every file of the home whose path has its id, and everything of it in shared memory. */
export function traces({ home }: TestDesktop, id: VmId): string[] {
  const own = (file: string): boolean => file.includes(id.slice(0, 8));
  return [...pathsBelow(home).filter(own), ...fs.readdirSync("/dev/shm").filter(own)];
}

export async function isGone(desktop: TestDesktop, { id }: VmView, pid: number): Promise<void> {
  await expect.poll(() => disposables(desktop)).toEqual([]);
  await expect.poll(() => isAlive(pid)).toBe(false);
  await expect.poll(() => traces(desktop, id)).toEqual([]);
}

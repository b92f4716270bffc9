/** The programs of VMs, as each VM answers: one that does not answer holds up no other. */
import { useEffect, useMemo, useState } from "react";
import type { OfferedApp } from "#shared/model/app.ts";
import type { VmId } from "#shared/model/vm.ts";
import { useShell } from "../shell/shell.ts";
import { type AppAnswers, offeredApps } from "./app-search.ts";

/** Asks all of them again when a VM is added. */
export function useApps(ids: readonly VmId[]): { apps: OfferedApp[]; answers: AppAnswers } {
  const { bridge } = useShell();
  const [answers, setAnswers] = useState<AppAnswers>(new Map());
  const key = ids.join(" ");
  useEffect(() => {
    let isOver = false;
    for (const vm of idsOf(key)) {
      void bridge.request("app.offered", { vm }).then((answer) => {
        if (!isOver) setAnswers((before) => new Map(before).set(vm, answer.ok ? answer.value : null));
      });
    }
    return () => {
      isOver = true;
    };
  }, [bridge, key]);
  const apps = useMemo(() => offeredApps(answers, idsOf(key)), [answers, key]);
  return { apps, answers };
}

function idsOf(key: string): VmId[] {
  return key.split(" ").filter(Boolean) as VmId[];
}

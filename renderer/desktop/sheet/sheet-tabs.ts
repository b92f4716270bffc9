/** The views of the sheet, in the order of their tabs: a new one is a line here, and its name in shell/overlays.ts. */
import { ArrowLeftRight, Boxes, FolderOpen, Grid3x3, type LucideIcon, Monitor, Network, Settings2 } from "lucide-react";
import type { ComponentType } from "react";
import type { SheetTab } from "../../shell/overlays.ts";
import { AskCount } from "../network/AskCards.tsx";
import { NetworkView } from "../network/NetworkView.tsx";
import { OpeningView } from "../opener/OpeningView.tsx";
import { PolicyCount } from "../policy/PolicyCount.tsx";
import { PolicyView } from "../policy/PolicyView.tsx";
import { ServicesTabCount } from "../services/ServicesTabCount.tsx";
import { ServicesView } from "../services/ServicesView.tsx";
import { Settings } from "../settings/Settings.tsx";
import { TransfersTabCount } from "../transfers/TransfersTabCount.tsx";
import { TransfersView } from "../transfers/TransfersView.tsx";
import { VmsView } from "../vms/VmsView.tsx";

export interface SheetView {
  title: string;
  Icon: LucideIcon;
  View: ComponentType;
  /** Counts what in it waits for a person; nothing where nothing does. */
  Count?: ComponentType;
  /** The keys that open it, as its menu entry says them; see host-input.ts. */
  keys?: string;
}

export const SHEET_VIEWS: { readonly [Tab in SheetTab]: SheetView } = {
  vms: { title: "VMs", Icon: Monitor, View: VmsView },
  policy: { title: "Policy", Icon: Grid3x3, View: PolicyView, Count: PolicyCount, keys: "Super P" },
  network: { title: "Network", Icon: Network, View: NetworkView, Count: AskCount },
  opening: { title: "Opening", Icon: FolderOpen, View: OpeningView },
  services: { title: "Services", Icon: Boxes, View: ServicesView, Count: ServicesTabCount },
  transfers: { title: "Transfers", Icon: ArrowLeftRight, View: TransfersView, Count: TransfersTabCount },
  settings: { title: "Settings", Icon: Settings2, View: Settings },
};

export const SHEET_TABS = Object.keys(SHEET_VIEWS) as SheetTab[];

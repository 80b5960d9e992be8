/** What worker threads of a campaign do: units, and making finds smaller. */
import { parseCampaign } from "./campaign.js";
import { type ShrinkTask, type Shrunk, shrink } from "./shrink.js";
import { type DoneUnit, doUnit, type UnitTask } from "./unit.js";

export type HuntTask =
  | { readonly sort: "unit"; readonly source: string; readonly task: UnitTask }
  | { readonly sort: "shrink"; readonly source: string; readonly task: ShrinkTask };

const parsed = new Map<string, ReturnType<typeof parseCampaign>>();

export function runTask(one: HuntTask): DoneUnit | Shrunk | null {
  let campaign = parsed.get(one.source);
  if (campaign === undefined) {
    parsed.clear();
    campaign = parseCampaign(one.source);
    parsed.set(one.source, campaign);
  }
  return one.sort === "unit" ? doUnit(campaign, one.task) : shrink(campaign, one.task);
}

export default runTask;

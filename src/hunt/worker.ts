/** What worker threads of a campaign do: flows, limits, and making finds smaller. */
import { parseCampaign } from "./campaign.js";
import { type ShrinkTask, type Shrunk, shrink } from "./shrink.js";
import {
  type DoneLimit,
  type FlowEnd,
  type FlowTask,
  type LimitTask,
  type Performer,
  performFlows,
  performLimit,
} from "./unit.js";

export type HuntTask = { readonly source: string } & (
  | { readonly sort: "flows"; readonly task: FlowTask }
  | { readonly sort: "limit"; readonly task: LimitTask }
  | { readonly sort: "shrink"; readonly task: ShrinkTask }
);
export type HuntAnswer = FlowEnd[] | DoneLimit | Shrunk | null;

const parsed = new Map<string, ReturnType<typeof parseCampaign>>();

export function runTask(one: HuntTask): HuntAnswer {
  let campaign = parsed.get(one.source);
  if (campaign === undefined) {
    parsed.clear();
    campaign = parseCampaign(one.source);
    parsed.set(one.source, campaign);
  }
  if (one.sort === "flows") return performFlows(campaign, one.task);
  return one.sort === "limit" ? performLimit(campaign, one.task) : shrink(campaign, one.task);
}

/** The tasks of units of a campaign, as something performs tasks. */
export function performer(source: string, perform: (task: HuntTask) => Promise<HuntAnswer>): Performer {
  return {
    flows: (task) => perform({ sort: "flows", source, task }) as Promise<FlowEnd[]>,
    limit: (task) => perform({ sort: "limit", source, task }) as Promise<DoneLimit>,
  };
}

export default runTask;

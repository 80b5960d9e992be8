/** Gradient flow in floating point: evidence that a point is reached, never part of a verdict about it. */
export { EVIDENCE_FORMAT, evidenceText, roundedResult } from "./evidence.js";
export { type Exponents, print } from "./judge.js";
export { type FlowLimit, limitOf } from "./limit.js";
export { pictureOf } from "./picture.js";
export { ACCURACY, type FlowOptions, type FlowResult, type FlowRun, runFlow } from "./run.js";
export { type Difference, differenceFromPoint } from "./sharing.js";
export {
  flowFromStarts,
  type Limit,
  type LimitArrangement,
  type StartsRequest,
  type StartsResult,
} from "./starts.js";

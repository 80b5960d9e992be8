/** Gradient flow in floating point: evidence that a point is reached, never part of a verdict about it. */
export { EVIDENCE_FORMAT, evidenceText, roundedResult } from "./evidence.js";
export { pictureOf } from "./picture.js";
export { ACCURACY, type Exponents, type FlowOptions, type FlowResult, type FlowRun, print, runFlow } from "./run.js";
export { flowFromStarts, type Limit, type StartsRequest, type StartsResult } from "./starts.js";

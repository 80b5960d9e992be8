/** Gradient flow in floating point: evidence that a point is reached, never part of a verdict about it. */
export { EVIDENCE_FORMAT, evidenceText, roundedResult } from "./evidence.js";
export { ACCURACY, type Exponents, type FlowOptions, type FlowResult, type FlowRun, print, runFlow } from "./run.js";

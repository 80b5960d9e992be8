/** A worker thread of `flowFromStarts`. */
import { parentPort, workerData } from "node:worker_threads";
import { runStarts, type StartsRequest } from "./starts.js";

const { request, indices } = workerData as { request: StartsRequest; indices: readonly number[] };
parentPort!.postMessage(runStarts(request, indices));

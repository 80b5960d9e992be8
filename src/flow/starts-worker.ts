/** What a worker thread of `flowFromStarts` does. */
import { runStarts, type StartsTask } from "./starts.js";

export default (task: StartsTask) => runStarts(task);

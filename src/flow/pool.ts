/** Worker threads: the same work in one thread or in many, with the same results in the same order. */
import { availableParallelism } from "node:os";
import { Piscina } from "piscina";

export interface Work<T, R> {
  /** Of a task, in this thread. */
  readonly run: (task: T) => R;
  /** The compiled module whose default export does the same. */
  readonly module: URL;
}

/** One per core. */
export function coreCount(): number {
  return availableParallelism();
}

/**
 * The results of the tasks in their order, as soon as they and all before them are there. At most so many are under way or waiting for one
 * before them as keep the workers busy. Ends early, with the workers, where whoever asks stops asking.
 */
export async function* inOrder<T, R>(
  tasks: Iterable<T>,
  { run, module }: Work<T, R>,
  workers: number,
): AsyncGenerator<R> {
  if (workers <= 1) {
    for (const task of tasks) {
      yield run(task);
      // Signals and timers have their turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return;
  }
  const pool = new Piscina({ filename: module.href, minThreads: workers, maxThreads: workers });
  try {
    const waiting: Promise<R>[] = [];
    for (const task of tasks) {
      const result = pool.run(task) as Promise<R>;
      // Where one before it fails, it is never asked for.
      result.catch(() => {});
      waiting.push(result);
      if (waiting.length >= 4 * workers) yield await waiting.shift()!;
    }
    while (waiting.length > 0) yield await waiting.shift()!;
  } finally {
    await pool.destroy();
  }
}

/** Worker threads: the same work in one thread or in many, with the same results. */
import { availableParallelism } from "node:os";
import { Piscina } from "piscina";

export interface Work<T, R> {
  /** Of a task, in this thread. */
  readonly run: (task: T) => R;
  /** The compiled module whose default export does the same. */
  readonly module: URL;
}

export interface Pool<T, R> {
  /** The result of a task; tasks begin in the order in which they come. */
  readonly perform: (task: T) => Promise<R>;
  /** Ends the threads, whatever they are at. */
  readonly close: () => Promise<void>;
}

/** One per core. */
export function coreCount(): number {
  return availableParallelism();
}

/** So many threads, from the first task on; one is this one. */
export function openPool<T, R>({ run, module }: Work<T, R>, workers: number): Pool<T, R> {
  if (workers <= 1) {
    let last: Promise<unknown> = Promise.resolve();
    return {
      perform: (task) => {
        // Between tasks signals and timers have their turn.
        const result = last.then(() => new Promise((resolve) => setImmediate(resolve))).then(() => run(task));
        last = result.catch(() => {});
        return result;
      },
      close: async () => {},
    };
  }
  let pool: Piscina | null = null;
  return {
    perform: (task) => {
      pool ??= new Piscina({ filename: module.href, minThreads: workers, maxThreads: workers });
      return pool.run(task) as Promise<R>;
    },
    close: async () => pool?.destroy(),
  };
}

/**
 * The results of the tasks in their order, as soon as they and all before them are there. At most so many are under way or waiting for one
 * before them as keep the workers busy. Ends early where whoever asks stops asking.
 */
export async function* inOrder<T, R>(tasks: Iterable<T>, { perform }: Pool<T, R>, workers: number): AsyncGenerator<R> {
  const waiting: Promise<R>[] = [];
  for (const task of tasks) {
    waiting.push(begun(perform(task)));
    if (waiting.length >= AHEAD * workers) yield await waiting.shift()!;
  }
  while (waiting.length > 0) yield await waiting.shift()!;
}

/** What the work makes of each item, in the order in which that is done; so many items are under way at once. */
export async function* asDone<T, R>(
  items: Iterable<T>,
  work: (item: T) => Promise<R>,
  atOnce: number,
): AsyncGenerator<R> {
  const running = new Map<T, Promise<{ readonly item: T; readonly result: R }>>();
  const first = async () => {
    const { item, result } = await Promise.race(running.values());
    running.delete(item);
    return result;
  };
  for (const item of items) {
    running.set(item, begun(work(item).then((result) => ({ item, result }))));
    if (running.size >= atOnce) yield await first();
  }
  while (running.size > 0) yield await first();
}

/** Tasks, or items of several tasks, per worker that are begun before the first of them is done. */
export const AHEAD = 4;

/** Where one before it fails, it is never asked for. */
function begun<R>(result: Promise<R>): Promise<R> {
  result.catch(() => {});
  return result;
}

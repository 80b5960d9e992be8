/** How long the finders search, and whom they tell. */

/** Told of each stage, and where its end is known, how much of at most how much is done. */
export type Progress = (stage: string, done?: number, most?: number) => void;

/** How hard to search, 1 for the ordinary limits, and whom to tell. */
export interface Search {
  /** What the ordinary limits are multiplied by. */
  readonly effort: number;
  readonly progress: Progress;
  /** Told of each limit that ended a search. */
  readonly reached: (limit: string) => void;
}

/** The ordinary limits, told to nobody. */
export const ORDINARY: Search = { effort: 1, progress: () => {}, reached: () => {} };

/** How long to search, and whom to tell. */

/** How hard to search, 1 for the ordinary limits, and whom to tell. */
export interface Search {
  readonly effort: number;
  readonly progress: (stage: string) => void;
  /** Told of each limit that ended a search. */
  readonly reached: (limit: string) => void;
}

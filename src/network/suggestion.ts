/** What somebody may have meant who wrote something else. */

/** `; did you mean "relu"?`, or nothing where none of the words is near. */
export function suggestion(value: unknown, words: readonly (string | number)[]): string {
  if (typeof value !== "string" || value.length > 64) return "";
  const near = words
    .filter((word) => typeof word === "string")
    .filter((word) => digits(word) === digits(value))
    .map((word) => ({ word, steps: begins(value, word) ? 0 : distance(plain(value), plain(word)) }))
    .filter(({ word, steps }) => 3 * steps <= word.length)
    .sort((a, b) => a.steps - b.steps);
  return near.length === 0 ? "" : `; did you mean ${JSON.stringify(near[0]!.word)}?`;
}

/** Case, spaces and hyphens are what people differ in. */
const plain = (word: string): string => word.toLowerCase().replace(/[\s_-]/g, "");

/** The first letters are enough, if they are some. */
const begins = (value: string, word: string): boolean => value.length > 2 && plain(word).startsWith(plain(value));

/** Who writes another number means another thing. */
const digits = (word: string): string => (word.match(/\d+/g) ?? []).join();

/** The least number of letters to insert, to delete, to change or to exchange with the next. */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const exchanged = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? [rows[i - 2]![j - 2]! + 1] : [];
      row.push(Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + (same ? 0 : 1), ...exchanged));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

import { appendFileSync, existsSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type JournalHead, journalText, openJournal, readJournal, writeJournal } from "../../src/hunt/journal.js";
import { takeLock } from "../../src/hunt/lock.js";
import type { UnitResult } from "../../src/hunt/unit.js";

const HEAD: JournalHead = { campaign: "c0ffee", units: 6, shard: 1, shards: 1 };
const result = (unit: number): UnitResult => ({
  unit,
  network: 0,
  data: unit,
  samples: [{ x: ["1", "0"], y: 1 }],
  starts: 3,
  limits: [],
  others: [{ count: 3, reason: "ünfit" }],
});
const RESULTS = Array.from({ length: 6 }, (_, unit) => result(unit));
const folder = () => mkdtempSync(join(tmpdir(), "journal-"));

describe("a journal", () => {
  it("has what was appended", () => {
    const path = join(folder(), "j.jsonl");
    writeJournal(path, HEAD, []);
    const journal = openJournal(path);
    for (const one of RESULTS) journal.append(one);
    journal.close();
    expect(readFileSync(path, "utf8")).toBe(journalText(HEAD, RESULTS));
    expect(readJournal(path, HEAD)).toEqual({ results: RESULTS, damaged: 0, isClean: true });
  });

  it("cut anywhere, changed anywhere, has whole lines only, and what it has is right", () => {
    const text = journalText(HEAD, RESULTS);
    const path = join(folder(), "j.jsonl");
    const bytes = Buffer.from(text);
    const afterHead = bytes.indexOf("\n") + 1;
    fc.assert(
      fc.property(
        fc.integer({ min: afterHead, max: bytes.length - 2 }),
        fc.integer({ min: 1, max: 255 }),
        (at, flip) => {
          writeFileSync(path, bytes.subarray(0, at));
          const cut = readJournal(path, HEAD)!;
          const ends =
            text.slice(afterHead, Buffer.from(bytes.subarray(0, at)).toString().length).split("\n").length - 1;
          expect([ends, ends + 1]).toContain(cut.results.length);
          expect(cut.results).toEqual(RESULTS.slice(0, cut.results.length));
          const changed = Buffer.from(bytes);
          changed[at]! ^= flip;
          writeFileSync(path, changed);
          const content = readJournal(path, HEAD)!;
          expect(content.isClean).toBe(false);
          expect(content.results.length).toBeGreaterThanOrEqual(4);
          for (const one of content.results) expect(one).toEqual(RESULTS[one.unit]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it("counts a line that stands twice once, and lines of other shards not at all", () => {
    const path = join(folder(), "j.jsonl");
    writeFileSync(path, journalText(HEAD, [RESULTS[2]!, RESULTS[0]!, RESULTS[2]!]));
    expect(readJournal(path, HEAD)).toEqual({ results: [RESULTS[0], RESULTS[2]], damaged: 0, isClean: false });
    const shard = { ...HEAD, shard: 1, shards: 2 };
    writeFileSync(path, journalText(shard, [RESULTS[0]!, RESULTS[1]!]));
    expect(readJournal(path, shard)).toMatchObject({ results: [RESULTS[0]], damaged: 1 });
  });

  it("of another campaign, another division, or something else is refused", () => {
    const path = join(folder(), "j.jsonl");
    writeFileSync(path, journalText({ ...HEAD, campaign: "dead" }, []));
    expect(() => readJournal(path, HEAD)).toThrow(/of another campaign/);
    writeFileSync(path, journalText({ ...HEAD, shards: 2 }, []));
    expect(() => readJournal(path, HEAD)).toThrow(/another division/);
    writeFileSync(path, '{"format":"margincert/problem/1"}\n');
    expect(() => readJournal(path, HEAD)).toThrow(/not a journal/);
  });

  it("takes no line that the disk does not take whole", () => {
    const path = join(folder(), "j.jsonl");
    writeJournal(path, HEAD, [RESULTS[0]!]);
    const journal = openJournal(path);
    journal.close();
    expect(() => journal.append(RESULTS[1]!)).toThrow();
    expect(readJournal(path, HEAD)).toEqual({ results: [RESULTS[0]], damaged: 0, isClean: true });
  });
});

describe("a lock", () => {
  it("is held by one at a time, and free again after", () => {
    const path = join(folder(), "l.lock");
    const lock = takeLock(path);
    expect(() => takeLock(path)).toThrow(/process \d+ on .* is at work here/);
    lock.ensureHeld();
    lock.release();
    expect(existsSync(path)).toBe(false);
    takeLock(path).release();
  });

  it("of a process that is gone, or that was killed while it wrote it, is taken over", () => {
    const path = join(folder(), "l.lock");
    const lock = takeLock(path);
    const { host } = JSON.parse(readFileSync(path, "utf8"));
    lock.release();
    // No process has a number beyond 2^22.
    for (const text of [JSON.stringify({ host, pid: 2 ** 23, token: "t" }), '{"host":"x', ""]) {
      writeFileSync(path, text);
      const taken = takeLock(path);
      taken.ensureHeld();
      taken.release();
    }
  });

  it("of another machine is respected while it is touched, and taken over long after", () => {
    const path = join(folder(), "l.lock");
    writeFileSync(path, JSON.stringify({ host: "elsewhere", pid: 1, token: "t" }));
    expect(() => takeLock(path)).toThrow(/process 1 on elsewhere/);
    const then = new Date(Date.now() - 60 * 60_000);
    utimesSync(path, then, then);
    takeLock(path).release();
  });

  it("that was taken away is missed before the next line", () => {
    const path = join(folder(), "l.lock");
    const lock = takeLock(path);
    appendFileSync(path, "x");
    expect(() => lock.ensureHeld()).toThrow(/taken by another process/);
    lock.release();
    expect(existsSync(path)).toBe(true);
  });
});

/**
 * The journal of a campaign or of a shard: a head, then one line per finished unit, each with its own checksum. Lines come as units are finished,
 * and stand in the order of the units once all are. A line is whole or does not count: what a killed process or a full disk has left of one is
 * cut off, and its unit is done again.
 */
import { createHash } from "node:crypto";
import { closeSync, existsSync, fstatSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { cannotWrite, writeAtomically } from "../files/write.js";
import { InputError } from "../network/decode.js";
import type { UnitResult } from "./unit.js";

/** What is said where a write fails. */
export const RESUMABLE = "what is there is whole, and --resume goes on with it";

export const JOURNAL_FORMAT = "margincert/journal/1";

/** What a journal is of. */
export interface JournalHead {
  /** SHA-256 of the campaign. */
  readonly campaign: string;
  readonly units: number;
  readonly shard: number;
  readonly shards: number;
}

export interface JournalContent {
  /** By unit, ascending, each once. */
  readonly results: readonly UnitResult[];
  /** Lines that did not count. */
  readonly damaged: number;
  /** Whether the file is exactly the head and these lines in this order. */
  readonly isClean: boolean;
}

export interface Journal {
  /** Appends a line; throws InputError where the disk does not take it, and then leaves the file as it was. */
  readonly append: (result: UnitResult) => void;
  readonly close: () => void;
}

function headText(head: JournalHead): string {
  return `${JSON.stringify({ format: JOURNAL_FORMAT, ...head })}\n`;
}

function lineText(result: UnitResult): string {
  const text = JSON.stringify(result);
  return `{"check":"${checksum(text)}","result":${text}}\n`;
}

function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

const LINE = /^\{"check":"([0-9a-f]{16})","result":(.*)\}$/;

/** The journal with that head; null where there is none. Throws InputError where it is one of something else. */
export function readJournal(path: string, head: JournalHead): JournalContent | null {
  if (!existsSync(path)) return null;
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new InputError(path, `cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
  }
  const [first = "", ...lines] = text.split("\n");
  if (!isHead(path, first, head)) return { results: [], damaged: text === "" ? 0 : 1, isClean: false };
  const known = new Map<number, UnitResult>();
  let damaged = 0;
  for (const line of lines) {
    if (line === "") continue;
    const match = LINE.exec(line);
    const result = match !== null && checksum(match[2]!) === match[1] ? (JSON.parse(match[2]!) as UnitResult) : null;
    const isOwn =
      result !== null && result.unit >= 0 && result.unit < head.units && result.unit % head.shards === head.shard - 1;
    if (isOwn) known.set(result.unit, result);
    else damaged++;
  }
  const results = [...known.values()].sort((a, b) => a.unit - b.unit);
  return { results, damaged, isClean: text === journalText(head, results) };
}

/** Whether the line is this head; false where it is none, as a full disk may leave it. Throws InputError where it is another one. */
function isHead(path: string, line: string, head: JournalHead): boolean {
  if (`${line}\n` === headText(head)) return true;
  let found: Partial<JournalHead & { format: string }>;
  try {
    found = JSON.parse(line);
  } catch {
    return false;
  }
  if (found.format !== JOURNAL_FORMAT) throw new InputError(path, "is not a journal of margincert hunt");
  throw new InputError(
    path,
    found.campaign === head.campaign
      ? "is of another division into shards; take the same, or another folder"
      : "is of another campaign: its file has changed since, or is another one; take another folder",
  );
}

export function journalText(head: JournalHead, results: readonly UnitResult[]): string {
  return headText(head) + results.map(lineText).join("");
}

/** Writes the whole journal or nothing. */
export function writeJournal(path: string, head: JournalHead, results: readonly UnitResult[]): void {
  writeAtomically(path, journalText(head, results), RESUMABLE);
}

/** Opens a journal that is there and clean, for more lines. */
export function openJournal(path: string): Journal {
  const file = openSync(path, "r+");
  let size = fstatSync(file).size;
  return {
    append: (result) => {
      const bytes = Buffer.from(lineText(result));
      try {
        for (let done = 0; done < bytes.length; )
          done += writeSync(file, bytes, done, bytes.length - done, size + done);
        fsyncSync(file);
        size += bytes.length;
      } catch (error) {
        ftruncateSync(file, size);
        throw cannotWrite(path, error, RESUMABLE);
      }
    },
    close: () => closeSync(file),
  };
}

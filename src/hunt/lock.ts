/**
 * A lock on a journal: one process at a time writes it. The lock is a file that says who holds it; it outlives a process that was killed, so
 * whoever finds it looks whether the holder lives: on this machine by its number, on another one by the lock's age, as holders touch it.
 */
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { InputError } from "../network/decode.js";

export interface Lock {
  /** Throws InputError where another process has taken the lock since. */
  readonly ensureHeld: () => void;
  readonly release: () => void;
}

/** A lock of another machine that was not touched for so long is of a process that is gone. */
const STALE_MS = 10 * 60_000;
const TOUCH_MS = 60_000;

interface Holder {
  readonly host: string;
  readonly pid: number;
  readonly token: string;
}

/** Takes the lock; throws InputError where a living process holds it. */
export function takeLock(path: string): Lock {
  const own: Holder = { host: hostname(), pid: process.pid, token: randomUUID() };
  for (let attempt = 0; !created(path, own); attempt++) {
    const holder = readHolder(path);
    if (holder !== null && isAlive(path, holder)) throw new InputError(path, heldText(holder));
    if (attempt > 20) throw new InputError(path, "cannot be taken: other processes take it again and again");
    // Of several that see a dead holder only one moves its file away; what another has put there since goes back.
    const aside = `${path}.${own.token}`;
    try {
      renameSync(path, aside);
    } catch {
      continue;
    }
    const moved = readHolder(aside);
    if (moved !== null && moved.token !== holder?.token && isAlive(aside, moved)) {
      renameSync(aside, path);
      throw new InputError(path, heldText(moved));
    }
    rmSync(aside, { force: true });
  }
  const timer = setInterval(() => touch(path), TOUCH_MS);
  timer.unref();
  return {
    ensureHeld: () => {
      if (readHolder(path)?.token !== own.token)
        throw new InputError(path, "the lock was taken by another process; this one stops");
    },
    release: () => {
      clearInterval(timer);
      if (readHolder(path)?.token === own.token) rmSync(path, { force: true });
    },
  };
}

function heldText({ host, pid }: Holder): string {
  return `process ${pid} on ${host} is at work here; wait for it, or stop it first`;
}

/** Whether the file was not there and is now ours: it comes into being with what is in it, so that nobody finds it empty. */
function created(path: string, own: Holder): boolean {
  const draft = `${path}.${own.token}.new`;
  try {
    writeFileSync(draft, JSON.stringify(own));
    linkSync(draft, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return false;
    throw new InputError(path, `cannot be written (${code ?? "unknown error"})`);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Null where the file is gone, or says nothing of a holder. */
function readHolder(path: string): Holder | null {
  try {
    const { host, pid, token } = JSON.parse(readFileSync(path, "utf8"));
    return typeof host === "string" && Number.isInteger(pid) && typeof token === "string" ? { host, pid, token } : null;
  } catch {
    return null;
  }
}

function isAlive(path: string, { host, pid }: Holder): boolean {
  if (host !== hostname()) return ageOf(path) < STALE_MS;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function ageOf(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function touch(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // Gone, or not ours any more: the next write finds out.
  }
}

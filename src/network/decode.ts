/**
 * Decoding of untrusted JSON into values that cannot be wrong: small composable decoders, each of which either returns its
 * type or throws an `InputError` with the JSON path of the fault and what to do about it.
 */

import { suggestion } from "./suggestion.js";
import { positionOf, syntaxFault } from "./syntax.js";

/** A fault in what the user gave: where it is (a JSON path, possibly empty) and what is wrong; and the faults found after it. */
export class InputError extends Error {
  readonly where: string;
  readonly others: readonly InputError[];
  constructor(where: string, message: string, others: readonly InputError[] = []) {
    super(message);
    this.where = where;
    this.others = others;
  }
}

const MAX_FAULTS = 20;

/** The faults of readings that do not need each other, found one after the other, to be thrown together. */
export class Faults {
  readonly #found: InputError[] = [];

  /** What is read, or null where it has a fault; throws at once when there are many already. */
  try<T>(read: () => T): T | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#found.push(error, ...error.others);
      if (this.#found.length >= MAX_FAULTS) this.throw();
      return null;
    }
  }

  add(where: string, message: string): void {
    this.try(() => {
      throw new InputError(where, message);
    });
  }

  /** Throws the faults, where there are any. */
  throw(): void {
    const [first, ...others] = this.#found;
    if (first !== undefined)
      throw new InputError(
        first.where,
        first.message,
        others.slice(0, MAX_FAULTS - 1).map(({ where, message }) => new InputError(where, message)),
      );
  }
}

/** Turns the JSON value at a path such as `data[1].x` into a T, or throws InputError. */
export type Decoder<T> = (value: unknown, where: string) => T;

const MAX_DEPTH = 64;
/** Marks, in a decoded string, a JSON number that JavaScript would have rounded. */
const INEXACT = "\u0000";
/** A string, with a key's colon; a number; a bracket. An unterminated string runs to the end: no quote is looked at twice. */
const TOKEN = /("[^"\\]*(?:\\[\s\S][^"\\]*)*"?)(\s*:)?|-?\d[\d.eE+-]*|[[\]{}]/g;
const SAFE_INTEGER = /^-?\d{1,15}$/;

/**
 * Parses JSON without losing anything: a number that is not a small integer survives as a marked string, which every decoder
 * refuses with its own text, where `JSON.parse` would round it. Throws InputError on a key that stands twice in an object, of
 * which `JSON.parse` would drop one, and on nesting beyond 64; SyntaxError on bad JSON.
 */
export function parseJson(text: string): unknown {
  const open: Set<string>[] = []; // the keys so far of each enclosing object
  const exact = text.replace(TOKEN, (token: string, quoted?: string, colon?: string, offset?: number) => {
    if (token === "[" || token === "{") {
      if (open.push(new Set()) > MAX_DEPTH) throw new InputError("", `JSON nested more than ${MAX_DEPTH} deep`);
    } else if (token === "]" || token === "}") open.pop();
    else if (quoted === undefined) {
      if (SAFE_INTEGER.test(token)) return token;
      JSON.parse(token.length > 40 ? "0" : token); // a malformed number is a syntax error, not an inexact one
      return JSON.stringify(INEXACT + token);
    } else if (colon !== undefined) {
      const key: string = JSON.parse(quoted);
      if (open.at(-1)?.has(key)) {
        const { line } = positionOf(text, offset!);
        throw new InputError("", `the key ${describe(key)} stands twice in one object, again in line ${line}`);
      }
      open.at(-1)?.add(key);
    }
    return token;
  });
  return JSON.parse(exact);
}

/** `parseJson`, with every fault as an InputError; bad JSON by its line and column. */
export function readJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw new InputError("", `not JSON: ${syntaxFault(text)}`);
    if (error instanceof RangeError) throw new InputError("", "a string in it has too many characters with a \\");
    throw error;
  }
}

/** A short rendering of a JSON value for an error message. */
export function describe(value: unknown): string {
  if (typeof value === "string" && value.startsWith(INEXACT)) return `the number ${ellipsis(value.slice(1))}`;
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  return ellipsis(typeof value === "string" ? JSON.stringify(value) : String(value));
}

function ellipsis(text: string): string {
  return text.length > 40 ? `${text.slice(0, 37)}...` : text;
}

export function isInexactNumber(value: unknown): boolean {
  return typeof value === "string" && value.startsWith(INEXACT);
}

export const text: Decoder<string> = (value, where) => {
  if (typeof value !== "string" || value.startsWith(INEXACT)) {
    throw new InputError(where, `expected a string, found ${describe(value)}`);
  }
  return value;
};

/** An integer between the bounds, inclusive. */
export function integer(low: number, high: number): Decoder<number> {
  return (value, where) => {
    if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high) {
      throw new InputError(where, `expected an integer from ${low} to ${high}, found ${describe(value)}`);
    }
    return value;
  };
}

export function literal<const T extends string | number>(...allowed: readonly T[]): Decoder<T> {
  return (value, where) => {
    const found = allowed.find((one) => one === value);
    if (found === undefined) {
      throw new InputError(
        where,
        `expected ${allowed.map((one) => JSON.stringify(one)).join(" or ")}, found ${describe(value)}${suggestion(value, allowed)}`,
      );
    }
    return found;
  };
}

/** A list whose length lies between the bounds, inclusive. */
export function list<T>(item: Decoder<T>, low = 0, high = Number.MAX_SAFE_INTEGER): Decoder<readonly T[]> {
  return (value, where) => {
    if (!Array.isArray(value)) throw new InputError(where, `expected a list, found ${describe(value)}`);
    if (value.length < low || value.length > high) {
      const expected =
        low === high ? `${low}` : high === Number.MAX_SAFE_INTEGER ? `at least ${low}` : `${low} to ${high}`;
      throw new InputError(
        where,
        `expected ${expected} ${low === 1 && (high === 1 || high === Number.MAX_SAFE_INTEGER) ? "entry" : "entries"}, found ${value.length}`,
      );
    }
    const faults = new Faults();
    const items = Array.from(value, (one, k) => faults.try(() => item(one, `${where}[${k}]`)));
    faults.throw();
    return items as T[];
  };
}

export function nullable<T>(decoder: Decoder<T>): Decoder<T | null> {
  return (value, where) => (value === null ? null : decoder(value, where));
}

type Fields = Readonly<Record<string, Decoder<unknown>>>;
type Decoded<F extends Fields> = { readonly [K in keyof F]: F[K] extends Decoder<infer T> ? T : never };

/** An object with exactly these keys; those listed in `optional` may be absent and then decode as null. */
export function object<F extends Fields, O extends Fields = Record<never, never>>(
  required: F,
  optional?: O,
): Decoder<Decoded<F> & { readonly [K in keyof Decoded<O>]: Decoded<O>[K] | null }> {
  return (value, where) => {
    const given = record(value, where);
    const known = new Map(Object.entries({ ...required, ...optional }));
    const faults = new Faults();
    for (const key of given.keys()) {
      if (known.has(key)) continue;
      const keys = [...known.keys()];
      faults.add(at(where, key), `unknown key; the keys here are ${keys.join(", ")}${suggestion(key, keys)}`);
    }
    const decoded: Record<string, unknown> = {};
    for (const [key, decoder] of known) {
      if (given.has(key)) decoded[key] = faults.try(() => decoder(given.get(key), at(where, key)));
      else if (Object.hasOwn(required, key)) faults.add(at(where, key), "missing");
      else decoded[key] = null;
    }
    faults.throw();
    return decoded as never;
  };
}

/** Any JSON object, as a map of its own keys. */
export function record(value: unknown, where: string): ReadonlyMap<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new InputError(where, `expected an object, found ${describe(value)}`);
  }
  return new Map(Object.entries(value));
}

/** The object decoder that the value's own string `kind` selects. */
export function tagged<T>(kinds: ReadonlyMap<string, Decoder<T>>): Decoder<T> {
  return (value, where) => {
    const kind = record(value, where).get("kind");
    const decoder = typeof kind === "string" ? kinds.get(kind) : undefined;
    if (decoder === undefined) {
      throw new InputError(
        at(where, "kind"),
        `expected one of ${[...kinds.keys()].join(", ")}, found ${describe(kind)}${suggestion(kind, [...kinds.keys()])}`,
      );
    }
    return decoder(value, where);
  };
}

/** The path of a key below a path. */
export function at(where: string, key: string): string {
  const step = /^[\w-]{1,40}$/.test(key) ? key : JSON.stringify(ellipsis(key));
  return where === "" ? step : `${where}.${step}`;
}

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,99}$/u;

/** A name that can also serve as a file name. */
export const problemName: Decoder<string> = (value, where) => {
  const name = text(value, where);
  if (!NAME.test(name)) {
    throw new InputError(
      where,
      "a name has 1 to 100 letters, digits, spaces, '.', '_' or '-', and begins with a letter or digit",
    );
  }
  return name;
};

const MAX_TEXT_LENGTH = 1000;

/** A title or a claim: shown as it stands, so of bounded length and without control characters. */
export const authorsText: Decoder<string> = (value, where) => {
  const words = text(value, where);
  if (words.length > MAX_TEXT_LENGTH || /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u.test(words))
    throw new InputError(where, `expected one line of at most ${MAX_TEXT_LENGTH} characters`);
  return words;
};

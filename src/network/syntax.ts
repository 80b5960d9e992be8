/** Where a text stops being JSON, for people: `JSON.parse` says it differently in every version, and often without the place. */

/** From 1. */
export function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset);
  return { line: before.split("\n").length, column: offset - before.lastIndexOf("\n") };
}

/** White space, a number or a word, or one character. */
const TOKEN = /[ \t\n\r]+|-?[\w.+-]+|[\s\S]/y;
const STRING_PART = /[^"\\\p{Cc}]+|[\u007f-\u009f]+|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4})/uy;
const SCALAR = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;
const CLOSING = { "[": "]", "{": "}" } as const;

/** `line 3, column 5: expected a value, found "}"`; null where the text is JSON. */
export function syntaxFault(text: string): string | null {
  const open: ("[" | "{")[] = [];
  /** What may come next. */
  let state: "value" | "first value" | "key" | "first key" | "colon" | "comma" = "value";
  let offset = 0;
  const fault = (token: string | null): string => {
    const { line, column } = positionOf(text, offset);
    return `line ${line}, column ${column}: ${complaint(token)}`;
  };
  const complaint = (token: string | null): string => {
    const close = open.length === 0 ? null : CLOSING[open.at(-1)!];
    if (token === null) return close === null ? "a value is missing" : `the text ends, and ${close} is missing`;
    if (token === '"') return "a string that does not end in its line, or has a \\ that JSON does not know";
    if (token === "/" || token === "#") return 'JSON has no comments; "comment": "…" may hold one';
    if (token === "'") return "strings stand in double quotes";
    if ((token === "}" || token === "]") && (state === "key" || state === "value")) return `a comma before ${token}`;
    const wanted = {
      value: "a value",
      "first value": "a value or ]",
      key: "a key in double quotes",
      "first key": "a key in double quotes, or }",
      colon: "a colon",
      comma: close === null ? "nothing more" : `a comma or ${close}`,
    }[state];
    return `expected ${wanted}, found ${JSON.stringify(token.length > 40 ? `${token.slice(0, 37)}...` : token)}`;
  };
  while (offset < text.length) {
    const [token, end] = tokenAt(text, offset);
    const inner = open.at(-1);
    const isString = token.length > 1 && token.startsWith('"');
    if (/^[ \t\n\r]/.test(token)) {
      // between tokens
    } else if (state === "colon" && token === ":") state = "value";
    else if ((state === "key" || state === "first key") && isString) state = "colon";
    else if (state === "comma" && token === "," && inner !== undefined) state = inner === "[" ? "value" : "key";
    else if (
      inner !== undefined &&
      token === CLOSING[inner] &&
      (state === "comma" || state === (inner === "[" ? "first value" : "first key"))
    ) {
      open.pop();
      state = "comma";
    } else if (state !== "value" && state !== "first value") return fault(token);
    else if (token === "[" || token === "{") {
      open.push(token);
      state = token === "[" ? "first value" : "first key";
    } else if (isString || SCALAR.test(token)) state = "comma";
    else return fault(token);
    offset = end;
  }
  return open.length === 0 && state === "comma" ? null : fault(null);
}

/** The token that begins there, and its end; of a string that is none the quote alone. */
function tokenAt(text: string, start: number): [token: string, end: number] {
  if (text[start] !== '"') return matchAt(TOKEN, text, start)!;
  let end = start + 1;
  for (let part = matchAt(STRING_PART, text, end); part !== null; part = matchAt(STRING_PART, text, end)) end = part[1];
  return text[end] === '"' ? [text.slice(start, end + 1), end + 1] : ['"', start + 1];
}

function matchAt(sticky: RegExp, text: string, start: number): [token: string, end: number] | null {
  sticky.lastIndex = start;
  const match = sticky.exec(text);
  return match === null ? null : [match[0], sticky.lastIndex];
}

/** What sort of file somebody gave, and which command takes it. */
import { InputError, parseJson } from "../network/decode.js";

/** By the middle of the format in files of margincert; the others by their contents. */
const SORTS = {
  problem: "this is a problem file; `margincert check` takes it",
  certificate: "this is a certificate; `margincert verify` takes it",
  flow: "this is flow evidence, floating point that proves nothing; `margincert report` shows it beside its certificate",
  campaign: "this is a campaign; `margincert hunt` takes it",
  arrays: "these are arrays, of weights or data; `margincert identify WEIGHTS --data DATA` takes them",
  weights: "these are weights; `margincert identify WEIGHTS --data DATA` takes them",
  data: "these are samples; `margincert identify WEIGHTS --data DATA` takes them",
} as const;

export type Sort = keyof typeof SORTS;

/** Zip, NumPy, pickle, protobuf, as they look when read as text. */
const ARRAYS = /^(?:PK\p{Cc}|\ufffdNUMPY|\ufffd\p{Cc}|(?![\t\n\r])\p{Cc})/u;
const ARRAY_FILE = /\.(?:pt|pth|npz|npy|safetensors|onnx)$/i;
const CSV = /^[^,;\t\n{}[\]]+(?:[,;\t][^,;\t\n{}[\]]+)+\r?\n/;

/** The sort of a file, as far as its contents show it. */
export function sortOf(path: string, text: string): Sort | null {
  if (ARRAYS.test(text) || ARRAY_FILE.test(path)) return "arrays";
  let content: unknown;
  try {
    content = parseJson(text);
  } catch {
    return CSV.test(text) ? "data" : null;
  }
  if (typeof content !== "object" || content === null) return null;
  if (Array.isArray(content)) {
    const [first] = content;
    if (Array.isArray(first)) return "weights";
    return typeof first === "object" && first !== null && "x" in first ? "data" : null;
  }
  const format = "format" in content ? content.format : null;
  if (typeof format === "string") {
    const sort = /^margincert\/(\w+)\/\d+$/.exec(format)?.[1] ?? "";
    return Object.hasOwn(SORTS, sort) ? (sort as Sort) : null;
  }
  if ("statements" in content) return "certificate";
  if ("network" in content) return "problem";
  if (("X" in content || "x" in content) && ("y" in content || "Y" in content)) return "data";
  return Object.values(content).length > 0 && Object.values(content).every(Array.isArray) ? "weights" : null;
}

/** Throws InputError where the text is seen to be of another sort, with the command that takes it. */
export function ensureSort(path: string, text: string, ...wanted: readonly Sort[]): void {
  const sort = sortOf(path, text);
  if (sort !== null && !wanted.includes(sort)) throw new InputError("", SORTS[sort]);
}

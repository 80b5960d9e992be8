/** The cells of a tree in few words: which signs lead where, and why some do not occur. */
import type { Field } from "../../exact/field.js";
import type { Condition, Member, Signed, Tree } from "../../kernel/explore.js";
import { keyOf } from "../../kernel/explore.js";
import type { Instance } from "../../network/instance.js";
import { type Block, items, text } from "./document.js";
import { signedLatex } from "./notation.js";
import { sumLatex } from "./typeset.js";

/** Cells of which one thing is said, by its key: those with the signs of the conditions. */
export interface Case {
  readonly conditions: readonly Condition[];
  readonly key: string;
}

/** A cell that is in the zero set of its forms, with their signs. */
interface Gone<E> {
  readonly members: readonly Member<E>[];
  readonly conditions: readonly Condition[];
}

export interface Cases {
  /** What is said, each thing once, in the order of the tree. */
  readonly keys: readonly string[];
  /** "by the signs of …", or empty where there is nothing to tell apart. */
  readonly signs: string;
  /** The cells of which the thing is said; empty where it is of all. */
  readonly where: (key: string) => string;
  /** In how many cells the thing is said. */
  readonly count: (key: string) => number;
  /** Signs that do not occur at once, and why. */
  readonly gone: readonly string[];
}

/** With more signs than this they are written as + and −, not as inequalities. */
const MAX_INEQUALITIES = 2;

/** The cells of a tree whose leaves, from the first to the last, have these keys; a sign that makes no difference is dropped. */
export function casesOf<E, L>(
  { network, field: K }: Instance<E>,
  tree: Tree<E, L>,
  keys: readonly string[],
  maxInequalities = MAX_INEQUALITIES,
  name: (at: Signed) => string = (at) => signedLatex(network, at),
): Cases {
  const gone: Gone<E>[] = [];
  const counts = new Map<string, number>();
  let next = 0;
  const visit = (node: Tree<E, L>, path: readonly Condition[]): Case[] => {
    if ("gone" in node) {
      gone.push({ members: node.gone, conditions: path });
      return [];
    }
    if ("leaf" in node) {
      const key = keys[next++]!;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      return [{ conditions: [], key }];
    }
    const side = (below: Tree<E, L>, orientation: 1 | -1) => {
      const own: Condition = { at: node.split, orientation };
      const plain = visit(below, [...path, own]);
      return { plain, cases: plain.map(({ conditions, key }) => ({ conditions: [own, ...conditions], key })) };
    };
    const [on, off] = [side(node.on, 1), side(node.off, -1)];
    const makesNoDifference = JSON.stringify(on.plain) === JSON.stringify(off.plain);
    return makesNoDifference ? on.plain : [...on.cases, ...off.cases];
  };
  const cases = visit(tree, []);
  const order = new Map<string, Signed>();
  for (const { conditions } of cases) for (const { at } of conditions) order.set(keyOf(at), at);
  const asInequalities = order.size <= maxInequalities;
  const label = ({ conditions }: Case) => {
    if (asInequalities) return conditionsLatex(name, conditions);
    const chosen = new Map(conditions.map(({ at, orientation }) => [keyOf(at), orientation > 0 ? "{+}" : "{-}"]));
    return [...order.keys()].map((key) => chosen.get(key) ?? "{*}").join("");
  };
  const hasStar = cases.some(({ conditions }) => conditions.length < order.size);
  const names = [...order.values()].map(name);
  return {
    keys: [...new Set(cases.map(({ key }) => key))],
    signs:
      order.size === 0
        ? ""
        : `by the ${order.size === 1 ? "sign" : "signs"} of $${names.join(", ")}$${hasStar && !asInequalities ? " ($*$ is either)" : ""}`,
    where: (key) =>
      cases
        .filter((one) => one.key === key && one.conditions.length > 0)
        .map((one) => `$${label(one)}$`)
        .join(asInequalities ? " or " : ", "),
    count: (key) => counts.get(key) ?? 0,
    gone: [...new Set(gone.map((one) => goneReason(K, name, one)))],
  };
}

/** Conditions as inequalities. */
function conditionsLatex(name: (at: Signed) => string, conditions: readonly Condition[], strict = false): string {
  const relation = { 1: strict ? ">" : "\\ge", [-1]: strict ? "<" : "\\le" };
  return conditions.map(({ at, orientation }) => `${name(at)} ${relation[orientation]} 0`).join(",\\; ");
}

/** Strict signs that Gordan's theorem excludes, with the reason. */
function goneReason<E>(K: Field<E>, name: (at: Signed) => string, { members, conditions }: Gone<E>): string {
  const own = members.map(({ at, weight }) => {
    const condition = conditions.find((one) => keyOf(one.at) === keyOf(at))!;
    return { condition, coefficient: condition.orientation > 0 ? weight : K.neg(weight), factor: name(at) };
  });
  const below = conditions.filter((one) => own.some(({ condition }) => matters(one, condition)));
  const where = below.length === 0 ? "" : `where $${conditionsLatex(name, below)}$, `;
  const strict = conditionsLatex(
    name,
    own.map(({ condition }) => condition),
    true,
  );
  return `${where}$${strict}$, as $${sumLatex(K, own)} = 0$`;
}

/** Why some signs need not be treated; nothing where all are. */
export function goneBlocks(all: readonly { readonly gone: readonly string[] }[]): Block[] {
  const reasons = [...new Set(all.flatMap(({ gone }) => gone))];
  if (reasons.length === 0) return [];
  const why =
    "Where they hold with equality allowed, all of them are equalities, which leaves a set without inner points; so the other closed cells cover everything.";
  if (reasons.length === 1) return [text(`It cannot be that ${reasons[0]}. ${why}`)];
  return [text("Some signs cannot occur at once:"), items(reasons.map((one) => `not ${one}.`)), text(why)];
}

/** Whether a form depends on another sign: of a lower unit at the same sample, or of a weight below it. */
function matters({ at }: Condition, { at: form }: Condition): boolean {
  if ("weight" in form) return false;
  return !("weight" in at) && at.sample === form.sample && at.layer < form.layer;
}

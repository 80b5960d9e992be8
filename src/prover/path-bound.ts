/**
 * Finds what `kernel/path-bound.ts` checks: on each cell multipliers α and ν whose combined forms are small enough. Multipliers that
 * served elsewhere are tried first; else cutting planes look for some, and at θ itself they have to be multipliers of θ.
 */
import type { DualCell, Instance, Of, Orientation, Reach } from "../certificate/format.js";
import { dot, squaredNorm, sum } from "../exact/field.js";
import { Rejection } from "../kernel/ensure.js";
import { passAt } from "../kernel/forward.js";
import { isBound, type PathFrame, pathForms, pathFrame } from "../kernel/path-bound.js";
import { verifyStatement } from "../kernel/verify.js";
import { isUnshared, parametersOf } from "../problem/network.js";
import { intoBall } from "./cone.js";
import { type LinearRow, solveLp } from "./lp.js";
import { applyMatrix, dotNumbers, normOf, symmetricEigen } from "./numeric.js";
import { realizableChoices } from "./pieces.js";
import { fraction, roundTo, toNumbers } from "./vectors.js";

const MAX_CELLS = 600;
const MAX_SIGNS = 24;
const MAX_ROUNDS = 40;
const MAX_POOL = 8;

/** One cell: for each α and then each ν the coefficients of its form, row by row of the first layer, per list of weights above. */
interface Cell<E> {
  readonly orientations: readonly Orientation[];
  readonly touching: boolean;
  readonly forms: readonly ReadonlyMap<string, ReadonlyMap<number, E>>[];
}

/** A certificate that the KKT point θ is a local or global optimum, or null. */
export function findPathBound<E>(instance: Instance<E>, kkt: Of<"kkt", E>, reach: Reach): Of<"path-bound", E> | null {
  const { field: K, data } = instance;
  try {
    const frame = pathFrame(instance, reach);
    if (frame.fixed.filter((sign) => sign === null).length > MAX_SIGNS) return null;
    const choices = realizableChoices(instance, frame.signs, frame.fixed, null, MAX_CELLS);
    if (choices === null) return null;
    const cells = choices.choices
      .map(
        (orientations): Cell<E> => ({
          orientations,
          touching: touches(instance, frame, orientations),
          forms: pathForms(instance, frame, orientations),
        }),
      )
      .sort((a, b) => Number(b.touching) - Number(a.touching));
    const own = data.map((_, i) =>
      sum(
        K,
        kkt.terms.flatMap(({ sample, multiplier }) => (sample === i ? [multiplier] : [])),
      ),
    );
    const single = data.map((_, i) => data.map((__, k) => (k === i ? K.one : K.zero)));
    const pool: (readonly E[])[] = [own, ...single];
    const found: DualCell<E>[] = [];
    for (const cell of cells) {
      const dual = dualOf(instance, cell, pool);
      if (dual === null) return null;
      if (pool.length < MAX_POOL + data.length && !pool.includes(dual.multipliers)) pool.push(dual.multipliers);
      found.push(dual);
    }
    const statement: Of<"path-bound", E> = { kind: "path-bound", reach, excluded: choices.excluded, cells: found };
    return verifyStatement(instance, statement).accepted ? statement : null;
  } catch (error) {
    if (error instanceof Rejection) return null; // a sign that the cells do not determine
    throw error;
  }
}

/** Whether θ lies in the closed cell. */
function touches<E>(
  { field: K, data, point, ...rest }: Instance<E>,
  { signs }: PathFrame,
  chosen: readonly Orientation[],
): boolean {
  const instance = { field: K, data, point, ...rest };
  const passes = data.map((_, i) => passAt(instance, i, point));
  return signs.every(({ sample, layer, unit }, k) => {
    const value = sample === -1 ? point[unit]! : passes[sample]!.preactivations[layer]![unit]!;
    return K.sign(value) * chosen[k]! >= 0;
  });
}

function dualOf<E>(instance: Instance<E>, cell: Cell<E>, pool: readonly (readonly E[])[]): DualCell<E> | null {
  const { field: K, data } = instance;
  const accept = (multipliers: readonly E[], signMultipliers: readonly E[]): DualCell<E> | null =>
    isBound(instance, cell.forms, [...multipliers, ...signMultipliers], sum(K, multipliers))
      ? { orientations: cell.orientations, multipliers, signMultipliers }
      : null;
  const withLinks = (multipliers: readonly E[]) => accept(multipliers, linksFor(instance, cell, multipliers));
  for (const multipliers of pool) {
    const accepted = withLinks(multipliers);
    if (accepted !== null) return accepted;
  }
  const solution = byCuts(instance, cell);
  if (solution === null) return null;
  const alpha = solution.slice(0, data.length);
  const exact = accept(alpha, solution.slice(data.length));
  if (exact !== null) return exact;
  // A cell as good as that of θ leaves no room, and what the cuts come close to has to be guessed.
  const total = K.toNumber(sum(K, alpha));
  for (const denominator of [1n, 2n, 3n, 4n, 5n, 6n, 8n, 12n, 24n]) {
    const guess = alpha.map((c) => K.fromRational(roundTo(K.toNumber(c) / total, denominator)));
    if (guess.every((c) => K.sign(c) === 0)) continue;
    const accepted = withLinks(guess);
    if (accepted !== null) return accepted;
  }
  return null;
}

/** Given α, ν that make the form of each list of weights as short as it can be. */
function linksFor<E>(instance: Instance<E>, { forms }: Cell<E>, multipliers: readonly E[]): E[] {
  const { field: K, network, point } = instance;
  const rows = parametersOf(network, 0);
  const dense = (form: ReadonlyMap<number, E> | undefined) => rows.map((k) => form?.get(k) ?? K.zero);
  const total = sum(K, multipliers);
  const mean = K.div(squaredNorm(K, point), fraction(K, BigInt(network.layers.length)));
  const scale = network.layers.reduce((product) => K.mul(product, mean), K.one);
  const room = K.div(K.mul(total, total), scale);
  const n = multipliers.length;
  const weights = forms.slice(n).map(() => K.zero);
  for (const path of new Set(forms.flatMap((form) => [...form.keys()]))) {
    const target = rows.map((_, r) =>
      sum(
        K,
        multipliers.map((alpha, i) => K.mul(alpha, forms[i]!.get(path)?.get(rows[r]!) ?? K.zero)),
      ),
    );
    const own = weights.flatMap((_, k) => (forms[n + k]!.has(path) ? [k] : []));
    const { weights: found } = intoBall(
      K,
      target,
      own.map((k) => dense(forms[n + k]!.get(path))),
      room,
    );
    if (found !== null) for (const [j, k] of own.entries()) weights[k] = found[j]!;
  }
  return weights;
}

/**
 * α and ν with Σα = ‖θ‖²/m, by cutting planes pᵀMq ≤ C for unit vectors p and q, with as much room as possible; where the cell
 * touches θ, with M φ(θ) along θ, as they have to be there. Null where no such weights exist.
 */
function byCuts<E>(instance: Instance<E>, { forms, touching }: Cell<E>): E[] | null {
  const { field: K, network, point, data } = instance;
  const rows = parametersOf(network, 0);
  const paths = [...new Set(forms.flatMap((form) => [...form.keys()]))];
  const depth = network.layers.length;
  const shared = !isUnshared(network);
  const sumOfAlpha = K.div(squaredNorm(K, point), fraction(K, BigInt(depth)));
  const size = K.toNumber(sumOfAlpha);
  const bound = size ** (1 - depth / 2);
  const values = paths.map((path) =>
    path === "" ? K.one : path.split(",").reduce((product, k) => K.mul(product, point[Number(k)]!), K.one),
  );
  const live = values.map((value) => touching && !K.isZero(value));
  const A = forms.map((form) => paths.map((path) => rows.map((k) => form.get(path)?.get(k) ?? K.zero)));
  const floats = A.map((columns) => columns.map((column) => toNumbers(K, column)));
  const unknowns = forms.length;
  const programRows: LinearRow<E>[] = [
    {
      coefficients: [...forms.map((_, j) => (j < data.length ? K.one : K.zero)), K.zero],
      sense: "=",
      bound: sumOfAlpha,
    },
    {
      coefficients: [...forms.map(() => K.zero), K.one],
      sense: "<=",
      bound: K.fromRational(roundTo(bound / 8, 1n << 40n)),
    },
  ];
  if (touching) {
    const theta = rows.map((k) => point[k]!);
    const along = K.div(sumOfAlpha, squaredNorm(K, theta));
    for (const [r, c] of theta.entries())
      programRows.push({
        coefficients: [
          ...A.map((columns) =>
            dot(
              K,
              values,
              columns.map((column) => column[r]!),
            ),
          ),
          K.zero,
        ],
        sense: "=",
        bound: K.mul(along, c),
      });
    if (shared) {
      const back = K.div(sumOfAlpha, squaredNorm(K, values));
      for (const [t, value] of values.entries())
        programRows.push({
          coefficients: [...A.map((columns) => dot(K, theta, columns[t]!)), K.zero],
          sense: "=",
          bound: K.mul(back, value),
        });
    }
  }
  const limit = K.fromRational(roundTo(bound * (1 + 2 ** -24), 1n << 40n));
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const result = solveLp(K, {
      objective: [...forms.map(() => K.zero), K.neg(K.one)],
      rows: programRows,
      free: [...forms.map(() => false), true],
    });
    if (result.kind !== "optimal" || K.toNumber(result.value) > 1e-9 * bound) return null;
    const weights = result.x.slice(0, unknowns);
    const w = toNumbers(K, weights);
    const M = paths.map((_, t) => rows.map((__, r) => w.reduce((total, c, j) => total + c * floats[j]![t]![r]!, 0)));
    const cuts = violated(
      M,
      live,
      bound,
      shared,
      touching
        ? toNumbers(
            K,
            rows.map((k) => point[k]!),
          )
        : null,
    );
    if (cuts.length === 0) return weights;
    for (const { p, q } of cuts)
      programRows.push({
        coefficients: [
          ...floats.map((columns) =>
            K.fromRational(
              roundTo(
                columns.reduce((total, column, t) => total + q[t]! * dotNumbers(p, column), 0),
                1n << 30n,
              ),
            ),
          ),
          K.one,
        ],
        sense: "<=",
        bound: limit,
      });
  }
  return null;
}

/** Unit vectors p, q with pᵀMq above the bound, M given by its columns: per column, or by singular vectors. The part at θ is left out. */
function violated(
  M: readonly (readonly number[])[],
  live: readonly boolean[],
  most: number,
  shared: boolean,
  theta: readonly number[] | null,
): { p: number[]; q: number[] }[] {
  if (!shared)
    return M.flatMap((column, t) => {
      const norm = normOf(column);
      if (live[t]! || norm <= most) return [];
      return [{ p: column.map((c) => c / norm), q: M.map((_, s) => (s === t ? 1 : 0)) }];
    });
  const n = M[0]!.length;
  const gram = Array.from({ length: n }, (_, u) =>
    Array.from({ length: n }, (__, v) => M.reduce((total, column) => total + column[u]! * column[v]!, 0)),
  );
  const { values, vectors } = symmetricEigen(gram);
  return values.flatMap((value, k) => {
    const sigma = Math.sqrt(Math.max(0, value));
    const p = vectors[k]!;
    const atTheta = theta !== null && Math.abs(dotNumbers(p, theta)) > 0.999 * normOf(theta);
    return sigma <= most || atTheta ? [] : [{ p, q: applyMatrix(M, p).map((c) => c / sigma) }];
  });
}

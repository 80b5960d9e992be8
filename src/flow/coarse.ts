/**
 * The flow without the accuracy of `trajectory.ts`: enough to know to which limit a start leads. Margins stay below some 10^5, so their
 * weights are had from θ, and an explicit method does that is made for stiff systems with a real spectrum, as that of the derivative of a
 * gradient is: Runge–Kutta–Chebyshev of second order, with as many stages as the stiffness asks for (Sommeijer, Shampine, Verwer, RKC: An
 * explicit solver for parabolic PDEs, J. Comput. Appl. Math. 88, 1998).
 *
 * As in `field.ts` the clock is the length of the path. Kinks are located and then crossed or followed, by the differential inclusion.
 * Everything lives in typed arrays that are made once per model: a flow allocates nothing.
 */
import type { Loss } from "../problem/problem.js";
import { hasKink, type Model } from "./model.js";

/** Where the flow is when it is looked at: views of the flow's own arrays, which it moves on. */
export interface CoarseView {
  readonly theta: Float64Array;
  /** σ' by sample and neuron, sample by sample. */
  readonly slopes: Float64Array;
  /** Per sample and neuron, 1 where the flow follows the kink. */
  readonly followed: Uint8Array;
  /** The part of the on side at followed kinks. */
  readonly parts: Float64Array;
  /** Per margin its value, and its weight in the loss; the weights add up to 1. */
  readonly margins: Float64Array;
  readonly weights: Float64Array;
  /** log(1/L), up to log of the number of margins. */
  readonly least: number;
}

/**
 * `stiff`: only an implicit method gets on: along a valley in which margins that cannot all be positive hold each other, or where margins that
 * are nearly opposite do. `chatters`: kinks of
 * units above each other are crossed back and forth without end, which no method here resolves.
 */
export type CoarseEnd = "stopped" | "unseparated" | "unsettled" | "stiff" | "chatters";

export interface CoarseFlow {
  /** Where it is, after a run where that ended. */
  readonly theta: Float64Array;
  /**
   * Runs from a start; `visit` is called when the least margin has reached the level that it asked for last, and answers with the next one,
   * or null to stop.
   */
  readonly run: (start: ArrayLike<number>, first: number, visit: (view: CoarseView) => number | null) => CoarseEnd;
}

/** Of a step, relative to ‖θ‖. */
const TOLERANCE = 1e-5;
const MAX_STAGES = 250;
const MAX_STEPS = 20_000;
const MAX_EVENTS = 4000;
/** Stages of all steps together, while the data is separated: then an implicit method takes over. */
const MAX_WORK = 30_000;
/** Steps in a row that are held back by stiffness while the data is not separated. */
const MAX_HELD = 20;
/** A kink is found to this fraction of what the pre-activation could be. */
const ON_KINK = 1e-10;
/** Gradients below this fraction of their bound are zero, as in `trajectory.ts`. */
const REST = 1e-9;
/** A part of the on side this far outside of [0,1] means that the step went too far. */
const TOO_FAR = 0.05;

export function coarseFlow(model: Model, loss: Loss): CoarseFlow {
  const { size, degree, inputs, neurons, margins: constraints } = model;
  const samples = inputs.length;
  const count = constraints.length;
  const units = neurons.length;
  const depth = model.layers.length;

  // The network, flat: per layer where each unit's connections begin, and their sources and weights.
  const widths = Int32Array.of(inputs[0]!.length, ...model.layers.map((layer) => layer.length));
  const offsets = new Int32Array(depth + 2);
  for (let l = 0; l <= depth; l++) offsets[l + 1] = offsets[l]! + widths[l]!;
  const begins = model.layers.map((layer) => {
    const begin = new Int32Array(layer.length + 1);
    layer.forEach((row, unit) => {
      begin[unit + 1] = begin[unit]! + row.length;
    });
    return begin;
  });
  const sources = model.layers.map((layer) => Int32Array.from(layer.flat(), ({ from }) => from));
  const places = model.layers.map((layer) => Int32Array.from(layer.flat(), ({ weight }) => weight));
  const off = Float64Array.from(neurons, (one) => one.off);
  const kinked = Uint8Array.from(neurons, (one) => (hasKink(one) ? 1 : 0));
  const reach = Float64Array.from(neurons, (one) => one.degree);
  const sampleOf = Int32Array.from(constraints, ({ sample }) => sample);
  const plus = Int32Array.from(constraints, (one) => one.plus ?? -1);
  const minus = Int32Array.from(constraints, (one) => one.minus ?? -1);
  const stride = offsets[depth + 1]!;
  const lengths = Float64Array.from(inputs, (x) => Math.hypot(...x));
  const isExponential = loss === "exponential";

  const values = new Float64Array(samples * stride);
  inputs.forEach((x, i) => {
    values.set(x, i * stride);
  });
  const pre = new Float64Array(samples * units);
  const slopes = new Float64Array(samples * units);
  const followed = new Uint8Array(samples * units);
  const parts = new Float64Array(samples * units);
  const all = new Float64Array(size + model.frozen.length);
  all.set(model.frozen, size);
  const adjoint = new Float64Array(stride);
  const margins = new Float64Array(count);
  const weights = new Float64Array(count);
  const own = new Float64Array(all.length);
  const free = new Float64Array(all.length);
  const influence = new Float64Array(samples * units);
  /** Followed kinks, as sample · units + neuron, with their normals, and an orthonormal basis of these. */
  const slides = new Int32Array(size);
  let sliding = 0;
  const normals = new Float64Array(size * all.length);
  const basis = new Float64Array(size * size);
  const products = new Float64Array(size * size);
  const pulls = new Float64Array(size);
  let rank = 0;
  const theta = new Float64Array(size);
  const rate = new Float64Array(size);
  const next = new Float64Array(size);
  const nextRate = new Float64Array(size);
  const before = new Float64Array(size);
  const before2 = new Float64Array(size);
  const stageRate = new Float64Array(size);
  const tables = new Map<number, Float64Array>();
  let speed = 0;
  let stiffness = 0;
  let least = 0;

  /** Pre-activations and outputs of all samples at y, under the slopes as they are. */
  function forward(y: Float64Array): void {
    all.set(y);
    for (let i = 0; i < samples; i++) {
      let index = i * units;
      for (let l = 0; l < depth; l++) {
        const begin = begins[l]!;
        const source = sources[l]!;
        const place = places[l]!;
        const below = i * stride + offsets[l]!;
        const above = i * stride + offsets[l + 1]!;
        const hidden = l < depth - 1;
        for (let unit = 0; unit < widths[l + 1]!; unit++) {
          let sum = 0;
          for (let k = begin[unit]!; k < begin[unit + 1]!; k++) sum += all[place[k]!]! * values[below + source[k]!]!;
          if (hidden) {
            pre[index] = sum;
            values[above + unit] = slopes[index]! * sum;
            index++;
          } else values[above + unit] = sum;
        }
      }
    }
  }

  /** From the adjoint of layer `top` of sample i down: adds the gradient into `into`, and scale times the neurons' adjoints to `influence`. */
  function backward(i: number, top: number, into: Float64Array, scale: number): void {
    let index = i * units;
    for (let l = 0; l < top; l++) index += widths[l + 1]!;
    for (let l = top; l >= 0; l--) {
      const begin = begins[l]!;
      const source = sources[l]!;
      const place = places[l]!;
      const below = i * stride + offsets[l]!;
      const here = offsets[l + 1]!;
      const under = offsets[l]!;
      if (l > 0) for (let unit = 0; unit < widths[l]!; unit++) adjoint[under + unit] = 0;
      for (let unit = 0; unit < widths[l + 1]!; unit++) {
        const a = adjoint[here + unit]!;
        if (a === 0) continue;
        for (let k = begin[unit]!; k < begin[unit + 1]!; k++) {
          into[place[k]!]! += a * values[below + source[k]!]!;
          if (l > 0) adjoint[under + source[k]!]! += a * all[place[k]!]!;
        }
      }
      if (l > 0) {
        index -= widths[l]!;
        for (let unit = 0; unit < widths[l]!; unit++) {
          influence[index + unit]! += scale * adjoint[under + unit]!;
          adjoint[under + unit]! *= slopes[index + unit]!;
        }
      }
    }
  }

  /** Values and weights of the margins after a forward pass. */
  function weigh(): void {
    least = Number.POSITIVE_INFINITY;
    for (let m = 0; m < count; m++) {
      const top = sampleOf[m]! * stride + offsets[depth]!;
      const q = (plus[m]! < 0 ? 0 : values[top + plus[m]!]!) - (minus[m]! < 0 ? 0 : values[top + minus[m]!]!);
      margins[m] = q;
      if (q < least) least = q;
    }
    // log(−∂L/∂q) + q is 0, or −log(1 + Σ e^{−q}) over the sample's margins, which stand together.
    let highest = Number.NEGATIVE_INFINITY;
    for (let m = 0; m < count; ) {
      let end = m;
      let low = 0;
      for (; end < count && sampleOf[end] === sampleOf[m]; end++) low = Math.min(low, margins[end]!);
      let slope = 0;
      if (!isExponential) {
        let sum = Math.exp(low);
        for (let k = m; k < end; k++) sum += Math.exp(low - margins[k]!);
        slope = low - Math.log(sum);
      }
      for (; m < end; m++) {
        weights[m] = slope - margins[m]!;
        if (weights[m]! > highest) highest = weights[m]!;
      }
    }
    let total = 0;
    for (let m = 0; m < count; m++) {
      weights[m] = Math.exp(weights[m]! - highest);
      total += weights[m]!;
    }
    for (let m = 0; m < count; m++) weights[m]! /= total;
  }

  /** g/‖g‖ at y, projected along the followed kinks; sets the speed ‖g‖, the margins, and a bound on the stiffness. */
  function field(y: Float64Array, out: Float64Array): void {
    forward(y);
    weigh();
    free.fill(0);
    influence.fill(0);
    let squares = 0;
    for (let m = 0; m < count; m++) {
      const weight = weights[m]!;
      if (weight < 1e-14) continue;
      own.fill(0);
      const top = offsets[depth]!;
      for (let unit = 0; unit < widths[depth]!; unit++) adjoint[top + unit] = 0;
      if (plus[m]! >= 0) adjoint[top + plus[m]!] = 1;
      if (minus[m]! >= 0) adjoint[top + minus[m]!] = -1;
      backward(sampleOf[m]!, depth - 1, own, weight);
      let square = 0;
      for (let j = 0; j < size; j++) {
        square += own[j]! * own[j]!;
        free[j]! += weight * own[j]!;
      }
      squares += weight * square;
    }
    if (sliding > 0) findNormals();
    let square = 0;
    for (let j = 0; j < size; j++) {
      out[j] = free[j]!;
      square += free[j]! * free[j]!;
    }
    const spread = Math.max(0, squares - square);
    for (let round = 0; round < 2 && rank > 0; round++) {
      for (let k = 0; k < rank; k++) {
        let along = 0;
        for (let j = 0; j < size; j++) along += basis[k * size + j]! * out[j]!;
        for (let j = 0; j < size; j++) out[j]! -= along * basis[k * size + j]!;
      }
    }
    if (rank > 0) {
      square = 0;
      for (let j = 0; j < size; j++) square += out[j]! * out[j]!;
    }
    speed = Math.sqrt(square);
    const scale = speed > 0 ? 1 / speed : 0;
    for (let j = 0; j < size; j++) out[j]! *= scale;
    // Of the derivative of g/‖g‖: the covariance of the gradients under the weights, and what the margins bend.
    stiffness = scale * (spread + Math.sqrt(squares) / lengthOf(y)) + 2 / lengthOf(y);
  }

  function lengthOf(y: Float64Array): number {
    let square = 0;
    for (let j = 0; j < size; j++) square += y[j]! * y[j]!;
    return Math.sqrt(square);
  }

  /** The gradient of a pre-activation after a forward pass, into `normals`. */
  function normalOf(kink: number, k: number): void {
    const i = Math.floor(kink / units);
    const { layer, unit } = neurons[kink - i * units]!;
    const row = normals.subarray(k * all.length, (k + 1) * all.length);
    row.fill(0);
    const here = offsets[layer + 1]!;
    for (let other = 0; other < widths[layer + 1]!; other++) adjoint[here + other] = other === unit ? 1 : 0;
    backward(i, layer, row, 0);
  }

  /** The normals of the followed kinks, and an orthonormal basis of their span. */
  function findNormals(): void {
    rank = 0;
    for (let k = 0; k < sliding; k++) {
      normalOf(slides[k]!, k);
      const row = k * all.length;
      const to = rank * size;
      let whole = 0;
      for (let j = 0; j < size; j++) {
        basis[to + j] = normals[row + j]!;
        whole += normals[row + j]! ** 2;
      }
      for (let round = 0; round < 2; round++) {
        for (let b = 0; b < rank; b++) {
          let along = 0;
          for (let j = 0; j < size; j++) along += basis[b * size + j]! * basis[to + j]!;
          for (let j = 0; j < size; j++) basis[to + j]! -= along * basis[b * size + j]!;
        }
      }
      let rest = 0;
      for (let j = 0; j < size; j++) rest += basis[to + j]! ** 2;
      if (!(rest > 1e-18 * whole)) continue;
      const scale = 1 / Math.sqrt(rest);
      for (let j = 0; j < size; j++) basis[to + j]! *= scale;
      rank++;
    }
  }

  /** The coefficients of a step with so many stages: per stage μ, ν, μ̃, γ̃. */
  function tableOf(stages: number): Float64Array {
    const known = tables.get(stages);
    if (known !== undefined) return known;
    const s = stages;
    const w0 = 1 + 2 / 13 / s ** 2;
    const [T, D, DD] = [new Float64Array(s + 1), new Float64Array(s + 1), new Float64Array(s + 1)];
    T[0] = 1;
    T[1] = w0;
    D[1] = 1;
    for (let j = 2; j <= s; j++) {
      T[j] = 2 * w0 * T[j - 1]! - T[j - 2]!;
      D[j] = 2 * T[j - 1]! + 2 * w0 * D[j - 1]! - D[j - 2]!;
      DD[j] = 4 * D[j - 1]! + 2 * w0 * DD[j - 1]! - DD[j - 2]!;
    }
    const w1 = D[s]! / DD[s]!;
    const b = Float64Array.from(T, (_, j) => DD[Math.max(2, j)]! / D[Math.max(2, j)]! ** 2);
    const table = new Float64Array(4 * (s + 1));
    table[2] = b[1]! * w1;
    for (let j = 2; j <= s; j++) {
      const a = 1 - b[j - 1]! * T[j - 1]!;
      table[4 * j] = (2 * b[j]! * w0) / b[j - 1]!;
      table[4 * j + 1] = -b[j]! / b[j - 2]!;
      table[4 * j + 2] = (2 * b[j]! * w1) / b[j - 1]!;
      table[4 * j + 3] = -a * table[4 * j + 2]!;
    }
    tables.set(stages, table);
    return table;
  }

  /** A step of length h from θ, whose rate is known, to `next`. */
  function step(h: number, stages: number): void {
    const table = tableOf(stages);
    const first = table[2]! * h;
    for (let j = 0; j < size; j++) {
      before2[j] = theta[j]!;
      before[j] = theta[j]! + first * rate[j]!;
    }
    for (let s = 2; s <= stages; s++) {
      field(before, stageRate);
      const mu = table[4 * s]!;
      const nu = table[4 * s + 1]!;
      const forth = table[4 * s + 2]! * h;
      const back = table[4 * s + 3]! * h;
      const rest = 1 - mu - nu;
      for (let j = 0; j < size; j++) {
        const y = rest * theta[j]! + mu * before[j]! + nu * before2[j]! + forth * stageRate[j]! + back * rate[j]!;
        before2[j] = before[j]!;
        before[j] = y;
      }
    }
    next.set(before);
  }

  /** The error of the step, whose rate at the end is known, in units of the tolerance. */
  function errorOf(h: number): number {
    let square = 0;
    for (let j = 0; j < size; j++) {
      const e = 0.8 * (theta[j]! - next[j]!) + 0.4 * h * (rate[j]! + nextRate[j]!);
      square += e * e;
    }
    return Math.sqrt(square) / (TOLERANCE * lengthOf(next));
  }

  /** Of a pre-activation after a forward pass at y: on the side that it is taken to be on, in units of what it could be. */
  function sideOf(kink: number, length: number): number {
    const i = Math.floor(kink / units);
    const neuron = kink - i * units;
    const z = pre[kink]! / (lengths[i]! * length ** reach[neuron]! || 1);
    return slopes[kink] === 1 ? z : -z;
  }

  /** The least of these over all kinks that are not followed. */
  function leastSide(length: number): number {
    let lowest = Number.POSITIVE_INFINITY;
    for (let kink = 0; kink < pre.length; kink++) {
      if (kinked[kink % units] === 0 || followed[kink] === 1) continue;
      const side = sideOf(kink, length);
      if (side < lowest) lowest = side;
    }
    return lowest;
  }

  /** The rate of the pre-activation at θ, if the neuron has the given slope there; leaves θ's forward pass behind. */
  function push(kink: number, slope: number): number {
    const was = slopes[kink]!;
    slopes[kink] = slope;
    field(theta, stageRate);
    normalOf(kink, size - 1);
    const row = (size - 1) * all.length;
    let sum = 0;
    for (let j = 0; j < size; j++) sum += normals[row + j]! * stageRate[j]!;
    slopes[kink] = was;
    return sum;
  }

  function follow(kink: number): void {
    followed[kink] = 1;
    slopes[kink] = off[kink % units]!;
    slides[sliding++] = kink;
  }

  function leave(k: number, slope: number): void {
    const kink = slides[k]!;
    followed[kink] = 0;
    slopes[kink] = slope;
    slides.copyWithin(k, k + 1, sliding);
    sliding--;
    if (sliding === 0) rank = 0;
  }

  /** Back onto the followed kinks. */
  function restore(y: Float64Array): void {
    for (let round = 0; round < 2; round++) {
      forward(y);
      for (let k = 0; k < sliding; k++) {
        normalOf(slides[k]!, k);
        const row = k * all.length;
        let square = 0;
        for (let j = 0; j < size; j++) square += normals[row + j]! ** 2;
        if (!(square > 0)) continue;
        const c = pre[slides[k]!]! / square;
        for (let j = 0; j < size; j++) y[j]! -= c * normals[row + j]!;
      }
    }
  }

  /** The parts of the on side at the followed kinks, after the field at θ; the one that is outside of [0,1] the furthest, or −1. */
  function findParts(): number {
    // Σ c_l n_l·n_k = −n_k·g by Gauss–Seidel: normals of different units of a layer are orthogonal.
    let worst = -1;
    let most = 1e-9;
    for (let k = 0; k < sliding; k++) {
      const row = k * all.length;
      for (let l = 0; l <= k; l++) {
        let product = 0;
        for (let j = 0; j < size; j++) product += normals[row + j]! * normals[l * all.length + j]!;
        products[k * size + l] = product;
        products[l * size + k] = product;
      }
      let pull = 0;
      for (let j = 0; j < size; j++) pull += normals[row + j]! * free[j]!;
      pulls[k] = pull;
      parts[slides[k]!] = 0;
    }
    for (let sweep = 0; sweep < 60; sweep++) {
      let change = 0;
      let largest = 0;
      for (let k = 0; k < sliding; k++) {
        let along = pulls[k]!;
        for (let l = 0; l < sliding; l++) if (l !== k) along += products[k * size + l]! * parts[slides[l]!]!;
        const square = products[k * size + k]!;
        const part = square > 0 ? -along / square : 0;
        change = Math.max(change, Math.abs(part - parts[slides[k]!]!));
        largest = Math.max(largest, Math.abs(part));
        parts[slides[k]!] = part;
      }
      if (change <= 1e-13 * largest) break;
    }
    for (let k = 0; k < sliding; k++) {
      const kink = slides[k]!;
      const jump = influence[kink]! * (1 - off[kink % units]!);
      const part = jump === 0 ? 0 : parts[kink]! / jump;
      parts[kink] = part;
      const outside = jump === 0 ? 1 : Math.max(-part, part - 1);
      if (outside > most) {
        most = outside;
        worst = k;
      }
    }
    return worst;
  }

  const view = {
    theta,
    slopes,
    followed,
    parts,
    margins,
    weights,
    get least() {
      return least;
    },
  };

  function run(start: ArrayLike<number>, first: number, visit: (view: CoarseView) => number | null): CoarseEnd {
    theta.set(start);
    sliding = 0;
    rank = 0;
    followed.fill(0);
    parts.fill(0);
    // The pattern, layer by layer: a pre-activation depends on slopes below only.
    slopes.fill(1);
    for (let l = 0; l < depth; l++) {
      forward(theta);
      for (let kink = 0; kink < pre.length; kink++) slopes[kink] = pre[kink]! > 0 ? 1 : off[kink % units]!;
    }
    let level = first;
    let h = 1e-3 * lengthOf(theta);
    let events = 0;
    let held = 0;
    let work = 0;
    field(theta, rate);
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      const length = lengthOf(theta);
      if (!(speed > REST * model.steepness * length ** (degree - 1))) {
        if (least <= 0) return "unseparated";
        if (!(speed > 0)) return "unsettled";
      }
      const here = stiffness;
      const most = (0.65 * (MAX_STAGES ** 2 - 1)) / here;
      held = least <= 0 && h > most ? held + 1 : 0;
      if (held > MAX_HELD || (least > 0 && work > MAX_WORK)) return "stiff";
      h = Math.min(h, most, length);
      let stages = 0;
      let error = 0;
      for (;;) {
        stages = Math.max(2, 1 + Math.floor(Math.sqrt(1 + 1.54 * h * here)));
        step(h, stages);
        work += stages;
        field(next, nextRate);
        error = errorOf(h);
        if (error <= 1) break;
        h *= Math.max(0.1, 0.8 * (Number.isFinite(error) ? error : 1e3) ** (-1 / 3));
        if (!(h > 1e-14 * length)) return least <= 0 ? "unseparated" : "unsettled";
      }
      let grown = h * Math.min(5, 0.8 * Math.max(error, 1e-4) ** (-1 / 3));
      let side = leastSide(lengthOf(next));
      if (side < -ON_KINK) {
        // The first kink within the step, by the Illinois method.
        let [low, high, atLow, atHigh] = [0, h, ON_KINK, side];
        for (let round = 0; round < 60 && side < -ON_KINK; round++) {
          const secant = high - ((high - low) * atHigh) / (atHigh - atLow);
          const at = round % 4 === 3 ? (low + high) / 2 : Math.min(secant + 1e-3 * (high - low), high);
          step(at, Math.max(2, 1 + Math.floor(Math.sqrt(1 + 1.54 * at * here))));
          forward(next);
          const found = leastSide(lengthOf(next));
          if (found >= 0) {
            low = at;
            atLow = Math.max(found, 1e-300);
            atHigh /= 2;
          } else {
            high = at;
            atHigh = found;
            atLow /= 2;
            side = found;
          }
          h = high;
        }
        if (low > 0 || h < grown) grown = Math.max(h, 1e-4 * length);
        step(h, Math.max(2, 1 + Math.floor(Math.sqrt(1 + 1.54 * h * here))));
        if (++events > MAX_EVENTS) return "chatters";
        theta.set(next);
        forward(theta);
        const now = lengthOf(theta);
        for (let kink = 0; kink < pre.length; kink++) {
          if (kinked[kink % units] === 0 || followed[kink] === 1) continue;
          forward(theta);
          if (!(sideOf(kink, now) < 0)) continue;
          const wasOn = slopes[kink] === 1;
          const other = wasOn ? off[kink % units]! : 1;
          const onward = push(kink, other);
          if (wasOn ? onward <= 0 : onward >= 0) slopes[kink] = other;
          else if (sliding < size - 1) follow(kink);
          else return "unsettled";
        }
        if (sliding > 0) restore(theta);
        field(theta, rate);
      } else {
        if (sliding > 0) restore(next);
        theta.set(next);
        if (sliding > 0) field(theta, rate);
        else rate.set(nextRate);
      }
      // Kinks that cease to hold the flow.
      for (let turns = 0; sliding > 0; turns++) {
        const worst = findParts();
        if (worst < 0) break;
        if (turns > 2 * size || ++events > MAX_EVENTS) return "chatters";
        if (parts[slides[worst]!]! < -TOO_FAR || parts[slides[worst]!]! > 1 + TOO_FAR) grown = Math.min(grown, h / 2);
        leave(worst, parts[slides[worst]!]! > 0.5 ? 1 : off[slides[worst]! % units]!);
        field(theta, rate);
      }
      h = grown;
      if (least >= level) {
        const wanted = visit(view);
        if (wanted === null) return "stopped";
        level = wanted;
        // The visitor may have moved nothing, but the arrays are those of θ again.
        field(theta, rate);
      }
    }
    return least <= 0 ? "unseparated" : "unsettled";
  }

  return { theta, run };
}

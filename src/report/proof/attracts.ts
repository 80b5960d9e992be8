/** `attracts`: the reduction, the ball and the trap, with the numbers of this point; the argument is that of `proofs/theory.md`, §13. */
import { power, squaredNorm } from "../../exact/field.js";
import { rational as exactly, Q, type Rational } from "../../exact/rational.js";
import type { Facts } from "../../kernel/facts.js";
import type { Path } from "../../kernel/path.js";
import type { Proved } from "../../kernel/statements/index.js";
import type { SparseVector } from "../../network/codec.js";
import { type Block, breakable, claim, display, enumeration, text } from "./document.js";
import { marginIndex, parameterLatex, signedLatex } from "./notation.js";
import { formLatex, multivariateLatex, numberLatex, tupleLatex } from "./typeset.js";

export function attractsClaim<E>(
  { instance: { network, field: K, point }, margins, active }: Facts<E>,
  { statement, proof: { basin, starts } }: Extract<Proved<E>, { readonly kind: "attracts" }>,
): Block {
  const { range, idle, ball, start, multipliers, path } = statement;
  const { reduced, ring } = basin;
  const { degree: m } = reduced;
  const rational = (value: Rational) => numberLatex(K, K.fromRational(value));
  const endOf = (end: bigint) => exactly(end, 1n << BigInt(ring.precision));

  const phi = coordinateNames(network, K, range, "\\varphi");
  const eta = coordinateNames(network, K, idle, "\\eta");
  const names = [...phi, ...eta];
  const image = network.parameters.map((_, w) =>
    formLatex(
      K,
      [...range, ...idle].map((b) => b.get(w) ?? K.zero),
      (k) => names[k]!,
    ),
  );
  const isWhole = names.length === network.parameters.length;
  const formulas = reduced.margins.map(
    (p, j) => `q_{${marginIndex(network, margins[j]!)}} &= ${multivariateLatex(K, p, (v) => names[v]!)}`,
  );
  const signs = [true, false].flatMap((on) => {
    const symbols = reduced.signs.filter((one) => one.on === on).map(({ at }) => signedLatex(network, at));
    const relation = path === null ? (on ? ">" : "<") : on ? "\\ge" : "\\le"; // at the end of a path a unit may rest at zero
    return symbols.length === 0 ? [] : [`$${symbols.join(", ")} ${relation} 0$`];
  });
  const least = basin.multipliers.reduce((low, x) => (x.low < low ? x.low : low), basin.multipliers[0]!.low);
  const { high: lengthAbove } = ring.add(
    ring.root(
      starts.centre.reduce((total, x, k) => ring.add(total, ring.mul(basin.squares[k]!, ring.mul(x, x))), ring.zero),
      2,
    ),
    starts.radius,
  );
  const sphere = Q.add(endOf(basin.norm.low), Q.mul(ball.growth, Q.mul(ball.radius, ball.radius)));
  const reached = Q.mul(Q.mul(start.level, start.level), power(Q, sphere, BigInt(m)));
  // So many digits that the printed inequality is true; the kernel found it true for the number itself.
  let digits = 5;
  while (Q.sign(Q.sub(reached, power(Q, rounded(endOf(lengthAbove), digits, "up"), 2n * BigInt(m)))) <= 0) digits++;
  const length = decimalText(rounded(endOf(lengthAbove), digits, "up"));
  const norm = numberLatex(K, squaredNorm(K, point));
  const growth = rational(ball.growth);
  const space = isWhole
    ? `Write $\\theta' = ${breakable(`(${image.join(", ")})`)}$.`
    : `$W$ is the space of all $\\theta' = ${breakable(`(${image.join(", ")})`)}$, of dimension $${names.length}$.`;
  return claim(
    `From every start${isWhole ? "" : " in the space $W$"} within distance $${rational(start.radius)}$ of $\\theta_{0} = ${breakable(tupleLatex(K, start.point))}$${isWhole ? "" : ", $W$ as below"}, gradient flow with the ${path?.loss ?? "exponential and with the logistic"} loss exists for all time, is unique, drives the loss $L$ to $0$, and $\\theta(t)/\\|\\theta(t)\\| \\to \\theta/\\|\\theta\\|$.`,
    [
      ...(path === null ? [] : [text(pathText(path, reduced.problem.network.slopes.length > 0))]),
      text(`${space} ${signs.length === 0 ? "There" : `While ${enumeration(signs)}, there`} the margins are`),
      display(...formulas.map((line) => `${line},`)),
      text(
        `and their gradients by all parameters lie in the space $V$ of $${phi.join(", ")}$${eta.length === 0 ? "" : `: $${eta.join(", ")}$ stand still`}. So the flow is the gradient flow in $V$ of these polynomials, homogeneous of degree $${m}$. On $V$ let $|\\vartheta|$ be the norm of the parameters, and $\\hat\\vartheta = \\vartheta/(\\min_j q_j)^{1/${m}}$, at which the least margin is $1$.`,
      ),
      text(
        `The ball: let $X$ be the points of $V$ within $\\rho = ${rational(ball.radius)}$ of $\\theta$. ${active.length === margins.length ? "" : "In $X$ the margins that are not active at $\\theta$ exceed $1$. "}With the multipliers $${tupleLatex(K, multipliers)}$ of its active margins, $\\theta$ is a KKT point of the problem in $V$. Every KKT point in $X$ has multipliers above $${decimalText(rounded(endOf(least), 5, "down"))}$, so its active margins are the same. With $\\psi(h) = h - \\tfrac{\\mu}{2} h^{2}$, $\\mu = ${rational(ball.penalties[0])}$, the Lagrangian $F_{\\lambda}(\\vartheta) = \\tfrac{1}{2}|\\vartheta|^{2} - \\sum_j \\lambda_j \\psi(q_j(\\vartheta) - 1)$ has, by interval arithmetic, a mean Hessian of at least $${growth}$ along every segment in $X$ that starts in $\\theta$, for the multipliers of $\\theta$; and, with $\\mu = ${rational(ball.penalties[1])}$, of more than $-${growth}$ along those that end in $\\theta$, for all these multipliers. At KKT points of $X$, $F_{\\lambda}$ is stationary and equal to $\\tfrac{1}{2}|\\vartheta|^{2}$; at points with all $q_j \\ge 1$, and with the first $\\mu$, it is at most that. So $\\theta$ is the only KKT point in $X$, and`,
      ),
      display(
        `|\\vartheta|^{2} \\ge |\\theta|^{2} + ${growth}\\,|\\vartheta - \\theta|^{2} \\qquad (\\vartheta \\in X, \\text{ all } q_j(\\vartheta) \\ge 1).`,
      ),
      text(
        `The trap: the smoothed margin $\\tilde\\gamma = \\ell^{-1}(L)/|\\vartheta|^{${m}}$ never falls along the flow (Lyu and Li), and $\\tilde\\gamma \\le \\min_j q_j/|\\vartheta|^{${m}} = |\\hat\\vartheta|^{-${m}}$. ${path === null ? "At each of the starts" : "At the end of the path from each of the starts"} $\\hat\\vartheta$ is inside $X$, $\\ell^{-1}(L) \\ge ${rational(start.level)}$ for both losses, and $|\\vartheta| \\le ${length}$; so`,
      ),
      display(
        `\\tilde\\gamma \\ge ${rational(start.level)} \\cdot ${length}^{-${m}} > \\bigl(${norm} + ${growth} \\cdot (${rational(ball.radius)})^{2}\\bigr)^{-${m}/2},`,
      ),
      text(
        `and the right side is the most that $|\\hat\\vartheta|^{-${m}}$ can be on the boundary of $X$, which $\\hat\\vartheta$ therefore never reaches. The margins tend to infinity, $\\hat\\vartheta$ comes near KKT points, in $X$ only $\\theta$, so $\\tilde\\gamma$ tends to $|\\theta|^{-${m}}$, and by growth $\\hat\\vartheta$ to $\\theta$.${signs.length === 0 ? "" : " The signs above hold at all $\\vartheta$ that can be reached in this way, by interval arithmetic, so the flow of the polynomials is the flow of the network."} (Each step is proved in \`proofs/theory.md\`, section 13.)`,
      ),
    ],
  );
}

function pathText({ loss, steps }: Path, mayCross: boolean): string {
  const crossings = steps.filter((step) => "crossing" in step).length;
  const G = loss === "exponential" ? "\\log L" : "\\log(e^{L} - 1)";
  const kinks =
    crossings > 0
      ? `In ${crossings === 1 ? "one of them a unit changes" : `${crossings} of them units change`} sign; there both fields push across, or the unit comes to rest at zero, where being on would push it back. `
      : mayCross
        ? "No unit changes its sign. "
        : "";
  return `The flow of $L$ is that of $G = ${G}$ in another time. It is followed in ${steps.length} steps, each along a polynomial curve that nearly solves the equation: the distance of a solution from it grows at most like $e^{\\mu t}$, $\\mu$ a bound on the eigenvalues of $\\sum_j p_j \\nabla^{2} q_j$, $p_j = -\\partial G/\\partial q_j$, since $G$ is convex in the margins. ${kinks}Defects, eigenvalues and signs are enclosed in intervals (\`proofs/theory.md\`, section 13.6). What follows is about the ends of the path.`;
}

/** A coordinate along one parameter has the name of that parameter. */
function coordinateNames<E>(
  network: Facts<E>["instance"]["network"],
  K: Facts<E>["instance"]["field"],
  basis: readonly SparseVector<E>[],
  letter: string,
): string[] {
  return basis.map((b, k) => {
    const [first] = b;
    const isPlain = b.size === 1 && K.isZero(K.sub(first![1], K.one));
    return isPlain ? parameterLatex(network, first![0]) : `${letter}_{${k + 1}}`;
  });
}

/** The next number of so many digits. */
function rounded(x: Rational, digits: number, side: "up" | "down"): Rational {
  const scale = 10n ** BigInt(Math.max(0, digits - Math.ceil(Math.log10(Q.toNumber(x)))));
  const units = side === "up" ? (x.n * scale + x.d - 1n) / x.d : (x.n * scale) / x.d;
  return exactly(units, scale);
}

/** Of a number whose decimals end. */
function decimalText(x: Rational): string {
  return x.toString(x.d.toString().length * 4);
}

/// <reference lib="dom" />
/** Pictures of an enclosed point, from decimals near it. */
import { type Rational, rational } from "../../exact/rational.js";
import type { EnclosedFacts } from "../../kernel/enclosed/system.js";
import type { Instance } from "../../network/instance.js";
import { parametersOf, type Scope } from "../../network/network.js";
import type { Accepted } from "../accepted.js";
import { viewOf } from "../proof/enclosed/view.js";
import { GLOBAL_CAPTION, neighboursPlot } from "./neighbours.js";
import { picture } from "./picture.js";

const REMARK = "Drawn from decimals of the enclosed point.";

/** Units that share a direction have one arrow. */
export function enclosedFigures({
  enclosed,
  statements,
}: Extract<Accepted, { readonly sort: "enclosed" }>): HTMLElement[] {
  const instance = middleOf(enclosed);
  const { hidden } = viewOf(enclosed);
  const groups =
    hidden === null
      ? null
      : [
          ...hidden.groups.map(({ first, units }) => [
            first,
            ...units.map(({ unit }) => unit).filter((u) => u !== first),
          ]),
          ...hidden.dead.map((unit) => [unit]),
        ];
  const drawn = picture(instance, groups, REMARK);
  const { network } = enclosed.problem;
  const isWhole = (scope: Scope) => parametersOf(network, scope).length === network.parameters.length;
  const isGlobal = statements.some(
    ({ meaning: { about, answer, scope } }) => about === "global" && answer === "yes" && isWhole(scope),
  );
  return [
    ...(drawn === null ? [] : [drawn.element]),
    ...(isGlobal ? [neighboursPlot(instance, 1, `${GLOBAL_CAPTION} ${REMARK}`)] : []),
  ];
}

/** The problem with the middles of the enclosures for its point. */
function middleOf({ problem, theta, ring }: EnclosedFacts): Instance<Rational> {
  const twice = 2n << BigInt(ring.precision);
  return { ...problem, point: theta.map(({ low, high }) => rational(low + high, twice)) };
}

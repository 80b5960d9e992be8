/** Which hidden units a proof may leave out. */
import type { Instance } from "../../network/instance.js";
import { weightsOf } from "../../network/instance.js";
import { isLinear, isLinearLayer, parametersOf, type Scope } from "../../network/network.js";
import { enumeration } from "./document.js";
import { unitName } from "./notation.js";

/** Per layer and unit: whether a path from it to an output can have an effect while the scope moves. */
export function influentialUnits<E>(instance: Instance<E>, scope: Scope): boolean[][] {
  const { network, field: K, point } = instance;
  const moving = new Set(parametersOf(network, scope));
  const weights = weightsOf(instance, point);
  const matters = network.layers.map((layer) => layer.map(() => false));
  matters.at(-1)!.fill(true);
  for (let l = network.layers.length - 1; l > 0; l--)
    for (const [unit, row] of network.layers[l]!.entries())
      if (matters[l]![unit])
        for (const { from, weight } of row)
          if (moving.has(weight) || !K.isZero(weights[weight]!)) matters[l - 1]![from] = true;
  return matters;
}

/** The first layer that moves with a scope. */
export function firstMovingLayer<E>({ network }: Instance<E>, scope: Scope): number {
  return scope ?? Math.min(...network.parameters.flatMap(({ layers }) => layers));
}

/** Why the signs of some hidden units do not matter while a scope moves, as a sentence; empty where all matter. */
export function idleText<E>(instance: Instance<E>, scope: Scope): string {
  const { network } = instance;
  if (isLinear(network)) return "";
  const first = firstMovingLayer(instance, scope);
  const idle = influentialUnits(instance, scope)
    .slice(0, -1)
    .flatMap((units, layer) =>
      layer < first || isLinearLayer(network, layer)
        ? []
        : units.flatMap((matters, unit) => (matters ? [] : [unitName(network, layer, unit)])),
    );
  if (idle.length === 0) return "";
  const [have, them] = idle.length === 1 ? ["has", "it"] : ["have", "them"];
  const names = enumeration(idle);
  return `${names[0]!.toUpperCase()}${names.slice(1)} ${have} no part in $\\Phi$, as every path from ${them} to the output has a weight that is $0$ and stays so.`;
}

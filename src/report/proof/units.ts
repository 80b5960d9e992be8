/** Which hidden units a proof may leave out. */
import type { Instance, Scope } from "../../certificate/format.js";
import { firstMovingLayer, influentialUnits } from "../../kernel/pieces.js";
import { enumeration } from "./document.js";
import { unitName } from "./notation.js";

/** Why the signs of some hidden units do not matter while a scope moves, as a sentence; empty where all matter. */
export function idleText<E>(instance: Instance<E>, scope: Scope): string {
  const { network } = instance;
  if (network.activation.kind === "linear") return "";
  const idle = influentialUnits(instance, scope).flatMap((units, layer) =>
    layer < firstMovingLayer(scope)
      ? []
      : units.flatMap((matters, unit) => (matters ? [] : [unitName(network, layer, unit)])),
  );
  if (idle.length === 0) return "";
  const [have, them] = idle.length === 1 ? ["has", "it"] : ["have", "them"];
  const names = enumeration(idle);
  return `${names[0]!.toUpperCase()}${names.slice(1)} ${have} no part in $\\Phi$, as every path from ${them} to the output has a weight that is $0$ and stays so.`;
}

(** Words for classes of networks and points that the theorems of [Universal] add to those of
    [Definitions].  Layers, rows and columns count from 0. *)
From Coq Require Import Reals List Arith.
From MarginCert Require Import Definitions.
Import ListNotations.
Open Scope R_scope.

(** No parameter stands in two places. *)
Definition entry_at net (l j i : nat) : entry := nth i (nth j (nth l (layers net) []) []) Zero.
Definition no_shared_weights net : Prop := forall k l j i l' j' i',
  entry_at net l j i = Param k -> entry_at net l' j' i' = Param k -> l = l' /\ j = j' /\ i = i'.

(** Every neuron reads all neurons of the layer below. *)
Definition fully_connected net : Prop :=
  forall W row e, In W (layers net) -> In row W -> In e row -> e <> Zero.

(** Every neuron of the first layer has a weight that is not zero. *)
Definition nonzero_weights net (theta : point) : Prop :=
  forall row, In row (nth 0 (layers net) []) -> exists k, In (Param k) row /\ theta k <> 0.

(** At every sample the input to every hidden neuron is not zero. *)
Definition nonzero_inputs net (data : list sample) theta : Prop :=
  forall s l j, In s data -> (S l < length (layers net))%nat -> (j < length (nth l (layers net) []))%nat ->
    preactivation net (input s) l j theta <> 0.

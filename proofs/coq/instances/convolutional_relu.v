(** convolutional-relu: theorems about one network, its data and a point, each proved by computation
    with a checker that `theory/` proves sound. The definitions are in
    `theory/Definitions.v`. Written by `margincert export --to coq`.

    Accepted by the TypeScript kernel, and NOT proved here:
    - attracts: the theory has no gradient flow; proofs/theory.md, section 13, has the proof
*)
From Coq Require Import Reals QArith List.
From MarginCert Require Import All.
Import ListNotations.
Open Scope Q_scope.

(** Parameters, from 0: f[1], f[2], u[1], u[2]. *)
Definition net : network := {|
  parameters := 4;
  layers := [[[Param 0; Param 1; Zero; Zero]; [Zero; Zero; Param 0; Param 1]];
   [[Param 2; Param 3]]];
  act := ReLU |}.

(** The numbers are polynomials in a, the root of the polynomial between low and high, over a denominator. *)
Definition minimal_polynomial : list Q := [(-2); 0; 1].
Definition low : Q := (26087635650665564424 # 18446744073709551616).
Definition high : Q := (26087635650665564425 # 18446744073709551616).
Theorem generator_exists : exists a, root_of minimal_polynomial low high a.
Proof. apply root_exists. vm_compute. reflexivity. Qed.
Definition K : ops := field_of [2; 0]%Z low high.

Section Instance.
Variable a : R.
Hypothesis root : root_of minimal_polynomial low high a.
Definition value : K -> R := value_at a.
Lemma exact : reading K value.
Proof. apply field_of_reading; [reflexivity | exact root]. Qed.

Definition exact_data : list (exact_sample K) :=
  [([(over [4]%Z 1); (over [0; 1]%Z 2); (over [(-4)]%Z 1); (over [0; 1]%Z 2)], true)].
Definition exact_point : list K := [(over []%Z 1); (over [1]%Z 1); (over [0; 1]%Z 2); (over [0; 1]%Z 2)].
Definition data : list sample := samples_of value exact_data.
Definition theta : point := point_of value exact_point.

Theorem convolutional_relu_class_N :
  class_N net 4.
Proof. refine (class_N_sound net _ _). vm_cast_no_check (eq_refl true). Qed.

Theorem convolutional_relu_feasible :
  feasible net data theta.
Proof. refine (check_feasible_sound K value exact net exact_data exact_point _). vm_cast_no_check (eq_refl true). Qed.

Theorem convolutional_relu_kkt :
  kkt net data theta.
Proof. refine (check_kkt_sound K value exact net exact_data exact_point
  [(0%nat, (over [1]%Z 1), (over [1]%Z 1), [[]; [(over [1]%Z 1)]; [(over [0; 1]%Z 2)]; [(over [0; 1]%Z 2)]])] _). vm_cast_no_check (eq_refl true). Qed.

Theorem convolutional_relu_not_local_optimum :
  ~ local_optimum net data Whole theta.
Proof. refine (check_not_local_sound K value exact net exact_data Whole exact_point
  (over [1]%Z 8) [[(over []%Z 1); (over [1]%Z 1)]; [(over [1]%Z 1); (over [0; (-1)]%Z 2); (over [(-13)]%Z 4)]; [(over [0; 1]%Z 2); (over [1]%Z 1); (over [0; 1]%Z 8)]; [(over [0; 1]%Z 2); (over []%Z 1); (over [0; 1]%Z 8)]] _). vm_cast_no_check (eq_refl true). Qed.

Theorem convolutional_relu_layer_1_strict_local_optimum :
  strict_local_within (value (over [1]%Z 8)) net data (Layer 1) theta.
Proof. refine (check_strict_sound K value exact net exact_data (Layer 1) exact_point (over [1]%Z 8)
  [(over [42]%Z 1); (over [83]%Z 1); (over [23]%Z 1); (over [64]%Z 1)] [true]
  (Leaf (@Build_strict_proof K [((over [1]%Z 1), (over []%Z 1))] (over [1]%Z 1) []
    [])) _). vm_cast_no_check (eq_refl true). Qed.

Theorem convolutional_relu_layer_1_not_global_optimum :
  ~ global_optimum net data (Layer 1) theta.
Proof. refine (check_not_global_sound K value exact net exact_data (Layer 1) exact_point
  [(over [1]%Z 2); (over []%Z 1); (over [0; 1]%Z 2); (over [0; 1]%Z 2)] _). vm_cast_no_check (eq_refl true). Qed.

Theorem convolutional_relu_layer_2_global_optimum :
  global_optimum net data (Layer 2) theta.
Proof. refine (check_global_sound K value exact net exact_data (Layer 2) exact_point
  [(over [42]%Z 1); (over [83]%Z 1); (over [23]%Z 1); (over [64]%Z 1)] [true]
  (Leaf (@Build_cell_proof K [(over [1]%Z 1)] [] []
    [((over [1]%Z 2), [([2]%nat, (over [1]%Z 1)); ([]%nat, (over [0; (-1)]%Z 2))]); ((over [1]%Z 2), [([3]%nat, (over [1]%Z 1)); ([]%nat, (over [0; (-1)]%Z 2))])])) _). vm_cast_no_check (eq_refl true). Qed.

Theorem convolutional_relu_layer_2_strict_local_optimum :
  strict_local_within (value (over [1]%Z 1)) net data (Layer 2) theta.
Proof. refine (check_strict_sound K value exact net exact_data (Layer 2) exact_point (over [1]%Z 1)
  [(over [42]%Z 1); (over [83]%Z 1); (over [23]%Z 1); (over [64]%Z 1)] [true]
  (Leaf (@Build_strict_proof K [((over [1]%Z 1), (over []%Z 1))] (over [1]%Z 1) []
    [])) _). vm_cast_no_check (eq_refl true). Qed.

End Instance.

Definition convolutional_relu_theorems :=
  (convolutional_relu_class_N,
   convolutional_relu_feasible,
   convolutional_relu_kkt,
   convolutional_relu_not_local_optimum,
   convolutional_relu_layer_1_strict_local_optimum,
   convolutional_relu_layer_1_not_global_optimum,
   convolutional_relu_layer_2_global_optimum,
   convolutional_relu_layer_2_strict_local_optimum).
Print Assumptions convolutional_relu_theorems.

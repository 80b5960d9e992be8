(** diagonal-deep-relu: theorems about one network, its data and a point, each proved by computation
    with a checker that `theory/` proves sound. The definitions are in
    `theory/Definitions.v`. Written by `margincert export --to coq`.

    Accepted by the TypeScript kernel, and NOT proved here:
    - attracts: the theory has no gradient flow; proofs/theory.md, section 13, has the proof
*)
From Coq Require Import Reals QArith List.
From MarginCert Require Import All.
Import ListNotations.
Open Scope Q_scope.

(** Parameters, from 0: w1[1], w1[2], w2[1], w2[2], w3[1], w3[2]. *)
Definition net : network := {|
  parameters := 6;
  layers := [[[Param 0; Zero]; [Zero; Param 1]];
   [[Param 2; Zero]; [Zero; Param 3]];
   [[Param 4; Param 5]]];
  act := ReLU |}.

(** The numbers are polynomials in a, the root of the polynomial between low and high, over a denominator. *)
Definition minimal_polynomial : list Q := [(-2); 0; 0; 1].
Definition low : Q := (23241441160490167842 # 18446744073709551616).
Definition high : Q := (23241441160490167843 # 18446744073709551616).
Theorem generator_exists : exists a, root_of minimal_polynomial low high a.
Proof. apply root_exists. vm_compute. reflexivity. Qed.
Definition K : ops := field_of [2; 0; 0]%Z low high.

Section Instance.
Variable a : R.
Hypothesis root : root_of minimal_polynomial low high a.
Definition value : K -> R := value_at a.
Lemma exact : reading K value.
Proof. apply field_of_reading; [reflexivity | exact root]. Qed.

Definition exact_data : list (exact_sample K) :=
  [([(over [1]%Z 1); (over [1]%Z 1)], true)].
Definition exact_point : list K := [(over [0; 0; 1]%Z 2); (over [0; 0; 1]%Z 2); (over [0; 0; 1]%Z 2); (over [0; 0; 1]%Z 2); (over [0; 0; 1]%Z 2); (over [0; 0; 1]%Z 2)].
Definition data : list sample := samples_of value exact_data.
Definition theta : point := point_of value exact_point.

Theorem diagonal_deep_relu_class_N :
  class_N net 2.
Proof. refine (class_N_sound net _ _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_relu_feasible :
  feasible net data theta.
Proof. refine (check_feasible_sound K value exact net exact_data exact_point _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_relu_kkt :
  kkt net data theta.
Proof. refine (check_kkt_sound K value exact net exact_data exact_point
  [(0%nat, (over [0; 1]%Z 1), (over [1]%Z 1), [[(over [0; 0; 1]%Z 2)]; [(over [0; 0; 1]%Z 2)]; [(over [0; 0; 1]%Z 2)]; [(over [0; 0; 1]%Z 2)]; [(over [0; 0; 1]%Z 2)]; [(over [0; 0; 1]%Z 2)]])] _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_relu_not_local_optimum :
  ~ local_optimum net data Whole theta.
Proof. refine (check_not_local_sound K value exact net exact_data Whole exact_point
  (over [1]%Z 32) [[(over [0; 0; 1]%Z 2); (over [1]%Z 1); (over [0; (-48); 1]%Z 8)]; [(over [0; 0; 1]%Z 2); (over [(-1)]%Z 1); (over [0; 0; 1]%Z 8)]; [(over [0; 0; 1]%Z 2); (over [1]%Z 1); (over [0; 0; 1]%Z 8)]; [(over [0; 0; 1]%Z 2); (over [(-1)]%Z 1); (over [0; 0; 1]%Z 8)]; [(over [0; 0; 1]%Z 2); (over [1]%Z 1); (over [0; 0; 1]%Z 8)]; [(over [0; 0; 1]%Z 2); (over [(-1)]%Z 1); (over [0; 0; 1]%Z 8)]] _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_relu_layer_1_strict_local_optimum :
  strict_local_within (value (over [1]%Z 2)) net data (Layer 1) theta.
Proof. refine (check_strict_sound K value exact net exact_data (Layer 1) exact_point (over [1]%Z 2)
  [(over [42]%Z 1); (over [83]%Z 1); (over [23]%Z 1); (over [64]%Z 1); (over [4]%Z 1); (over [45]%Z 1)] [true]
  (Leaf (@Build_strict_proof K [((over [0; 1]%Z 1), (over []%Z 1))] (over [1]%Z 1) []
    [])) _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_relu_layer_1_global_optimum :
  global_optimum net data (Layer 1) theta.
Proof. refine (check_global_sound K value exact net exact_data (Layer 1) exact_point
  [(over [42]%Z 1); (over [83]%Z 1); (over [23]%Z 1); (over [64]%Z 1); (over [4]%Z 1); (over [45]%Z 1)] [true]
  (Split (Split (Leaf (@Build_cell_proof K [(over [0; 1]%Z 1)] [(over []%Z 1); (over []%Z 1)] []
    [((over [1]%Z 2), [([0]%nat, (over [1]%Z 1)); ([]%nat, (over [0; 0; (-1)]%Z 2))]); ((over [1]%Z 2), [([1]%nat, (over [1]%Z 1)); ([]%nat, (over [0; 0; (-1)]%Z 2))])])) (Leaf (@Build_cell_proof K [(over [0; 1]%Z 1)] [(over []%Z 1); (over []%Z 1)] []
    [((over [1]%Z 2), [([0]%nat, (over [1]%Z 1)); ([]%nat, (over [0; 0; (-1)]%Z 2))]); ((over [1]%Z 2), [([1]%nat, (over [1]%Z 1))]); ((over [0; 1]%Z 4), [([]%nat, (over [1]%Z 1))])]))) (Split (Leaf (@Build_cell_proof K [(over [0; 1]%Z 1)] [(over []%Z 1); (over []%Z 1)] []
    [((over [1]%Z 2), [([0]%nat, (over [1]%Z 1))]); ((over [1]%Z 2), [([1]%nat, (over [1]%Z 1)); ([]%nat, (over [0; 0; (-1)]%Z 2))]); ((over [0; 1]%Z 4), [([]%nat, (over [1]%Z 1))])])) (Leaf (@Build_cell_proof K [(over [0; 1]%Z 1)] [(over []%Z 1); (over []%Z 1)] []
    [((over [1]%Z 2), [([0]%nat, (over [1]%Z 1))]); ((over [1]%Z 2), [([1]%nat, (over [1]%Z 1))]); ((over [0; 1]%Z 2), [([]%nat, (over [1]%Z 1))])])))) _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_relu_layer_2_strict_local_optimum :
  strict_local_within (value (over [1]%Z 2)) net data (Layer 2) theta.
Proof. refine (check_strict_sound K value exact net exact_data (Layer 2) exact_point (over [1]%Z 2)
  [(over [42]%Z 1); (over [83]%Z 1); (over [23]%Z 1); (over [64]%Z 1); (over [4]%Z 1); (over [45]%Z 1)] [true]
  (Leaf (@Build_strict_proof K [((over [0; 1]%Z 1), (over []%Z 1))] (over [1]%Z 1) []
    [])) _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_relu_layer_2_global_optimum :
  global_optimum net data (Layer 2) theta.
Proof. refine (check_global_sound K value exact net exact_data (Layer 2) exact_point
  [(over [42]%Z 1); (over [83]%Z 1); (over [23]%Z 1); (over [64]%Z 1); (over [4]%Z 1); (over [45]%Z 1)] [true]
  (Split (Split (Leaf (@Build_cell_proof K [(over [0; 1]%Z 1)] [(over []%Z 1); (over []%Z 1)] []
    [((over [1]%Z 2), [([2]%nat, (over [1]%Z 1)); ([]%nat, (over [0; 0; (-1)]%Z 2))]); ((over [1]%Z 2), [([3]%nat, (over [1]%Z 1)); ([]%nat, (over [0; 0; (-1)]%Z 2))])])) (Leaf (@Build_cell_proof K [(over [0; 1]%Z 1)] [(over []%Z 1); (over []%Z 1)] []
    [((over [1]%Z 2), [([2]%nat, (over [1]%Z 1)); ([]%nat, (over [0; 0; (-1)]%Z 2))]); ((over [1]%Z 2), [([3]%nat, (over [1]%Z 1))]); ((over [0; 1]%Z 4), [([]%nat, (over [1]%Z 1))])]))) (Split (Leaf (@Build_cell_proof K [(over [0; 1]%Z 1)] [(over []%Z 1); (over []%Z 1)] []
    [((over [1]%Z 2), [([2]%nat, (over [1]%Z 1))]); ((over [1]%Z 2), [([3]%nat, (over [1]%Z 1)); ([]%nat, (over [0; 0; (-1)]%Z 2))]); ((over [0; 1]%Z 4), [([]%nat, (over [1]%Z 1))])])) (Leaf (@Build_cell_proof K [(over [0; 1]%Z 1)] [(over []%Z 1); (over []%Z 1)] []
    [((over [1]%Z 2), [([2]%nat, (over [1]%Z 1))]); ((over [1]%Z 2), [([3]%nat, (over [1]%Z 1))]); ((over [0; 1]%Z 2), [([]%nat, (over [1]%Z 1))])])))) _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_relu_layer_3_global_optimum :
  global_optimum net data (Layer 3) theta.
Proof. refine (check_global_sound K value exact net exact_data (Layer 3) exact_point
  [(over [42]%Z 1); (over [83]%Z 1); (over [23]%Z 1); (over [64]%Z 1); (over [4]%Z 1); (over [45]%Z 1)] [true]
  (Leaf (@Build_cell_proof K [(over [0; 1]%Z 1)] [] []
    [((over [1]%Z 2), [([4]%nat, (over [1]%Z 1)); ([]%nat, (over [0; 0; (-1)]%Z 2))]); ((over [1]%Z 2), [([5]%nat, (over [1]%Z 1)); ([]%nat, (over [0; 0; (-1)]%Z 2))])])) _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_relu_layer_3_strict_local_optimum :
  strict_local_within (value (over [1]%Z 1)) net data (Layer 3) theta.
Proof. refine (check_strict_sound K value exact net exact_data (Layer 3) exact_point (over [1]%Z 1)
  [(over [42]%Z 1); (over [83]%Z 1); (over [23]%Z 1); (over [64]%Z 1); (over [4]%Z 1); (over [45]%Z 1)] [true]
  (Leaf (@Build_strict_proof K [((over [0; 1]%Z 1), (over []%Z 1))] (over [1]%Z 1) []
    [])) _). vm_cast_no_check (eq_refl true). Qed.

End Instance.

Definition diagonal_deep_relu_theorems :=
  (diagonal_deep_relu_class_N,
   diagonal_deep_relu_feasible,
   diagonal_deep_relu_kkt,
   diagonal_deep_relu_not_local_optimum,
   diagonal_deep_relu_layer_1_strict_local_optimum,
   diagonal_deep_relu_layer_1_global_optimum,
   diagonal_deep_relu_layer_2_strict_local_optimum,
   diagonal_deep_relu_layer_2_global_optimum,
   diagonal_deep_relu_layer_3_global_optimum,
   diagonal_deep_relu_layer_3_strict_local_optimum).
Print Assumptions diagonal_deep_relu_theorems.

(** diagonal-deep-rational-linear: theorems about one network, its data and a point, each proved by computation
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
  act := Linear |}.

Definition K : ops := rationals.
Definition value : K -> R := Q2R.
Definition exact : reading K value := rationals_reading.

Definition exact_data : list (exact_sample K) :=
  [([4; 4], true)].
Definition exact_point : list K := [(1 # 2); (1 # 2); (1 # 2); (1 # 2); (1 # 2); (1 # 2)].
Definition data : list sample := samples_of value exact_data.
Definition theta : point := point_of value exact_point.

Theorem diagonal_deep_rational_linear_class_N :
  class_N net 2.
Proof. refine (class_N_sound net _ _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_rational_linear_feasible :
  feasible net data theta.
Proof. refine (check_feasible_sound K value exact net exact_data exact_point _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_rational_linear_kkt :
  kkt net data theta.
Proof. refine (check_kkt_sound K value exact net exact_data exact_point
  [(0%nat, (1 # 2), 1, [[(1 # 2)]; [(1 # 2)]; [(1 # 2)]; [(1 # 2)]; [(1 # 2)]; [(1 # 2)]])] _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_rational_linear_not_local_optimum :
  ~ local_optimum net data Whole theta.
Proof. refine (check_not_local_sound K value exact net exact_data Whole exact_point
  (1 # 64) [[(1 # 2); 1; (-47 # 4)]; [(1 # 2); (-1); (1 # 4)]; [(1 # 2); 1; (1 # 4)]; [(1 # 2); (-1); (1 # 4)]; [(1 # 2); 1; (1 # 4)]; [(1 # 2); (-1); (1 # 4)]] _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_rational_linear_layer_1_global_optimum :
  global_optimum net data (Layer 1) theta.
Proof. refine (check_global_sound K value exact net exact_data (Layer 1) exact_point
  [42; 83; 23; 64; 4; 45] [true]
  (Leaf (@Build_cell_proof K [(1 # 2)] [] []
    [((1 # 2), [([0]%nat, 1); ([]%nat, (-1 # 2))]); ((1 # 2), [([1]%nat, 1); ([]%nat, (-1 # 2))])])) _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_rational_linear_layer_1_strict_local_optimum :
  strict_local_within (value 1) net data (Layer 1) theta.
Proof. refine (check_strict_sound K value exact net exact_data (Layer 1) exact_point 1
  [42; 83; 23; 64; 4; 45] [true]
  (Leaf (@Build_strict_proof K [((1 # 2), 0)] 1 []
    [])) _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_rational_linear_layer_2_global_optimum :
  global_optimum net data (Layer 2) theta.
Proof. refine (check_global_sound K value exact net exact_data (Layer 2) exact_point
  [42; 83; 23; 64; 4; 45] [true]
  (Leaf (@Build_cell_proof K [(1 # 2)] [] []
    [((1 # 2), [([2]%nat, 1); ([]%nat, (-1 # 2))]); ((1 # 2), [([3]%nat, 1); ([]%nat, (-1 # 2))])])) _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_rational_linear_layer_2_strict_local_optimum :
  strict_local_within (value 1) net data (Layer 2) theta.
Proof. refine (check_strict_sound K value exact net exact_data (Layer 2) exact_point 1
  [42; 83; 23; 64; 4; 45] [true]
  (Leaf (@Build_strict_proof K [((1 # 2), 0)] 1 []
    [])) _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_rational_linear_layer_3_global_optimum :
  global_optimum net data (Layer 3) theta.
Proof. refine (check_global_sound K value exact net exact_data (Layer 3) exact_point
  [42; 83; 23; 64; 4; 45] [true]
  (Leaf (@Build_cell_proof K [(1 # 2)] [] []
    [((1 # 2), [([4]%nat, 1); ([]%nat, (-1 # 2))]); ((1 # 2), [([5]%nat, 1); ([]%nat, (-1 # 2))])])) _). vm_cast_no_check (eq_refl true). Qed.

Theorem diagonal_deep_rational_linear_layer_3_strict_local_optimum :
  strict_local_within (value 1) net data (Layer 3) theta.
Proof. refine (check_strict_sound K value exact net exact_data (Layer 3) exact_point 1
  [42; 83; 23; 64; 4; 45] [true]
  (Leaf (@Build_strict_proof K [((1 # 2), 0)] 1 []
    [])) _). vm_cast_no_check (eq_refl true). Qed.

Definition diagonal_deep_rational_linear_theorems :=
  (diagonal_deep_rational_linear_class_N,
   diagonal_deep_rational_linear_feasible,
   diagonal_deep_rational_linear_kkt,
   diagonal_deep_rational_linear_not_local_optimum,
   diagonal_deep_rational_linear_layer_1_global_optimum,
   diagonal_deep_rational_linear_layer_1_strict_local_optimum,
   diagonal_deep_rational_linear_layer_2_global_optimum,
   diagonal_deep_rational_linear_layer_2_strict_local_optimum,
   diagonal_deep_rational_linear_layer_3_global_optimum,
   diagonal_deep_rational_linear_layer_3_strict_local_optimum).
Print Assumptions diagonal_deep_rational_linear_theorems.

(** fc-relu: theorems about one network, its data and a point, each proved by computation
    with a checker that `theory/` proves sound. The definitions are in
    `theory/Definitions.v`. Written by `margincert export --to coq`.

    Accepted by the TypeScript kernel, and NOT proved here:
    - attracts: the theory has no gradient flow; proofs/theory.md, section 13, has the proof
*)
From Coq Require Import Reals QArith List.
From MarginCert Require Import All.
Import ListNotations.
Open Scope Q_scope.

(** Parameters, from 0: W1[1,1], W1[1,2], W1[2,1], W1[2,2], W2[1,1], W2[1,2]. *)
Definition net : network := {|
  parameters := 6;
  layers := [[[Param 0; Param 1]; [Param 2; Param 3]];
   [[Param 4; Param 5]]];
  act := ReLU |}.

Definition K : ops := rationals.
Definition value : K -> R := Q2R.
Definition exact : reading K value := rationals_reading.

Definition exact_data : list (exact_sample K) :=
  [([1; (1 # 4)], true);
   ([(-1); (1 # 4)], true)].
Definition exact_point : list K := [0; 2; 0; 0; 2; 0].
Definition data : list sample := samples_of value exact_data.
Definition theta : point := point_of value exact_point.

Theorem fc_relu_class_N :
  class_N net 2.
Proof. refine (class_N_sound net _ _). vm_cast_no_check (eq_refl true). Qed.

Theorem fc_relu_feasible :
  feasible net data theta.
Proof. refine (check_feasible_sound K value exact net exact_data exact_point _). vm_cast_no_check (eq_refl true). Qed.

Theorem fc_relu_kkt :
  kkt net data theta.
Proof. refine (check_kkt_sound K value exact net exact_data exact_point
  [(0%nat, 2, 1, [[]; [2]; [0; (-1)]; [0; (-1 # 4)]; [2]; []]);
   (1%nat, 2, 1, [[]; [2]; [0; 1]; [0; (-1 # 4)]; [2]; []])] _). vm_cast_no_check (eq_refl true). Qed.

Theorem fc_relu_not_local_optimum :
  ~ local_optimum net data Whole theta.
Proof. refine (check_not_local_sound K value exact net exact_data Whole exact_point
  1 [[0; 0; (-1 # 4)]; [2; 0; (-15 # 16)]; [0; 1]; []; [2; 0; (1 # 16)]; [0; 1]] _). vm_cast_no_check (eq_refl true). Qed.

Theorem fc_relu_layer_1_strict_local_optimum :
  strict_local_within (value (1 # 4)) net data (Layer 1) theta.
Proof. refine (check_strict_sound K value exact net exact_data (Layer 1) exact_point (1 # 4)
  [42; 83; 23; 64; 4; 45] [true; true]
  (Leaf (@Build_strict_proof K [(2, 0); (2, 0)] 1 []
    [])) _). vm_cast_no_check (eq_refl true). Qed.

Theorem fc_relu_layer_1_global_optimum :
  global_optimum net data (Layer 1) theta.
Proof. refine (check_global_sound K value exact net exact_data (Layer 1) exact_point
  [42; 83; 23; 64; 4; 45] [true; true]
  (Split (Split (Leaf (@Build_cell_proof K [2; 2] [0; 0] []
    [((1 # 2), [([0]%nat, 1)]); ((1 # 2), [([1]%nat, 1); ([]%nat, (-2))]); ((1 # 2), [([2]%nat, 1)]); ((1 # 2), [([3]%nat, 1)])])) (Leaf (@Build_cell_proof K [0; 4] [0; 0] []
    [((1 # 2), [([0]%nat, 1)]); ((1 # 2), [([1]%nat, 1)]); ((1 # 2), [([2]%nat, 1)]); ((1 # 2), [([3]%nat, 1)]); (2, [([]%nat, 1)])]))) (Split (Leaf (@Build_cell_proof K [4; 0] [0; 0] []
    [((1 # 2), [([0]%nat, 1)]); ((1 # 2), [([1]%nat, 1)]); ((1 # 2), [([2]%nat, 1)]); ((1 # 2), [([3]%nat, 1)]); (2, [([]%nat, 1)])])) (Leaf (@Build_cell_proof K [4; 0] [0; 0] []
    [((1 # 2), [([0]%nat, 1)]); ((1 # 2), [([1]%nat, 1)]); ((1 # 2), [([2]%nat, 1)]); ((1 # 2), [([3]%nat, 1)]); (2, [([]%nat, 1)])])))) _). vm_cast_no_check (eq_refl true). Qed.

Theorem fc_relu_layer_2_global_optimum :
  global_optimum net data (Layer 2) theta.
Proof. refine (check_global_sound K value exact net exact_data (Layer 2) exact_point
  [42; 83; 23; 64; 4; 45] [true; false]
  (Leaf (@Build_cell_proof K [4] [] []
    [((1 # 2), [([4]%nat, 1); ([]%nat, (-2))]); ((1 # 2), [([5]%nat, 1)])])) _). vm_cast_no_check (eq_refl true). Qed.

Theorem fc_relu_layer_2_strict_local_optimum :
  strict_local_within (value 1) net data (Layer 2) theta.
Proof. refine (check_strict_sound K value exact net exact_data (Layer 2) exact_point 1
  [42; 83; 23; 64; 4; 45] [true; true]
  (Leaf (@Build_strict_proof K [(4, 0); (0, 0)] 1 []
    [])) _). vm_cast_no_check (eq_refl true). Qed.

Definition fc_relu_theorems :=
  (fc_relu_class_N,
   fc_relu_feasible,
   fc_relu_kkt,
   fc_relu_not_local_optimum,
   fc_relu_layer_1_strict_local_optimum,
   fc_relu_layer_1_global_optimum,
   fc_relu_layer_2_global_optimum,
   fc_relu_layer_2_strict_local_optimum).
Print Assumptions fc_relu_theorems.

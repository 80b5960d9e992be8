(** The soundness theorems and the universal ones, and every axiom that they rest on. *)
From MarginCert Require Import All Universal.

Definition soundness :=
  (rationals_reading, field_of_reading, root_exists, class_N_sound,
   check_feasible_sound, check_infeasible_sound, check_not_local_sound, check_not_strict_sound, check_not_global_sound,
   check_kkt_sound, check_global_sound, check_local_sound, check_strict_sound,
   check_strict_optimum, check_svm_dual_sound, check_norm_bound_sound, check_not_kkt_sound,
   infeasible_not_local, infeasible_not_kkt,
   global_is_local, strict_is_local, global_whole_is_global_in_layers, Phi_homogeneous,
   feasible_scaling, norm_scaling, Phi_pattern_agrees, linear_has_one_piece).
Definition universal :=
  (fully_connected_linear_kkt_global, depth2_linear_kkt_global, depth2_nonzero_inputs_kkt_local,
   linear_kkt_layer_global, nonzero_inputs_kkt_layer_local).
Definition proved := (soundness, universal).
Print Assumptions proved.

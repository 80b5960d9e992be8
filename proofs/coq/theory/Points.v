(** [feasible], [infeasible], [not-global]: what one forward pass at a point decides. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common.
Import ListNotations.
Open Scope R_scope.

Section Points.
  Variables (K : ops) (v : K -> R).
  Hypothesis HK : reading K v.

  Definition ok_here (b : bool) (c : K) : bool := if b then nonneg K c else nonneg K (neg K c).
  Definition margin_at net (theta : list K) (d : exact_sample K) : option K :=
    exact_margin K (self K) (coordinate theta) net ok_here
      (pattern_of K (self K) (coordinate theta) net (pos K) d) d.
  Definition margin_test (test : K -> bool) net theta d : bool :=
    match margin_at net theta d with Some m => test (sub K m (one K)) | None => false end.

  Definition check_feasible net data theta : bool :=
    forallb (margin_test (nonneg K) net theta) data.
  Definition check_infeasible net data theta : bool :=
    existsb (margin_test (fun c => pos K (neg K c)) net theta) data.
  Definition check_active net theta d : bool := margin_test (isz K) net theta d.
  Definition check_not_global net data sc theta theta' : bool :=
    check_feasible net data theta' &&
    below (parameters net) (fun k => in_scope_b net sc k ||
      equal K (coordinate theta' k) (coordinate theta k)) &&
    pos K (sub K (knorm2 (parameters net) theta) (knorm2 (parameters net) theta')).

  Lemma ok_here_sound : forall b c, ok_here b c = true -> if b then 0 <= v c else v c <= 0.
  Proof.
    intros [] c H; apply (nonneg_sound K v HK) in H; auto. rewrite (v_neg K v HK) in H. lra.
  Qed.
  Lemma margin_test_sound : forall test net theta d,
    margin_test test net theta d = true -> exists m : K,
    test (sub K m (one K)) = true /\ v m = margin net (point_of v theta) (sample_of v d).
  Proof.
    intros test net theta d H. unfold margin_test in H.
    destruct (margin_at net theta d) as [m|] eqn:E; try discriminate.
    exists m. split; auto. unfold margin_at in E.
    apply (exact_margin_e K (self K) (coordinate theta) v v HK (self_evaluation K v HK)) in E; auto.
    apply ok_here_sound.
  Qed.
  Theorem check_feasible_sound : forall net data theta, check_feasible net data theta = true ->
    feasible net (samples_of v data) (point_of v theta).
  Proof.
    intros net data theta H s Hs. apply in_map_iff in Hs as [d [<- Hd]].
    unfold check_feasible in H. rewrite forallb_forall in H.
    apply H, margin_test_sound in Hd as [m [H1 H2]].
    apply (nonneg_sound K v HK) in H1. rewrite (v_sub K v HK), (v_one K v HK) in H1. lra.
  Qed.
  Theorem check_infeasible_sound : forall net data theta, check_infeasible net data theta = true ->
    ~ feasible net (samples_of v data) (point_of v theta).
  Proof.
    intros net data theta H F. apply existsb_exists in H as [d [Hd H]].
    apply margin_test_sound in H as [m [H1 H2]].
    apply (v_pos HK) in H1. rewrite (v_neg K v HK), (v_sub K v HK), (v_one K v HK) in H1.
    specialize (F (sample_of v d) ltac:(apply in_map; auto)). lra.
  Qed.
  Lemma check_active_sound : forall net theta d, check_active net theta d = true ->
    margin net (point_of v theta) (sample_of v d) = 1.
  Proof.
    intros net theta d H. apply margin_test_sound in H as [m [H1 H2]].
    apply (v_isz HK) in H1. rewrite (v_sub K v HK), (v_one K v HK) in H1. lra.
  Qed.
  Theorem check_not_global_sound : forall net data sc theta theta',
    check_not_global net data sc theta theta' = true ->
    ~ global_optimum net (samples_of v data) sc (point_of v theta).
  Proof.
    intros net data sc theta theta' H [_ G].
    apply andb_prop in H as [H H3]. apply andb_prop in H as [H1 H2].
    apply check_feasible_sound in H1. specialize (G _ H1).
    apply (v_pos HK) in H3. rewrite (v_sub K v HK), !(knorm2_v K v HK) in H3.
    enough (norm net (point_of v theta) <= norm net (point_of v theta')).
    { apply Rle_not_lt in H. apply H, norm_lt. lra. }
    apply G. intros k L N. pose proof (below_sound _ _ H2 k L) as B. cbv beta in B.
    apply out_of_scope in B; auto. apply (equal_sound K v HK) in B. exact B.
  Qed.
  (** A point that is not feasible is no optimum and no KKT point. *)
  Theorem infeasible_not_local : forall net data sc theta, ~ feasible net data theta ->
    ~ local_optimum net data sc theta.
  Proof. intros net data sc theta H [F _]. auto. Qed.
  Theorem infeasible_not_kkt : forall net data theta, ~ feasible net data theta ->
    ~ kkt net data theta.
  Proof. intros net data theta H [F _]. auto. Qed.
End Points.

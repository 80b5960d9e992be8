(** [not-local]: a polynomial curve of cheaper feasible points that leaves θ. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common Points.
Import ListNotations.
Open Scope R_scope.

Section Curves.
  Variables (K : ops) (v : K -> R).
  Hypothesis HK : reading K v.
  Notation at_t := (at_t K v).

  (** One polynomial in t per parameter, on 0 < t <= T. *)
  Definition curve := list (list K).
  Definition moving (c : curve) (k : nat) : curves K := nth k c [].
  Definition curve_at (c : curve) (t : R) : point := fun k => at_t t (moving c k).
  Definition starts_at n (c : curve) (theta : list K) : bool :=
    below n (fun k => equal K (hd (zero K) (moving c k)) (coordinate theta k)).
  Definition stays_in net sc (c : curve) : bool :=
    below (parameters net) (fun k => in_scope_b net sc k || tzero K (tl (moving c k))).
  Definition ok_along (T : K) (b : bool) (p : curves K) : bool :=
    if b then tnonneg K T p else tnonneg K T (tneg K p).
  Definition margin_along net T (c : curve) (d : exact_sample K) : option (curves K) :=
    exact_margin K (curves K) (moving c) net (ok_along T)
      (pattern_of K (curves K) (moving c) net (tpos K T) d) d.
  Fixpoint tsum (n : nat) (f : nat -> list K) : list K :=
    match n with O => [] | S n' => tadd K (tsum n' f) (f n') end.
  Definition gain n (theta : list K) (c : curve) : list K :=
    tadd K [knorm2 n theta] (tneg K (tsum n (fun k => tmul K (moving c k) (moving c k)))).

  Definition check_not_local net data sc theta (T : K) (c : curve) : bool :=
    pos K T && starts_at (parameters net) c theta && stays_in net sc c &&
    forallb (fun d => match margin_along net T c d with
      | Some m => tnonneg K T (tadd K m [neg K (one K)]) | None => false end) data &&
    tpos K T (gain (parameters net) theta c).

  Lemma ok_along_sound : forall T b p t, 0 < t <= v T -> ok_along T b p = true ->
    if b then 0 <= at_t t p else at_t t p <= 0.
  Proof.
    intros T [] p t Ht H; apply (tnonneg_sound K v HK) with (t := t) in H; auto.
    rewrite (tneg_v K v HK) in H. lra.
  Qed.
  Lemma tsum_v : forall t n f, at_t t (tsum n f) = sum n (fun k => at_t t (f k)).
  Proof. induction n; simpl; intros; auto. rewrite (tadd_v K v HK), IHn. reflexivity. Qed.
  Lemma gain_v : forall net theta c t, at_t t (gain (parameters net) theta c)
    = norm2 net (point_of v theta) - norm2 net (curve_at c t).
  Proof.
    intros. unfold gain. rewrite (tadd_v K v HK), (tneg_v K v HK), tsum_v. simpl.
    rewrite (knorm2_v K v HK).
    rewrite (sum_ext _ _ (fun k => curve_at c t k * curve_at c t k)).
    - unfold norm2. lra.
    - intros. apply (tmul_v K v HK).
  Qed.

  (** A curve that starts at θ comes arbitrarily near to it. *)
  Lemma at_t_bounded : forall p, exists B, 0 <= B /\ forall t, 0 <= t <= 1 -> Rabs (at_t t p) <= B.
  Proof.
    induction p as [|c p [B [HB H]]].
    - exists 0. split; [lra|]. intros. simpl. rewrite Rabs_R0. lra.
    - exists (Rabs (v c) + B). split; [pose proof (Rabs_pos (v c)); lra|]. intros t Ht. simpl.
      specialize (H t Ht). pose proof (Rabs_triang (v c) (t * at_t t p)).
      rewrite Rabs_mult, (Rabs_right t) in H0 by lra. pose proof (Rabs_pos (at_t t p)). nra.
  Qed.
  Lemma at_t_moves : forall p, exists B, 0 <= B /\ forall t, 0 <= t <= 1 ->
    (at_t t p - v (hd (zero K) p)) * (at_t t p - v (hd (zero K) p)) <= B * (t * t).
  Proof.
    intros [|c p].
    - exists 0. split; [lra|]. intros. simpl. rewrite (v_zero HK). lra.
    - destruct (at_t_bounded p) as [B [HB H]]. exists (B * B). split; [nra|].
      intros t Ht. simpl. specialize (H t Ht).
      replace (v c + t * at_t t p - v c) with (t * at_t t p) by ring.
      assert (Rabs (at_t t p) * Rabs (at_t t p) = at_t t p * at_t t p)
        by (rewrite <- Rabs_mult; apply Rabs_right; nra).
      assert (Rabs (at_t t p) * Rabs (at_t t p) <= B * B)
        by (apply Rmult_le_compat; auto using Rabs_pos).
      replace (t * at_t t p * (t * at_t t p)) with (at_t t p * at_t t p * (t * t)) by ring.
      apply Rmult_le_compat_r; nra.
  Qed.
  Lemma curve_near : forall net c theta, starts_at (parameters net) c theta = true ->
    forall eps, 0 < eps -> exists t0, 0 < t0 /\ forall t, 0 < t <= t0 ->
      dist net (point_of v theta) (curve_at c t) <= eps.
  Proof.
    intros net c theta H eps Heps.
    assert (B : exists B, 0 <= B /\ forall t, 0 <= t <= 1 ->
      norm2 net (fun k => curve_at c t k - point_of v theta k) <= B * (t * t)).
    { pose proof (below_sound _ _ H) as S. unfold norm2. revert S.
      generalize (parameters net). induction n; intros S.
      - exists 0. split; [lra|]. intros. simpl. lra.
      - destruct IHn as [B [HB E]]; auto. destruct (at_t_moves (moving c n)) as [C [HC F]].
        exists (B + C). split; [lra|]. intros t Ht. simpl. specialize (E t Ht). specialize (F t Ht).
        specialize (S n ltac:(lia)). apply (equal_sound K v HK) in S.
        rewrite S in F. change (at_t t (moving c n)) with (curve_at c t n) in F.
        change (v (coordinate theta n)) with (point_of v theta n) in F. lra. }
    destruct B as [B [HB E]].
    exists (Rmin 1 (eps / (B + 1))).
    assert (P : 0 < eps / (B + 1)) by (apply Rdiv_lt_0_compat; lra). split.
    - apply Rmin_glb_lt; lra.
    - intros t Ht. pose proof (Rmin_l 1 (eps / (B + 1))). pose proof (Rmin_r 1 (eps / (B + 1))).
      apply norm_bound; [lra|]. specialize (E t ltac:(lra)).
      assert (Q : (B + 1) * t <= eps).
      { replace eps with ((B + 1) * (eps / (B + 1))) by (field; lra).
        apply Rmult_le_compat_l; lra. }
      assert (((B + 1) * t) * ((B + 1) * t) <= eps * eps) by (apply Rmult_le_compat; nra).
      assert (B * (t * t) <= ((B + 1) * t) * ((B + 1) * t)).
      { replace (((B + 1) * t) * ((B + 1) * t)) with ((B + 1) * (B + 1) * (t * t)) by ring.
        apply Rmult_le_compat_r; nra. }
      lra.
  Qed.
  Lemma stays_in_sound : forall net sc c theta t, starts_at (parameters net) c theta = true ->
    stays_in net sc c = true -> moves_only net sc (point_of v theta) (curve_at c t).
  Proof.
    intros net sc c theta t S H k L N. pose proof (below_sound _ _ H k L) as B. cbv beta in B.
    apply out_of_scope in B; auto. pose proof (below_sound _ _ S k L) as E. cbv beta in E.
    apply (equal_sound K v HK) in E. unfold curve_at, point_of. unfold coordinate in E. rewrite <- E.
    destruct (moving c k) as [|a p]; simpl in *; [rewrite (v_zero HK); auto|].
    rewrite (tzero_sound K v HK _ t B). lra.
  Qed.

  Theorem check_not_local_sound : forall net data sc theta T c,
    check_not_local net data sc theta T c = true ->
    ~ local_optimum net (samples_of v data) sc (point_of v theta).
  Proof.
    intros net data sc theta T c H [_ [eps [Heps L]]]. unfold check_not_local in H.
    apply andb_prop in H as [H H5]. apply andb_prop in H as [H H4].
    apply andb_prop in H as [H H3]. apply andb_prop in H as [H1 H2]. apply (v_pos HK) in H1.
    destruct (curve_near net c theta H2 eps Heps) as [t0 [T0 N]].
    set (t := Rmin (v T) t0). assert (Ht : 0 < t) by (apply Rmin_glb_lt; auto).
    assert (HtT : 0 < t <= v T) by (split; [auto | apply Rmin_l]).
    specialize (N t ltac:(split; [auto | apply Rmin_r])).
    apply (tpos_sound K v HK) with (t := t) in H5; auto. rewrite gain_v in H5.
    assert (norm net (curve_at c t) < norm net (point_of v theta)) by (apply norm_lt; lra).
    apply Rlt_not_le in H. apply H, L; auto.
    - intros s Hs. apply in_map_iff in Hs as [d [<- Hd]]. rewrite forallb_forall in H4.
      specialize (H4 d Hd). destruct (margin_along net T c d) as [m|] eqn:E; try discriminate.
      unfold margin_along in E.
      apply (exact_margin_e K (curves K) (moving c) v (at_t t) HK (curves_evaluation K v HK t)) in E;
        [|intros; eapply ok_along_sound; eauto].
      fold (curve_at c t) in E. rewrite <- E.
      apply (tnonneg_sound K v HK) with (t := t) in H4; auto.
      rewrite (tadd_v K v HK) in H4. simpl in H4. rewrite (v_neg K v HK), (v_one K v HK) in H4. lra.
    - apply stays_in_sound; auto.
  Qed.
End Curves.

(** [not-strict]: a curve of other feasible points that are no longer ends in θ.  It has the
    denominator q = 1 + t²: θ(t) = θ + s(t)/q(t), with polynomials s that vanish at 0. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common Sanity Points NotLocal.
Import ListNotations.
Open Scope R_scope.

Section Turns.
  Variables (K : ops) (v : K -> R).
  Hypothesis HK : reading K v.
  Notation at_t := (at_t K v).

  Definition denominator_t : list K := [one K; zero K; one K].
  Fixpoint denominator_power (n : nat) : list K :=
    match n with O => [one K] | S n' => tmul K denominator_t (denominator_power n') end.
  (** q(t) θ(t) *)
  Definition numerator (theta : list K) (s : curve K) (k : nat) : curves K :=
    tadd K (tmul K denominator_t [coordinate theta k]) (moving K s k).
  Definition margin_turned net (T : K) theta s (d : exact_sample K) : option (curves K) :=
    exact_margin K (curves K) (numerator theta s) net (ok_along K T)
      (pattern_of K (curves K) (numerator theta s) net (tpos K T) d) d.
  Definition moved n (T : K) (s : curve K) : bool :=
    existsb (fun k => tpos K T (moving K s k) || tpos K T (tneg K (moving K s k))) (seq 0 n).

  Definition check_not_strict net data sc theta (T : K) (s : curve K) : bool :=
    pos K T && starts_at K (parameters net) s [] && stays_in K net sc s && moved (parameters net) T s &&
    forallb (fun d => match margin_turned net T theta s d with
      | Some m => tnonneg K T (tadd K m (tneg K (denominator_power (length (layers net))))) | None => false end) data &&
    tnonneg K T (tadd K (tmul K (denominator_power 2) [knorm2 (parameters net) theta])
      (tneg K (tsum K (parameters net) (fun k => tmul K (numerator theta s k) (numerator theta s k))))).

  Lemma denominator_v : forall t, at_t t denominator_t = 1 + t * t.
  Proof. intros. simpl. rewrite (v_one K v HK), (v_zero HK). ring. Qed.
  Lemma denominator_power_v : forall t n, at_t t (denominator_power n) = (1 + t * t) ^ n.
  Proof.
    induction n; [simpl; rewrite (v_one K v HK); ring|].
    cbn [denominator_power pow]. rewrite (tmul_v K v HK), IHn, denominator_v. reflexivity.
  Qed.
  Lemma numerator_v : forall t theta s k,
    at_t t (numerator theta s k) = (1 + t * t) * point_of v theta k + at_t t (moving K s k).
  Proof.
    intros. unfold numerator. rewrite (tadd_v K v HK), (tmul_v K v HK), denominator_v.
    unfold point_of, coordinate. simpl. ring.
  Qed.

  Theorem check_not_strict_sound : forall net data sc theta T s,
    check_not_strict net data sc theta T s = true ->
    ~ strict_local_optimum net (samples_of v data) sc (point_of v theta).
  Proof.
    intros net data sc theta T s H [eps [Heps [_ L]]]. unfold check_not_strict in H.
    apply andb_prop in H as [H H6]. apply andb_prop in H as [H H5]. apply andb_prop in H as [H H4].
    apply andb_prop in H as [H H3]. apply andb_prop in H as [H1 H2]. apply (v_pos HK) in H1.
    destruct (curve_near K v HK net s [] H2 eps Heps) as [t0 [T0 N]].
    set (t := Rmin (v T) t0). assert (Ht : 0 < t) by (apply Rmin_glb_lt; auto).
    assert (HtT : 0 < t <= v T) by (split; [auto | apply Rmin_l]).
    specialize (N t ltac:(split; [auto | apply Rmin_r])).
    set (q := 1 + t * t). assert (Q : 1 <= q) by (unfold q; nra).
    set (c := / q). assert (C : 0 < c) by (apply Rinv_0_lt_compat; lra).
    assert (CQ : c * q = 1) by (unfold c; field; lra). assert (C1 : c <= 1) by nra.
    set (P := fun k => at_t t (numerator theta s k)).
    set (th := fun k => c * P k).
    assert (D : forall k, th k - point_of v theta k = c * curve_at K v s t k).
    { intros k. unfold th, P. rewrite numerator_v. fold q. unfold curve_at.
      replace (c * (q * point_of v theta k + at_t t (moving K s k)))
        with ((c * q) * point_of v theta k + c * at_t t (moving K s k)) by ring.
      rewrite CQ. ring. }
    assert (Z : forall k, point_of v [] k = 0)
      by (intros k; unfold point_of; destruct k; simpl; apply (v_zero HK)).
    assert (E : dist net (point_of v theta) th = c * norm net (curve_at K v s t)).
    { unfold dist. rewrite <- norm_scaling by lra. apply norm_ext. intros k _. apply D. }
    assert (S : norm net (curve_at K v s t) <= eps).
    { replace (norm net (curve_at K v s t)) with (dist net (point_of v []) (curve_at K v s t)); auto.
      unfold dist. apply norm_ext. intros k _. rewrite Z. ring. }
    pose proof (norm_nonneg net (curve_at K v s t)) as NN.
    assert (M : 0 < norm net (curve_at K v s t)).
    { unfold moved in H4. apply existsb_exists in H4 as [k [Hk G]]. apply in_seq in Hk.
      pose proof (norm_coordinate net (curve_at K v s t) k ltac:(lia)) as B. unfold curve_at at 1 in B.
      enough (0 < Rabs (at_t t (moving K s k))) by lra. apply Rabs_pos_lt.
      apply orb_prop in G as [G|G]; apply (tpos_sound K v HK) with (t := t) in G; auto;
        try rewrite (tneg_v K v HK) in G; lra. }
    assert (F : norm net (point_of v theta) < norm net th).
    { apply L.
      - intros d Hd. apply in_map_iff in Hd as [e [<- He]]. rewrite forallb_forall in H5.
        specialize (H5 e He). destruct (margin_turned net T theta s e) as [m|] eqn:G; try discriminate.
        unfold margin_turned in G.
        apply (exact_margin_e K (curves K) (numerator theta s) v (at_t t) HK (curves_evaluation K v HK t)) in G;
          [|intros; eapply ok_along_sound; eauto].
        apply (tnonneg_sound K v HK) with (t := t) in H5; auto.
        rewrite (tadd_v K v HK), (tneg_v K v HK), denominator_power_v, G in H5. fold q in H5.
        unfold margin in *. unfold th. rewrite Phi_homogeneous by lra. unfold P.
        assert (c ^ length (layers net) * q ^ length (layers net) = 1)
          by (rewrite <- Rpow_mult_distr, CQ; apply pow1).
        assert (0 < c ^ length (layers net)) by (apply pow_lt; auto). nra.
      - intros k Lk O. pose proof (stays_in_sound K v HK net sc s [] t H2 H3 k Lk O) as G.
        rewrite Z in G. pose proof (D k) as Dk. rewrite G in Dk. lra.
      - rewrite E. split; [now apply Rmult_lt_0_compat|]. nra. }
    apply (tnonneg_sound K v HK) with (t := t) in H6; auto.
    rewrite (tadd_v K v HK), (tneg_v K v HK), (tmul_v K v HK), denominator_power_v, (tsum_v K v HK) in H6.
    fold q in H6. cbn [Algebra.at_t] in H6. rewrite (knorm2_v K v HK) in H6.
    rewrite (sum_ext _ _ (fun k => P k * P k)) in H6 by (intros; apply (tmul_v K v HK)).
    assert (X : norm net P <= q * norm net (point_of v theta)).
    { apply norm_bound; [pose proof (norm_nonneg net (point_of v theta)); nra|].
      replace (q * norm net (point_of v theta) * (q * norm net (point_of v theta)))
        with (q * q * (norm net (point_of v theta) * norm net (point_of v theta))) by ring.
      rewrite norm_sqr. unfold norm2 at 1. simpl in H6. lra. }
    unfold th in F. rewrite norm_scaling in F by lra.
    assert (Y : c * norm net P <= c * (q * norm net (point_of v theta))) by (apply Rmult_le_compat_l; lra).
    rewrite <- Rmult_assoc, CQ in Y. lra.
  Qed.
End Turns.

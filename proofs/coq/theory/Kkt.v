(** [kkt]: θ is a combination of gradients, with a witness curve for each pattern. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common Points NotLocal Near.
Import ListNotations.
Open Scope R_scope.

Section Kkt.
  Variables (K : ops) (v : K -> R).
  Hypothesis HK : reading K v.

  (** On: positive along the curve.  Off: negative along the curve, or the zero
      polynomial in all parameters.  The pattern has no other units. *)
  Fixpoint strict_row T (s : list bool) (z : list (list K)) (w : list (poly K)) : bool :=
    match s, z, w with
    | [], [], [] => true
    | b :: s', u :: z', p :: w' =>
        (if b then tpos K T u else tpos K T (tneg K u) || pzero K p) && strict_row T s' z' w'
    | _, _, _ => false
    end.
  Fixpoint strict T (s : pattern) zs ws : bool :=
    match s, zs, ws with
    | [], [], [] => true
    | r :: s', z :: zs', w :: ws' => strict_row T r z w && strict T s' zs' ws'
    | _, _, _ => false
    end.
  Definition pattern_along net T (c : curve K) (d : exact_sample K) : pattern :=
    pattern_of K (curves K) (moving K c) net (tpos K T) d.
  Definition check_realizable net theta T c (d : exact_sample K) (s : pattern) : bool :=
    match act net with Linear => true | _ =>
      pos K T && starts_at K (parameters net) c theta &&
      (let ws := fst (run K (polynomials K) (pvar K) (act net) s (layers net)
                          (start K (polynomials K) (fst d))) in
       strict T s (fst (run K (curves K) (moving K c) (act net) s (layers net)
                            (start K (curves K) (fst d)))) ws &&
       forallb (forallb (variables_below K (parameters net))) ws)
    end.
  (** The k-th partial derivative, as a coefficient of a curve in direction k. *)
  Definition along (theta : list K) (k j : nat) : curves K :=
    if Nat.eqb j k then [coordinate theta j; one K] else [coordinate theta j].
  Definition derivative net theta s (d : exact_sample K) (k : nat) : K :=
    coefficient1 K (pattern_margin K (curves K) (along theta k) net s d).
  Definition check_kkt net data theta (terms : list (nat * K * K * curve K)) : bool :=
    check_feasible K net data theta &&
    forallb (fun im => let '(i, mu, T, c) := im in
      match nth_error data i with None => false | Some d =>
        nonneg K mu && check_active K net theta d &&
        check_realizable net theta T c d (pattern_along net T c d) end) terms &&
    below (parameters net) (fun k => equal K (coordinate theta k)
      (fold_right (add K) (zero K) (map (fun im => let '(i, mu, T, c) := im in
        match nth_error data i with None => zero K | Some d =>
          mul K mu (derivative net theta (pattern_along net T c d) d k) end) terms))).

  Lemma nth_nth_map : forall A (f : A -> R) d, f d = 0 -> forall zs l j,
    nth j (nth l (map (map f) zs) []) 0 = f (nth j (nth l zs []) d).
  Proof.
    intros A f d H zs l j. change (@nil R) with (map f []). rewrite map_nth, <- H. apply map_nth.
  Qed.
  Lemma strict_row_index : forall T t, 0 < t <= v T -> forall s z w, strict_row T s z w = true ->
    forall j, if nth j s false then 0 < at_t K v t (nth j z []) else
      at_t K v t (nth j z []) < 0 \/ pzero K (nth j w []) = true.
  Proof.
    intros T t Ht. induction s as [|b s IH]; destruct z as [|u z]; destruct w as [|p w];
      simpl; intros H j; try discriminate.
    - destruct j; simpl; auto.
    - apply andb_prop in H as [H1 H2]. destruct j as [|j].
      + destruct b; [eapply tpos_sound; eauto|]. apply orb_prop in H1 as [H1|H1]; auto.
        left. apply (tpos_sound K v HK) with (t := t) in H1; auto.
        rewrite (tneg_v K v HK) in H1. lra.
      + apply (IH z w H2 j).
  Qed.
  Lemma strict_index : forall T t, 0 < t <= v T -> forall s zs ws, strict T s zs ws = true ->
    forall l j, if on s l j then 0 < at_t K v t (nth j (nth l zs []) []) else
      at_t K v t (nth j (nth l zs []) []) < 0 \/ pzero K (nth j (nth l ws []) []) = true.
  Proof.
    intros T t Ht. unfold on. induction s as [|r s IH]; destruct zs as [|z zs];
      destruct ws as [|w ws]; simpl; intros H l j; try discriminate.
    - destruct l, j; simpl; auto.
    - apply andb_prop in H as [H1 H2]. destruct l as [|l].
      + eapply strict_row_index; eauto.
      + apply (IH zs ws H2 l j).
  Qed.
  Lemma near_agree_row : forall net a T t th', 0 < t <= v T -> forall s z w,
    strict_row T s z w = true -> map (at_t K v t) z = map (at_point K v th') w ->
    forallb (variables_below K (parameters net)) w = true ->
    near net th' (fun x => agree_row a s (map (at_point K v x) w)).
  Proof.
    intros net a T t th' Ht. induction s as [|b s IH]; destruct z as [|u z]; destruct w as [|p w];
      simpl; intros H E V; try discriminate; [apply near_always; auto|].
    apply andb_prop in H as [H1 H2]. injection E as E1 E2. apply andb_prop in V as [V1 V2].
    apply (near_and net th' (fun x => agrees a b (at_point K v x p))); [|eapply IH; eauto].
    destruct b.
    - apply (tpos_sound K v HK) with (t := t) in H1; auto. rewrite E1 in H1.
      eapply near_weaken; [|apply (cont_positive net th' (fun x => at_point K v x p)); auto].
      + cbv beta. intros x P. right. lra.
      + apply at_point_cont; auto.
    - apply orb_prop in H1 as [H1|H1].
      + apply (tpos_sound K v HK) with (t := t) in H1; auto. rewrite (tneg_v K v HK), E1 in H1.
        eapply near_weaken;
          [|apply (cont_positive net th' (fun x => (-1) * at_point K v x p)); try lra].
        * cbv beta. intros x P. right. lra.
        * apply cont_mult; [apply cont_const | apply at_point_cont; auto].
      + apply near_always. intros x. right. rewrite (pzero_sound K v HK _ x H1). lra.
  Qed.
  Lemma near_agree : forall net a T t th', 0 < t <= v T -> forall s zs ws,
    strict T s zs ws = true -> map (map (at_t K v t)) zs = map (map (at_point K v th')) ws ->
    forallb (forallb (variables_below K (parameters net))) ws = true ->
    near net th' (fun x => agree a s (map (map (at_point K v x)) ws)).
  Proof.
    intros net a T t th' Ht. induction s as [|r s IH]; destruct zs as [|z zs];
      destruct ws as [|w ws]; simpl; intros H E V; try discriminate; [apply near_always; auto|].
    apply andb_prop in H as [H1 H2]. injection E as E1 E2. apply andb_prop in V as [V1 V2].
    apply (near_and net th' (fun x => agree_row a r (map (at_point K v x) w)));
      [eapply near_agree_row; eauto | eapply IH; eauto].
  Qed.
  Lemma run_polynomials : forall a s Ws (x : list K) th,
    map (map (at_point K v th)) (fst (run K (polynomials K) (pvar K) a s Ws
      (start K (polynomials K) x))) = preactivations_pattern a s th Ws (map v x) /\
    map (at_point K v th) (snd (run K (polynomials K) (pvar K) a s Ws
      (start K (polynomials K) x))) = forward_pattern a s th Ws (map v x).
  Proof.
    intros.
    destruct (run_e K (polynomials K) (pvar K) v (at_point K v th) HK
      (polynomials_evaluation K v HK th) a Ws s (start K (polynomials K) x)) as [E1 E2].
    rewrite (start_e K (polynomials K) v (at_point K v th) (polynomials_evaluation K v HK th)) in *.
    destruct (forward_pattern_ext a (fun k => at_point K v th (pvar K k)) th Ws s (map v x))
      as [F1 F2]; [intros; apply (pvar_v K v HK)|].
    rewrite <- F1, <- F2. split; assumption.
  Qed.
  Lemma run_curves : forall a s Ws (x : list K) c t,
    map (map (at_t K v t)) (fst (run K (curves K) (moving K c) a s Ws
      (start K (curves K) x))) = preactivations_pattern a s (curve_at K v c t) Ws (map v x).
  Proof.
    intros.
    destruct (run_e K (curves K) (moving K c) v (at_t K v t) HK
      (curves_evaluation K v HK t) a Ws s (start K (curves K) x)) as [E1 _].
    rewrite (start_e K (curves K) v (at_t K v t) (curves_evaluation K v HK t)) in *. exact E1.
  Qed.
  Lemma check_realizable_sound : forall net theta T c d s,
    check_realizable net theta T c d s = true ->
    realizable net (input (sample_of v d)) s (point_of v theta).
  Proof.
    intros net theta T c d s H. unfold check_realizable in H.
    destruct (act net) eqn:A; [left; exact A | right | right]; rewrite <- A in H.
    all: apply andb_prop in H as [H H3]; apply andb_prop in H as [H1 H2];
      apply andb_prop in H3 as [H3 H4]; apply (v_pos HK) in H1; intros eps Heps;
      destruct (curve_near K v HK net c theta H2 eps Heps) as [t0 [T0 N]];
      set (t := Rmin (v T) t0); assert (Ht : 0 < t) by (apply Rmin_glb_lt; auto);
      assert (HtT : 0 < t <= v T) by (split; [auto | apply Rmin_l]);
      exists (curve_at K v c t); split; [apply N; split; [auto | apply Rmin_r]|].
    all: set (ws := fst (run K (polynomials K) (pvar K) (act net) s (layers net)
                          (start K (polynomials K) (fst d)))) in *.
    all: assert (W : forall th, map (map (at_point K v th)) ws =
        preactivations_pattern (act net) s th (layers net) (map v (fst d)))
        by (intros; apply run_polynomials).
    all: pose proof (run_curves (act net) s (layers net) (fst d) c t) as C; rewrite <- W in C.
    all: pose proof (near_agree net (act net) T t (curve_at K v c t) HtT _ _ _ H3 C H4) as G.
    all: assert (Z : near net (curve_at K v c t) (fun x => forall l j,
        preactivation net (map v (fst d)) l j x = at_point K v x (nth j (nth l ws []) []))) by
        (eapply near_weaken; [|exact G]; cbv beta; intros x P l j; rewrite W in P;
         apply agree_pattern in P as [_ P]; unfold preactivation; rewrite <- P, <- W;
         apply nth_nth_map; reflexivity).
    all: assert (Here : forall l j, preactivation net (map v (fst d)) l j (curve_at K v c t)
           = at_point K v (curve_at K v c t) (nth j (nth l ws []) [])) by
        (destruct Z as [dd [D Z]]; apply Z; unfold dist;
         apply norm_bound; [lra|]; unfold norm2;
         rewrite (sum_ext _ _ (fun _ => 0)), sum_zero by (intros; ring); nra).
    all: intros l j; cbv zeta; simpl input; rewrite Here;
      pose proof (strict_index T t HtT _ _ _ H3 l j) as S;
      assert (E : at_t K v t (nth j (nth l (fst (run K (curves K) (moving K c) (act net) s
         (layers net) (start K (curves K) (fst d)))) []) []) =
         at_point K v (curve_at K v c t) (nth j (nth l ws []) [])) by
        (rewrite <- (nth_nth_map _ (at_t K v t) []), C by reflexivity;
         apply nth_nth_map; reflexivity);
      assert (S' : if on s l j then 0 < at_point K v (curve_at K v c t) (nth j (nth l ws []) [])
         else at_point K v (curve_at K v c t) (nth j (nth l ws []) []) < 0 \/
           pzero K (nth j (nth l ws []) []) = true) by (rewrite <- E; exact S);
      clear S; rename S' into S; destruct (on s l j); auto; destruct S as [S|S]; auto; right.
    all: destruct Z as [dd [D Z]]; exists dd; split; auto; intros x Hx;
      rewrite (Z x Hx); apply (pzero_sound K v HK); exact S.
  Qed.
  Lemma derivative_sound : forall net theta s d k, partial
    (fun th => label (sample_of v d) * Phi_pattern net s th (input (sample_of v d)))
    (point_of v theta) k (v (derivative net theta s d k)).
  Proof.
    intros. intros eps Heps. set (p := pattern_margin K (curves K) (along theta k) net s d).
    destruct (at_t_derivative K v HK p eps Heps) as [dd D]. exists dd. intros h H0 Hd.
    specialize (D h H0 Hd).
    assert (E : forall t, at_t K v t p = label (sample_of v d) * Phi_pattern net s
      (fun j => if Nat.eqb j k then point_of v theta k + t else point_of v theta j)
      (input (sample_of v d))).
    { intros t. unfold p. rewrite (pattern_margin_e K (curves K) (along theta k) v (at_t K v t) HK
        (curves_evaluation K v HK t)). f_equal. unfold Phi_pattern. f_equal.
      apply forward_pattern_ext. intros j. unfold along, point_of, coordinate.
      destruct (Nat.eqb_spec j k) as [->|N]; simpl; rewrite ?(v_one K v HK); lra. }
    rewrite !E, Rplus_0_l, Rplus_0_r in D. exact D.
  Qed.

  Definition no_sample : exact_sample K := ([], true).
  Theorem check_kkt_sound : forall net data theta terms, check_kkt net data theta terms = true ->
    kkt net (samples_of v data) (point_of v theta).
  Proof.
    intros net data theta terms H. apply andb_prop in H as [H H3].
    apply andb_prop in H as [H1 H2]. split; [apply check_feasible_sound; auto|].
    rewrite forallb_forall in H2.
    exists (map (fun im => let '(i, mu, T, c) := im in
      let d := nth i data no_sample in let s := pattern_along net T c d in
      {| mu := v mu; of_sample := sample_of v d; under := s;
         gradient := fun k => v (derivative net theta s d k) |}) terms).
    split.
    - intros m Hm. apply in_map_iff in Hm as [[[[i mu] T] c] [<- Hm]].
      specialize (H2 _ Hm). cbv beta iota in H2.
      destruct (nth_error data i) as [d|] eqn:E; try discriminate.
      rewrite (nth_error_nth _ _ no_sample E).
      apply andb_prop in H2 as [H2 R]. apply andb_prop in H2 as [M A].
      simpl. repeat split.
      + eapply nonneg_sound; eauto.
      + apply in_map. eapply nth_error_In; eauto.
      + eapply check_active_sound; eauto.
      + eapply check_realizable_sound; eauto.
      + intros k _. apply derivative_sound.
    - intros k L. pose proof (below_sound _ _ H3 k L) as E. cbv beta in E.
      apply (equal_sound K v HK) in E. unfold point_of at 1. unfold coordinate in E at 1.
      rewrite E. clear E H3. induction terms as [|[[[i mu] T] c] terms IH]; simpl.
      + apply (v_zero HK).
      + rewrite (v_add HK), IH by (intros; apply H2; right; auto).
        specialize (H2 _ (or_introl eq_refl)). cbv beta iota in H2.
        destruct (nth_error data i) as [d|] eqn:E; try discriminate.
        rewrite (nth_error_nth _ _ no_sample E), (v_mul HK). reflexivity.
  Qed.
End Kkt.

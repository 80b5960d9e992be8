(** [strict-local]: a quantified second-order condition on every cell.  With h_j >= 0 the
    constraints, E = ‖θ+d‖² − ‖θ‖², P = E − 2Σ ω_j h_j, g_j the linear part of h_j:
      P has no constant and no linear part; its quadratic part is
      Σ D q² − Σ ρ_j g_j² + Σ w g_f g_s + κ‖d‖²,
    and the remainders of higher degree are dominated by κ in the ball of radius r. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common Points Near Explore
  Region Convex.
Import ListNotations.
Open Scope R_scope.

Record strict_proof (K : ops) := { omegas : list (K * K);  (* ω_j, ρ_j *)
  kappa : K; pairs : list (nat * nat * K); forms : list (K * poly K) }.
Arguments omegas {K}. Arguments kappa {K}. Arguments pairs {K}. Arguments forms {K}.
Arguments Build_strict_proof {K}.

Section Strict.
  Variables (K : ops) (v : K -> R).
  Hypothesis HK : reading K v.
  Notation at_point := (at_point K v).
  Notation pc := (pconst K).
  Notation two := (of_Q K 2).

  (** The larger of two non-negative numbers, or their sum where that is not decided. *)
  Definition larger (a b : K) : K :=
    if nonneg K (sub K a b) then a else if nonneg K (sub K b a) then b else add K a b.
  Lemma larger_v : forall a b, 0 <= v a -> 0 <= v b ->
    v a <= v (larger a b) /\ v b <= v (larger a b).
  Proof.
    intros a b A B. unfold larger. destruct (nonneg K (sub K a b)) eqn:E.
    - apply (nonneg_sound K v HK) in E. rewrite (v_sub K v HK) in E. lra.
    - destruct (nonneg K (sub K b a)) eqn:E'.
      + apply (nonneg_sound K v HK) in E'. rewrite (v_sub K v HK) in E'. lra.
      + rewrite (v_add HK). lra.
  Qed.
  Lemma product_bound : forall g h l c r d, 0 <= l -> 0 <= c -> 0 <= d <= r ->
    g < 0 -> 0 <= h -> - (c * (d * d)) <= g -> h <= l * d -> - (c * l * r * (d * d)) <= g * h.
  Proof.
    intros g h l c r d Hl Hc Hd Hg Hh G H.
    assert (A : - g * h <= c * (d * d) * (l * d)) by (apply Rmult_le_compat; lra).
    assert (B : c * (d * d) * (l * d) <= c * (d * d) * (l * r)).
    { apply Rmult_le_compat_l; [apply Rmult_le_pos; nra|]. apply Rmult_le_compat_l; lra. }
    lra.
  Qed.
  Section Leaf.
    Variables (n : nat) (r : K).
    Definition L (h : poly K) : K := tail K r 1 (exactly K 1 h).
    Definition C (h : poly K) : K := tail K r 2 h.
    Definition good (h : poly K) : bool := bounded K n h && pzero K (exactly K 0 h).
    (** Σ over constraints of 2ω h, of ρ g², and of ρ L C. *)
    Fixpoint pull (ws : list (K * K)) (hs : list (poly K)) : poly K :=
      match ws, hs with
      | (o, _) :: ws', h :: hs' => padd K (pmul K (pc (mul K two o)) h) (pull ws' hs')
      | _, _ => [] end.
    Fixpoint bend (ws : list (K * K)) (hs : list (poly K)) : poly K :=
      match ws, hs with
      | (_, p) :: ws', h :: hs' =>
          padd K (pmul K (pc p) (pmul K (exactly K 1 h) (exactly K 1 h))) (bend ws' hs')
      | _, _ => [] end.
    Fixpoint rest (ws : list (K * K)) (hs : list (poly K)) : K :=
      match ws, hs with
      | (_, p) :: ws', h :: hs' => add K (mul K p (mul K (L h) (C h))) (rest ws' hs')
      | _, _ => zero K end.
    Fixpoint slack (ws : list (K * K)) (hs : list (poly K)) : bool :=
      match ws, hs with
      | (o, p) :: ws', h :: hs' => nonneg K p && good h &&
          nonneg K (sub K (mul K two o) (mul K p (mul K (L h) r))) && slack ws' hs'
      | _, _ => true end.
    Definition cross (hs : list (poly K)) (l : list (nat * nat * K)) : poly K :=
      fold_right (fun fsw q => let '(f, s, w) := fsw in padd K (pmul K (pc w)
        (pmul K (exactly K 1 (nth f hs [])) (exactly K 1 (nth s hs [])))) q) [] l.
    Definition cross_rest (hs : list (poly K)) (l : list (nat * nat * K)) : K :=
      fold_right (fun fsw q => let '(f, s, w) := fsw in add K (mul K w (larger
        (mul K (C (nth f hs [])) (L (nth s hs []))) (mul K (C (nth s hs [])) (L (nth f hs [])))))
        q) (zero K) l.
    Definition strict_leaf (movable : nat -> bool) (grow : poly K)
      (ms cs : list (poly K)) (w : strict_proof K) : bool :=
      let hs := map (less_one K) ms ++ rev cs in
      let P := minus K grow (pull (omegas w) hs) in
      let square := psum K n (fun k => if movable k then pmul K (pvar K k) (pvar K k) else []) in
      forallb good hs && slack (omegas w) hs && bounded K n P &&
      forallb (fun fsw => nonneg K (snd fsw)) (pairs w) &&
      forallb (fun dq => nonneg K (fst dq)) (forms w) &&
      pzero K (exactly K 0 P) && pzero K (exactly K 1 P) &&
      pzero K (minus K (padd K (exactly K 2 P) (bend (omegas w) hs))
        (padd K (square_sum K (forms w)) (padd K (cross hs (pairs w))
          (pmul K (pc (kappa w)) square)))) &&
      pos K (sub K (kappa w) (mul K r (add K (rest (omegas w) hs)
        (add K (cross_rest hs (pairs w)) (tail K r 3 P))))).

    Variables (x : point) (delta : R).
    Hypothesis delta_between : 0 <= delta <= v r.
    Hypothesis coordinates : forall k, (k < n)%nat -> Rabs (x k) <= delta.
    Notation lin h := (at_point x (exactly K 1 h)).

    Lemma two_v : v two = 2.
    Proof. rewrite (v_of_Q HK). unfold Q2R; simpl; lra. Qed.
    Lemma exactly_from : forall e p, from K e (exactly K e p) = exactly K e p.
    Proof.
      unfold from, exactly. induction p as [|[m c] p IH]; simpl; auto.
      destruct (Nat.eqb_spec (length m) e); simpl; auto.
      destruct (Nat.leb_spec e (length m)); [f_equal; auto | lia].
    Qed.
    Lemma bounded_exactly : forall e p, bounded K n p = true -> bounded K n (exactly K e p) = true.
    Proof.
      unfold bounded, variables_below, exactly. intros e p H. apply andb_prop in H as [H1 H2].
      rewrite forallb_forall in H1, H2. apply andb_true_intro. split; apply forallb_forall;
        intros mc I; apply filter_In in I as [I _]; auto.
    Qed.
    Lemma lin_bound : forall h, good h = true -> Rabs (lin h) <= v (L h) * delta.
    Proof.
      intros h G. apply andb_prop in G as [G _].
      pose proof (tail_sound K v HK n x delta r 1 (exactly K 1 h) delta_between coordinates
        (bounded_exactly 1 h G)) as T.
      rewrite exactly_from in T. simpl in T. rewrite Rmult_1_r in T. exact T.
    Qed.
    Lemma rest_bound : forall h, good h = true ->
      Rabs (at_point x h - lin h) <= v (C h) * (delta * delta).
    Proof.
      intros h G. apply andb_prop in G as [G Z].
      pose proof (tail_sound K v HK n x delta r 2 h delta_between coordinates G) as T.
      replace (at_point x h - lin h) with (at_point x (from K 2 h)).
      - simpl in T. rewrite Rmult_1_r in T. exact T.
      - rewrite <- (from_0 K v x h), (from_split K v x 0), (from_split K v x 1).
        rewrite (pzero_sound K v HK _ x Z). lra.
    Qed.
    Lemma tail_nonneg : forall e p, bounded K n p = true -> 0 <= v (tail K r e p).
    Proof.
      intros e p H. unfold tail. apply andb_prop in H as [_ S]. unfold from.
      induction p as [|[m c] p IH]; simpl; [rewrite (v_zero HK); lra|].
      simpl in S. apply andb_prop in S as [S1 S2].
      destruct (Nat.leb e (length m)); simpl; auto.
      rewrite (v_add HK), (v_mul HK), (power_v K v HK). specialize (IH S2).
      apply (abs_sound K v HK) in S1. pose proof (Rabs_pos (v c)).
      pose proof (pow_le (v r) (length m - e) ltac:(lra)).
      pose proof (Rmult_le_pos _ _ (Rle_trans _ _ _ H S1) H0). lra.
    Qed.
    Lemma L_nonneg : forall h, good h = true -> 0 <= v (L h).
    Proof.
      intros h G. apply andb_prop in G as [G _]. apply tail_nonneg, bounded_exactly, G.
    Qed.
    Lemma C_nonneg : forall h, good h = true -> 0 <= v (C h).
    Proof. intros h G. apply andb_prop in G as [G _]. apply tail_nonneg, G. Qed.

    (** g² <= L r h + L r C δ² *)
    Lemma square_bound : forall h, good h = true -> 0 <= at_point x h ->
      lin h * lin h <= v (L h) * v r * at_point x h + v (L h) * v r * v (C h) * (delta * delta).
    Proof.
      intros h G H. pose proof (lin_bound h G) as A. pose proof (rest_bound h G) as B.
      pose proof (L_nonneg h G). pose proof (C_nonneg h G).
      set (g := lin h) in *. set (a := at_point x h) in *.
      assert (Rabs g <= v (L h) * v r) by (eapply Rle_trans; [exact A|]; apply Rmult_le_compat_l; lra).
      assert (g * g = Rabs g * Rabs g) as -> by (rewrite <- Rabs_mult; symmetry; apply Rabs_right; nra).
      assert (Rabs g <= a + v (C h) * (delta * delta)).
      { replace g with (a - (a - g)) by ring. eapply Rle_trans; [apply Rabs_triang|].
        rewrite Rabs_Ropp, (Rabs_right a) by lra. lra. }
      assert (Rabs g * Rabs g <= v (L h) * v r * (a + v (C h) * (delta * delta)))
        by (apply Rmult_le_compat; auto using Rabs_pos).
      lra.
    Qed.
    Lemma slack_bound : forall ws hs, slack ws hs = true ->
      Forall (fun h => 0 <= at_point x h) hs ->
      at_point x (bend ws hs) <= at_point x (pull ws hs) + v r * v (rest ws hs) * (delta * delta).
    Proof.
      induction ws as [|[o p] ws IH]; destruct hs as [|h hs]; simpl; intros S F;
        rewrite ?(v_zero HK); try lra.
      apply andb_prop in S as [S S4]. apply andb_prop in S as [S S3]. apply andb_prop in S as [S1 S2].
      inversion F as [|? ? H F']; subst. specialize (IH hs S4 F').
      rewrite !(padd_v K v HK), !(pmul_v K v HK), !(pconst_v K v HK), (v_add HK), !(v_mul HK), two_v.
      apply (nonneg_sound K v HK) in S1, S3. rewrite (v_sub K v HK), !(v_mul HK), two_v in S3.
      pose proof (square_bound h S2 H) as Q.
      pose proof (Rmult_le_compat_l _ _ _ S1 Q) as Q1.
      pose proof (Rmult_le_pos _ _ S3 H) as Q2. lra.
    Qed.
    Lemma cross_bound : forall hs, forallb good hs = true ->
      Forall (fun h => 0 <= at_point x h) hs ->
      forall l, forallb (fun fsw => nonneg K (snd fsw)) l = true ->
      - (v r * v (cross_rest hs l) * (delta * delta)) <= at_point x (cross hs l).
    Proof.
      intros hs G F. induction l as [|[[f s] w] l IH]; intros N.
      - simpl. rewrite (v_zero HK). lra.
      - simpl in N. apply andb_prop in N as [N1 N2]. specialize (IH N2).
        apply (nonneg_sound K v HK) in N1.
        cbn [cross cross_rest fold_right] in *.
        fold (cross hs l) in *. fold (cross_rest hs l) in *.
        rewrite (padd_v K v HK), !(pmul_v K v HK), (pconst_v K v HK), (v_add HK), (v_mul HK).
        assert (Good : forall k, good (nth k hs []) = true /\ 0 <= at_point x (nth k hs [])).
        { intros k. split.
          - rewrite forallb_forall in G. destruct (Nat.lt_ge_cases k (length hs)) as [U|U].
            + apply G, nth_In, U.
            + rewrite nth_overflow; auto.
          - apply (nth_holds K (fun c => 0 <= at_point x c)); auto. simpl. lra. }
        destruct (Good f) as [Gf Pf]. destruct (Good s) as [Gs Ps].
        set (hf := nth f hs []) in *. set (hs' := nth s hs []) in *.
        pose proof (lin_bound hf Gf) as Af. pose proof (lin_bound hs' Gs) as As.
        pose proof (rest_bound hf Gf) as Bf. pose proof (rest_bound hs' Gs) as Bs.
        pose proof (L_nonneg hf Gf). pose proof (L_nonneg hs' Gs).
        pose proof (C_nonneg hf Gf). pose proof (C_nonneg hs' Gs).
        set (gf := at_point x (exactly K 1 hf)) in *. set (gs := at_point x (exactly K 1 hs')) in *.
        set (M := larger (mul K (C hf) (L hs')) (mul K (C hs') (L hf))).
        assert (Big : v (C hf) * v (L hs') <= v M /\ v (C hs') * v (L hf) <= v M).
        { rewrite <- !(v_mul HK). apply larger_v; rewrite (v_mul HK); apply Rmult_le_pos; auto. }
        assert (DD : 0 <= v r * (delta * delta)) by (apply Rmult_le_pos; nra).
        assert (Low : - (v M * (v r * (delta * delta))) <= gf * gs).
        { pose proof (Rle_abs gf). pose proof (Rle_abs gs).
          pose proof (Rle_abs (at_point x hf - gf)). pose proof (Rle_abs (at_point x hs' - gs)).
          assert (0 <= v M * (v r * (delta * delta))).
          { apply Rmult_le_pos; auto. eapply Rle_trans; [|apply Big]. apply Rmult_le_pos; auto. }
          destruct (Rlt_le_dec gf 0) as [Nf|Nf], (Rlt_le_dec gs 0) as [Ns|Ns]; try nra.
          - pose proof (product_bound gf gs (v (L hs')) (v (C hf)) (v r) delta
              ltac:(auto) ltac:(auto) delta_between Nf Ns ltac:(lra) ltac:(lra)) as Q.
            pose proof (Rmult_le_compat_r _ _ _ DD (proj1 Big)). lra.
          - pose proof (product_bound gs gf (v (L hf)) (v (C hs')) (v r) delta
              ltac:(auto) ltac:(auto) delta_between Ns Nf ltac:(lra) ltac:(lra)) as Q.
            pose proof (Rmult_le_compat_r _ _ _ DD (proj2 Big)). lra. }
        pose proof (Rmult_le_compat_l _ _ _ N1 Low). lra.
    Qed.

    Lemma strict_leaf_sound : forall (movable : nat -> bool) grow ms cs w,
      sum n (fun k => if movable k then x k * x k else 0) = delta * delta -> 0 < delta ->
      Forall (fun m => 1 <= at_point x m) ms -> Forall (fun c => 0 <= at_point x c) cs ->
      strict_leaf movable grow ms cs w = true -> 0 < at_point x grow.
    Proof.
      intros movable grow ms cs w D2 Dpos Hm Hc H. unfold strict_leaf in H.
      set (hs := map (less_one K) ms ++ rev cs) in *. cbv zeta in H.
      set (P := minus K grow (pull (omegas w) hs)) in *.
      repeat (let H' := fresh "H" in apply andb_prop in H as [H H']).
      assert (F : Forall (fun h => 0 <= at_point x h) hs).
      { unfold hs. apply Forall_app. split; [|apply Forall_rev; exact Hc].
        apply Forall_map. eapply Forall_impl; [|exact Hm]. intros m M. cbv beta.
        unfold less_one. rewrite (minus_v K v HK), (pconst_v K v HK), (v_one K v HK). lra. }
      pose proof (slack_bound _ _ H7 F) as SB. pose proof (cross_bound hs H F _ H5) as CB.
      pose proof (square_sum_v K v HK x _ H4) as QB.
      pose proof (tail_sound K v HK n x delta r 3 P delta_between coordinates H6) as TB.
      pose proof (pzero_sound K v HK _ x H3) as Z0. pose proof (pzero_sound K v HK _ x H2) as Z1.
      pose proof (pzero_sound K v HK _ x H1) as Z2. apply (v_pos HK) in H0.
      rewrite (v_sub K v HK), (v_mul HK), !(v_add HK) in H0.
      rewrite (minus_v K v HK), !(padd_v K v HK), (pmul_v K v HK), (pconst_v K v HK),
        (psum_v K v HK) in Z2.
      rewrite (sum_ext n _ (fun k => if movable k then x k * x k else 0)) in Z2
        by (intros k _; destruct (movable k);
            [rewrite (pmul_v K v HK), (pvar_v K v HK) |]; reflexivity).
      rewrite D2 in Z2.
      assert (EP : at_point x P = at_point x (exactly K 2 P) + at_point x (from K 3 P)).
      { rewrite <- (from_0 K v x P), (from_split K v x 0), (from_split K v x 1),
          (from_split K v x 2). lra. }
      assert (EG : at_point x P = at_point x grow - at_point x (pull (omegas w) hs))
        by apply (minus_v K v HK).
      pose proof (Rle_abs (- at_point x (from K 3 P))) as A. rewrite Rabs_Ropp in A.
      assert (T3 : v (tail K r 3 P) * delta ^ 3 <= v (tail K r 3 P) * v r * (delta * delta)).
      { pose proof (tail_nonneg 3 P H6). replace (delta ^ 3) with (delta * (delta * delta)) by ring.
        rewrite Rmult_assoc. apply Rmult_le_compat_l; auto. apply Rmult_le_compat_r; nra. }
      assert (0 < delta * delta) by nra.
      pose proof (Rmult_lt_0_compat _ _ H0 H8). lra.
    Qed.
  End Leaf.

  Definition check_strict net data sc theta r tie used (t : tree K (strict_proof K)) : bool :=
    pos K r && check_feasible K net data theta &&
    explore K (strict_proof K) (act net) (layers net) (moving_parameters K net sc theta theta)
      (decided K (parameters net) (Some r)) tie
      (strict_leaf (parameters net) r (free net sc) (growth K net sc theta theta))
      (map snd (filter fst (combine used data))) [] [] t.

  Theorem check_strict_sound : forall net data sc theta r tie used t,
    check_strict net data sc theta r tie used t = true ->
    strict_local_within (v r) net (samples_of v data) sc (point_of v theta).
  Proof.
    intros net data sc theta r tie used t H. apply andb_prop in H as [H X].
    apply andb_prop in H as [P Fe]. split; [apply check_feasible_sound; auto|].
    apply (v_pos HK) in P. intros theta' F M [D0 D]. apply norm_lt.
    set (x := displacement K v net sc theta theta').
    assert (Ex : forall k, (k < parameters net)%nat -> x k = theta' k - point_of v theta k).
    { intros k Lk. unfold x, displacement. destruct (free net sc k) eqn:Fk; auto.
      apply orb_false_elim in Fk as [Fk _]. rewrite M; auto; [lra|].
      intros I. apply in_scope_b_iff in I. congruence. }
    set (delta := dist net (point_of v theta) theta') in *.
    assert (G : 0 < at_point x (growth K net sc theta theta)).
    { eapply (explore_sound K v HK) with (x := x) (net := net); try reflexivity; [| |exact X].
      - intros p b. apply decided_sound; auto. intros r' E. injection E as <-. split; [lra|].
        apply displacement_small. exact D.
      - intros ms cs w Cs E Lf. cbv beta in Lf.
        eapply (strict_leaf_sound (parameters net) r x delta); [lra | | | | | |exact Lf].
        + intros k Lk. unfold x. apply displacement_small; auto. apply Rle_refl.
        + unfold delta, dist. rewrite norm_sqr. unfold norm2. apply sum_ext. intros k Lk.
          rewrite <- (Ex k Lk). destruct (free net sc k) eqn:Fk; auto.
          unfold x, displacement. rewrite Fk. lra.
        + exact D0.
        + eapply leaf_margins; [|exact F|exact E]. intros k. apply moving_parameters_v; auto.
        + eapply Forall_impl; [|exact Cs]. intros c [A _]. exact A. }
    unfold x in G. rewrite (growth_v K v HK) in G; auto. lra.
  Qed.
  Corollary check_strict_optimum : forall net data sc theta r tie used t,
    check_strict net data sc theta r tie used t = true ->
    strict_local_optimum net (samples_of v data) sc (point_of v theta).
  Proof.
    intros net data sc theta r tie used t H. exists (v r). split.
    - apply andb_prop in H as [H _]. apply andb_prop in H as [H _]. apply (v_pos HK), H.
    - eapply check_strict_sound; eauto.
  Qed.
End Strict.

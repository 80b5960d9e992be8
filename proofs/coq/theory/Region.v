(** Coordinates for [Explore]: displacements from an origin, of the parameters that may
    move; signs that are decided in a whole region (everywhere, or a ball). *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common Near Explore.
Import ListNotations.
Open Scope R_scope.

Section Region.
  Variables (K : ops) (v : K -> R).
  Hypothesis HK : reading K v.
  Notation at_point := (at_point K v).

  (** Parameter k is origin_k + x_k where it moves, θ_k where it does not. *)
  Definition free net sc k : bool := in_scope_b net sc k || Nat.leb (parameters net) k.
  Definition moving_parameters net sc (theta origin : list K) (k : nat) : polynomials K :=
    if free net sc k then padd K (pconst K (coordinate origin k)) (pvar K k)
    else pconst K (coordinate theta k).
  Definition displacement net sc (origin : list K) (theta' : point) : point :=
    fun k => if free net sc k then theta' k - point_of v origin k else 0.
  Lemma moving_parameters_v : forall net sc theta origin theta',
    moves_only net sc (point_of v theta) theta' ->
    forall k, at_point (displacement net sc origin theta') (moving_parameters net sc theta origin k)
      = theta' k.
  Proof.
    intros net sc theta origin theta' M k. unfold moving_parameters, displacement.
    destruct (free net sc k) eqn:F.
    - rewrite (padd_v K v HK), (pconst_v K v HK), (pvar_v K v HK), F. unfold point_of, coordinate. lra.
    - rewrite (pconst_v K v HK). apply orb_false_elim in F as [F1 F2].
      apply Nat.leb_gt in F2. symmetry. apply M; auto. intros I.
      apply in_scope_b_iff in I. congruence.
  Qed.

  Fixpoint psum (n : nat) (f : nat -> poly K) : poly K :=
    match n with O => [] | S n' => padd K (psum n' f) (f n') end.
  Lemma psum_v : forall x n f, at_point x (psum n f) = sum n (fun k => at_point x (f k)).
  Proof. induction n; simpl; intros; auto. rewrite (padd_v K v HK), IHn. reflexivity. Qed.
  Definition minus (p q : poly K) : poly K := padd K p (pneg K q).
  Lemma minus_v : forall x p q, at_point x (minus p q) = at_point x p - at_point x q.
  Proof. intros. unfold minus. rewrite (padd_v K v HK), (pneg_v K v HK). lra. Qed.

  (** ‖θ'‖² − ‖θ‖² as a polynomial in the displacement. *)
  Definition growth net sc (theta origin : list K) : poly K :=
    minus (psum (parameters net) (fun k => let p := moving_parameters net sc theta origin k in
      pmul K p p)) (pconst K (knorm2 (parameters net) theta)).
  Lemma growth_v : forall net sc theta origin theta',
    moves_only net sc (point_of v theta) theta' ->
    at_point (displacement net sc origin theta') (growth net sc theta origin)
      = norm2 net theta' - norm2 net (point_of v theta).
  Proof.
    intros. unfold growth. rewrite minus_v, psum_v, (pconst_v K v HK), (knorm2_v K v HK).
    f_equal. apply sum_ext. intros k _. cbv zeta.
    rewrite (pmul_v K v HK), (moving_parameters_v _ _ _ _ _ H). reflexivity.
  Qed.

  (** * Parts of a polynomial by degree, and bounds in a ball *)
  Definition exactly (e : nat) (p : poly K) : poly K :=
    filter (fun mc => Nat.eqb (length (fst mc)) e) p.
  Definition from (e : nat) (p : poly K) : poly K :=
    filter (fun mc => Nat.leb e (length (fst mc))) p.
  Lemma from_split : forall x e p,
    at_point x (from e p) = at_point x (exactly e p) + at_point x (from (S e) p).
  Proof.
    unfold from, exactly. induction p as [|[m c] p IH]; [simpl; lra|].
    cbn [filter fst]. destruct (Nat.eqb_spec (length m) e) as [E|E];
      destruct (Nat.leb_spec e (length m)); destruct (Nat.leb_spec (S e) (length m)); try lia;
      cbn [Algebra.at_point]; lra.
  Qed.
  Lemma from_0 : forall x p, at_point x (from 0 p) = at_point x p.
  Proof. unfold from. induction p as [|[m c] p IH]; simpl; auto. simpl in IH. lra. Qed.

  Fixpoint power (r : K) (n : nat) : K :=
    match n with O => one K | S n' => mul K r (power r n') end.
  (** Σ |coef| r^(deg − e) over degrees >= e. *)
  Definition tail (r : K) (e : nat) (p : poly K) : K :=
    fold_right (fun mc s => add K (mul K (abs K (snd mc)) (power r (length (fst mc) - e))) s)
      (zero K) (from e p).
  Definition bounded n (p : poly K) : bool :=
    variables_below K n p && forallb (fun mc => signed K (snd mc)) p.
  Lemma power_v : forall r n, v (power r n) = v r ^ n.
  Proof. induction n; simpl; [apply (v_one K v HK)|]. rewrite (v_mul HK), IHn. reflexivity. Qed.
  Lemma monomial_bound : forall n x delta m, 0 <= delta ->
    (forall k, (k < n)%nat -> Rabs (x k) <= delta) ->
    forallb (fun k => Nat.ltb k n) m = true -> Rabs (at_monomial x m) <= delta ^ length m.
  Proof.
    induction m as [|k m IH]; simpl; intros D B H.
    - rewrite Rabs_R1. lra.
    - apply andb_prop in H as [H1 H2]. apply Nat.ltb_lt in H1. rewrite Rabs_mult.
      apply Rmult_le_compat; auto using Rabs_pos.
  Qed.
  Lemma tail_sound : forall n x delta r e p, 0 <= delta <= v r ->
    (forall k, (k < n)%nat -> Rabs (x k) <= delta) -> bounded n p = true ->
    Rabs (at_point x (from e p)) <= v (tail r e p) * delta ^ e.
  Proof.
    intros n x delta r e p D B H. unfold tail, from. apply andb_prop in H as [V S].
    unfold variables_below in V.
    induction p as [|[m c] p IH].
    - simpl. rewrite Rabs_R0, (v_zero HK). lra.
    - cbn [filter fst]. simpl in V, S. apply andb_prop in V as [V1 V2].
      apply andb_prop in S as [S1 S2]. specialize (IH V2 S2).
      destruct (Nat.leb_spec e (length m)) as [L|L]; auto.
      cbn [Algebra.at_point fold_right fst snd].
      rewrite (v_add HK), (v_mul HK), power_v.
      eapply Rle_trans; [apply Rabs_triang|]. rewrite Rmult_plus_distr_r, Rabs_mult.
      apply Rplus_le_compat; auto. apply (abs_sound K v HK) in S1.
      pose proof (monomial_bound n x delta m (proj1 D) B V1) as M.
      rewrite Rmult_assoc. apply Rmult_le_compat; auto using Rabs_pos.
      eapply Rle_trans; [exact M|].
      replace (length m) with ((length m - e) + e)%nat at 1 by lia. rewrite pow_add.
      apply Rmult_le_compat_r; [apply pow_le; lra|]. apply pow_incr; lra.
  Qed.

  (** The sign of a pre-activation in the region: [None] is everywhere, [Some r] the ball. *)
  Definition decided (n : nat) (ball : option K) (p : poly K) : option bool :=
    let c := fold_right (fun mc s => add K (snd mc) s) (zero K) (exactly 0 p) in
    if pzero K (from 1 p) then
      if pos K c then Some true else if nonneg K (neg K c) then Some false else None
    else match ball with
      | None => None
      | Some r => if bounded n p && pos K (sub K (abs K c) (mul K r (tail r 1 p)))
                  then Some (pos K c) else None
      end.
  Lemma constant_part : forall x p,
    at_point x (exactly 0 p) = v (fold_right (fun mc s => add K (snd mc) s) (zero K) (exactly 0 p)).
  Proof.
    unfold exactly. induction p as [|[[|k m] c] p IH]; simpl; rewrite ?(v_zero HK); auto.
    rewrite (v_add HK), IH. simpl. lra.
  Qed.
  Lemma decided_sound : forall n ball x p b,
    (forall r, ball = Some r -> 0 <= v r /\ forall k, (k < n)%nat -> Rabs (x k) <= v r) ->
    decided n ball p = Some b -> if b then 0 < at_point x p else at_point x p <= 0.
  Proof.
    intros n ball x p b B H. unfold decided in H. rewrite <- from_0, from_split, constant_part.
    set (c := fold_right _ _ _) in *. cbv zeta in H.
    destruct (pzero K (from 1 p)) eqn:Z.
    - rewrite (pzero_sound K v HK _ x Z). destruct (pos K c) eqn:P.
      + injection H as <-. apply (v_pos HK) in P. lra.
      + destruct (nonneg K (neg K c)) eqn:N; try discriminate. injection H as <-.
        apply (nonneg_sound K v HK) in N. rewrite (v_neg K v HK) in N. lra.
    - destruct ball as [r|]; try discriminate. destruct (B r eq_refl) as [R0 Bx].
      destruct (bounded n p) eqn:Bd; try discriminate.
      destruct (pos K (sub K (abs K c) (mul K r (tail r 1 p)))) eqn:P; try discriminate.
      injection H as <-. apply (v_pos HK) in P. rewrite (v_sub K v HK), (v_mul HK) in P.
      pose proof (tail_sound n x (v r) r 1 p (conj R0 (Rle_refl _)) Bx Bd) as T. simpl in T.
      pose proof (Rle_abs (at_point x (from 1 p))) as A1.
      pose proof (Rle_abs (- at_point x (from 1 p))) as A2. rewrite Rabs_Ropp in A2.
      unfold abs in P. destruct (pos K c) eqn:Pc; [lra|]. rewrite (v_neg K v HK) in P. lra.
  Qed.
  Lemma displacement_small : forall net sc theta theta' r,
    dist net (point_of v theta) theta' <= r ->
    forall k, (k < parameters net)%nat -> Rabs (displacement net sc theta theta' k) <= r.
  Proof.
    intros net sc theta theta' r D k L. unfold displacement.
    pose proof (norm_coordinate net (fun k => theta' k - point_of v theta k) k L) as N.
    cbv beta in N. unfold dist in D. destruct (free net sc k); [lra|].
    rewrite Rabs_R0. pose proof (Rabs_pos (theta' k - point_of v theta k)). lra.
  Qed.
  Lemma mask_in : forall (used : list bool) (data : list (exact_sample K)) d,
    In d (map snd (filter fst (combine used data))) -> In d data.
  Proof.
    intros used data d H. apply in_map_iff in H as [[b d'] [E H]]. simpl in E. subst.
    apply filter_In in H as [H _]. eapply in_combine_r; eauto.
  Qed.
End Region.

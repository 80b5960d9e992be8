(** Polynomials over an exact field: in one variable t (curves) and in all
    parameters; what a network computes over them, and signs on (0,T]. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact.
Import ListNotations.
Open Scope R_scope.

(** What a forward pass needs: constants, sums, products. *)
Record algebra (K : ops) := { acar :> Type; inj : K -> acar;
  aadd : acar -> acar -> acar; amul : acar -> acar -> acar }.
Arguments inj {K} _ _. Arguments aadd {K} _ _ _. Arguments amul {K} _ _ _.
Record evaluation {K : ops} (v : K -> R) (A : algebra K) (e : A -> R) : Prop := {
  e_inj : forall c, e (inj A c) = v c;
  e_add : forall x y, e (aadd A x y) = e x + e y;
  e_mul : forall x y, e (amul A x y) = e x * e y }.
Arguments e_inj {K v A e}. Arguments e_add {K v A e}. Arguments e_mul {K v A e}.

Section Signs.
  Variables (K : ops) (v : K -> R).
  Hypothesis HK : reading K v.

  Definition neg (c : K) : K := mul K (of_Q K (-1)) c.
  Definition sub (c d : K) : K := add K c (neg d).
  Definition one : K := of_Q K 1.
  Definition half : K := of_Q K (1 # 2).
  Definition equal (c d : K) : bool := isz K (sub c d).
  Definition nonneg (c : K) : bool := pos K c || isz K c.
  Definition abs (c : K) : K := if pos K c then c else neg c.
  Definition signed (c : K) : bool := pos K c || (pos K (neg c) || isz K c).

  Lemma v_neg : forall c, v (neg c) = - v c.
  Proof.
    intros. unfold neg. rewrite (v_mul HK), (v_of_Q HK). change (-1)%Q with (- (1))%Q.
    rewrite Q2R_opp, Q2R_1. lra.
  Qed.
  Lemma v_sub : forall c d, v (sub c d) = v c - v d.
  Proof. intros. unfold sub. rewrite (v_add HK), v_neg. lra. Qed.
  Lemma v_one : v one = 1.
  Proof. unfold one. rewrite (v_of_Q HK). apply Q2R_1. Qed.
  Lemma v_half : v half = / 2.
  Proof. unfold half. rewrite (v_of_Q HK). unfold Q2R. simpl. lra. Qed.
  Lemma equal_sound : forall c d, equal c d = true -> v c = v d.
  Proof. intros c d H. apply (v_isz HK) in H. rewrite v_sub in H. lra. Qed.
  Lemma nonneg_sound : forall c, nonneg c = true -> 0 <= v c.
  Proof.
    intros c H. apply orb_prop in H as [H|H].
    - apply (v_pos HK) in H. lra.
    - apply (v_isz HK) in H. lra.
  Qed.
  Lemma abs_sound : forall c, signed c = true -> Rabs (v c) <= v (abs c).
  Proof.
    intros c H. unfold signed in H. unfold abs. destruct (pos K c) eqn:P.
    - apply (v_pos HK) in P. rewrite Rabs_right; lra.
    - rewrite v_neg. simpl in H. apply orb_prop in H as [H|H].
      + apply (v_pos HK) in H. rewrite v_neg in H. rewrite Rabs_left; lra.
      + apply (v_isz HK) in H. rewrite H, Rabs_R0. lra.
  Qed.

  Definition self : algebra K := {| acar := K; inj c := c; aadd := add K; amul := mul K |}.
  Lemma self_evaluation : evaluation v self v.
  Proof. split; simpl; intros; [reflexivity | apply (v_add HK) | apply (v_mul HK)]. Qed.

  (** * K[t] *)
  Fixpoint tadd (p q : list K) : list K :=
    match p, q with
    | [], _ => q | _, [] => p
    | c :: p', d :: q' => add K c d :: tadd p' q'
    end.
  Definition tscale (c : K) (p : list K) : list K := map (mul K c) p.
  Fixpoint tmul (p q : list K) : list K :=
    match p with [] => [] | c :: p' => tadd (tscale c q) (zero K :: tmul p' q) end.
  Definition curves : algebra K :=
    {| acar := list K; inj c := [c]; aadd := tadd; amul := tmul |}.
  Fixpoint at_t (t : R) (p : list K) : R :=
    match p with [] => 0 | c :: p' => v c + t * at_t t p' end.

  Lemma tadd_v : forall t p q, at_t t (tadd p q) = at_t t p + at_t t q.
  Proof.
    induction p; destruct q; simpl; try lra. rewrite (v_add HK), IHp. lra.
  Qed.
  Lemma tscale_v : forall t c p, at_t t (tscale c p) = v c * at_t t p.
  Proof.
    unfold tscale. induction p; simpl; try lra. rewrite (v_mul HK), IHp. lra.
  Qed.
  Lemma tmul_v : forall t p q, at_t t (tmul p q) = at_t t p * at_t t q.
  Proof.
    induction p; simpl; intros; try lra.
    rewrite tadd_v, tscale_v. simpl. rewrite (v_zero HK), IHp. lra.
  Qed.
  Lemma curves_evaluation : forall t, evaluation v curves (at_t t).
  Proof. split; simpl; intros; [lra | apply tadd_v | apply tmul_v]. Qed.

  (** Identically zero; positive on (0,T] by the bound |q_0| > Σ |q_j| T^j after a
      power of t has been taken out. *)
  Definition tzero (p : list K) : bool := forallb (isz K) p.
  Fixpoint tail_bound (T : K) (p : list K) : K :=
    match p with [] => zero K | c :: p' => mul K T (add K (abs c) (tail_bound T p')) end.
  Fixpoint tpos (T : K) (p : list K) : bool :=
    match p with
    | [] => false
    | c :: p' => if isz K c then tpos T p'
                 else forallb signed p' && pos K (sub c (tail_bound T p'))
    end.
  Definition tneg (p : list K) : list K := tscale (of_Q K (-1)) p.
  Definition tnonneg T p : bool := tzero p || tpos T p.

  Lemma tneg_v : forall t p, at_t t (tneg p) = - at_t t p.
  Proof.
    intros. unfold tneg. rewrite tscale_v, (v_of_Q HK). change (-1)%Q with (- (1))%Q.
    rewrite Q2R_opp, Q2R_1. lra.
  Qed.
  Lemma tzero_sound : forall p t, tzero p = true -> at_t t p = 0.
  Proof.
    induction p; simpl; intros t H; auto. apply andb_prop in H as [H1 H2].
    rewrite (v_isz HK _ H1), (IHp t H2). lra.
  Qed.
  Lemma tail_bound_sound : forall T p t, 0 <= t <= v T -> forallb signed p = true ->
    Rabs (t * at_t t p) <= v (tail_bound T p).
  Proof.
    induction p; simpl; intros t Ht H.
    - rewrite Rmult_0_r, Rabs_R0, (v_zero HK). lra.
    - apply andb_prop in H as [H1 H2]. specialize (IHp t Ht H2). apply abs_sound in H1.
      rewrite (v_mul HK), (v_add HK), Rabs_mult, (Rabs_right t) by lra.
      pose proof (Rabs_triang (v a) (t * at_t t p)). pose proof (Rabs_pos (v a + t * at_t t p)).
      apply Rmult_le_compat; lra.
  Qed.
  Lemma tpos_sound : forall T p t, tpos T p = true -> 0 < t <= v T -> 0 < at_t t p.
  Proof.
    induction p; simpl; intros t H Ht; try discriminate. destruct (isz K a) eqn:Z.
    - rewrite (v_isz HK _ Z). specialize (IHp t H Ht). nra.
    - apply andb_prop in H as [H1 H2]. apply (v_pos HK) in H2. rewrite v_sub in H2.
      pose proof (tail_bound_sound T p t ltac:(lra) H1) as B.
      pose proof (Rle_abs (- (t * at_t t p))) as A. rewrite Rabs_Ropp in A. lra.
  Qed.
  Lemma tnonneg_sound : forall T p t, tnonneg T p = true -> 0 < t <= v T -> 0 <= at_t t p.
  Proof.
    intros T p t H Ht. apply orb_prop in H as [H|H].
    - rewrite (tzero_sound p t H). lra.
    - pose proof (tpos_sound T p t H Ht). lra.
  Qed.
  Lemma at_t_continuous : forall p t0, continuity_pt (fun t => at_t t p) t0.
  Proof.
    induction p; simpl; intros t0.
    - apply continuity_pt_const. intros x y. reflexivity.
    - apply (continuity_pt_plus (fun _ => v a) (fun t => t * at_t t p)).
      + apply continuity_pt_const. intros x y. reflexivity.
      + apply (continuity_pt_mult (fun t => t) (fun t => at_t t p)); auto.
        apply derivable_continuous_pt, derivable_pt_id.
  Qed.
  (** The derivative at 0 is the coefficient of t. *)
  Definition coefficient1 (p : list K) : K := nth 1 p (zero K).
  Lemma at_t_derivative : forall p,
    derivable_pt_lim (fun t => at_t t p) 0 (v (coefficient1 p)).
  Proof.
    intros [|c p]; unfold coefficient1; simpl.
    - rewrite (v_zero HK). apply derivable_pt_lim_const.
    - assert (E : v (nth 0 p (zero K)) = at_t 0 p)
        by (destruct p; simpl; rewrite ?(v_zero HK); lra).
      intros eps Heps. destruct (at_t_continuous p 0 eps Heps) as [d [D C]].
      exists (mkposreal d D). intros h H0 Hd. simpl in Hd.
      replace ((v c + (0 + h) * at_t (0 + h) p - (v c + 0 * at_t 0 p)) / h - v (nth 0 p (zero K)))
        with (at_t h p - at_t 0 p) by (rewrite E, Rplus_0_l; field; auto).
      apply (C h). split.
      + split; [exact I | auto].
      + simpl. unfold R_dist. rewrite Rminus_0_r. exact Hd.
  Qed.

  (** * K[θ]: sums of coefficient times a product of parameters *)
  Definition monomial := list nat.
  Fixpoint insert (k : nat) (m : monomial) : monomial :=
    match m with [] => [k] | j :: m' => if Nat.leb k j then k :: m else j :: insert k m' end.
  Definition times (m m' : monomial) : monomial := fold_right insert m' m.
  Fixpoint same (m m' : monomial) : bool :=
    match m, m' with
    | [], [] => true
    | k :: m1, j :: m2 => Nat.eqb k j && same m1 m2
    | _, _ => false
    end.
  Definition poly := list (monomial * K).
  Fixpoint collect (m : monomial) (c : K) (p : poly) : poly :=
    match p with
    | [] => [(m, c)]
    | (m', c') :: p' => if same m m' then (m', add K c c') :: p' else (m', c') :: collect m c p'
    end.
  Definition padd (p q : poly) : poly := fold_right (fun mc r => collect (fst mc) (snd mc) r) q p.
  Definition pmul (p q : poly) : poly :=
    fold_right (fun mc r =>
      fold_right (fun nd r' => collect (times (fst mc) (fst nd)) (mul K (snd mc) (snd nd)) r') r q)
      [] p.
  Definition pconst (c : K) : poly := if isz K c then [] else [([], c)].
  Definition pvar (k : nat) : poly := [([k], one)].
  Definition polynomials : algebra K :=
    {| acar := poly; inj := pconst; aadd := padd; amul := pmul |}.
  Definition at_monomial (theta : point) (m : monomial) : R :=
    fold_right (fun k r => theta k * r) 1 m.
  Fixpoint at_point (theta : point) (p : poly) : R :=
    match p with [] => 0 | (m, c) :: p' => v c * at_monomial theta m + at_point theta p' end.
  Definition pzero (p : poly) : bool := forallb (fun mc => isz K (snd mc)) p.

  Lemma insert_v : forall th k m, at_monomial th (insert k m) = th k * at_monomial th m.
  Proof.
    induction m; simpl; try lra. destruct (Nat.leb k a); simpl; try lra.
    unfold at_monomial in *. simpl. rewrite IHm. lra.
  Qed.
  Lemma times_v : forall th m m',
    at_monomial th (times m m') = at_monomial th m * at_monomial th m'.
  Proof.
    induction m; simpl; intros; try lra. rewrite insert_v.
    change (fold_right insert m' m) with (times m m'). rewrite IHm. lra.
  Qed.
  Lemma same_eq : forall m m', same m m' = true -> m = m'.
  Proof.
    induction m; destruct m'; simpl; intros H; try discriminate; auto.
    apply andb_prop in H as [H1 H2]. apply Nat.eqb_eq in H1. f_equal; auto.
  Qed.
  Lemma collect_v : forall th m c p,
    at_point th (collect m c p) = v c * at_monomial th m + at_point th p.
  Proof.
    induction p as [|[m' c'] p IH]; simpl; try lra. destruct (same m m') eqn:S; simpl.
    - apply same_eq in S. subst. rewrite (v_add HK). lra.
    - rewrite IH. lra.
  Qed.
  Lemma padd_v : forall th p q, at_point th (padd p q) = at_point th p + at_point th q.
  Proof.
    induction p as [|[m c] p IH]; simpl; intros; try lra. rewrite collect_v.
    change (fold_right (fun mc r => collect (fst mc) (snd mc) r) q p) with (padd p q).
    rewrite IH. lra.
  Qed.
  Lemma pmul_v : forall th p q, at_point th (pmul p q) = at_point th p * at_point th q.
  Proof.
    unfold pmul. induction p as [|[m c] p IH]; simpl; intros; try lra.
    assert (H : forall r, at_point th (fold_right (fun nd r' =>
      collect (times m (fst nd)) (mul K c (snd nd)) r') r q)
      = v c * at_monomial th m * at_point th q + at_point th r).
    { intros r. induction q as [|[n d] q IHq]; simpl; try lra.
      rewrite collect_v, times_v, (v_mul HK), IHq. lra. }
    rewrite H, IH. lra.
  Qed.
  Lemma pconst_v : forall th c, at_point th (pconst c) = v c.
  Proof.
    intros. unfold pconst. destruct (isz K c) eqn:Z; simpl; try lra.
    rewrite (v_isz HK _ Z). reflexivity.
  Qed.
  Lemma pvar_v : forall th k, at_point th (pvar k) = th k.
  Proof. intros. unfold pvar. simpl. rewrite v_one. lra. Qed.
  Lemma polynomials_evaluation : forall th, evaluation v polynomials (at_point th).
  Proof. split; simpl; intros; [apply pconst_v | apply padd_v | apply pmul_v]. Qed.
  Lemma pzero_sound : forall p th, pzero p = true -> at_point th p = 0.
  Proof.
    induction p as [|[m c] p IH]; simpl; intros th H; auto. apply andb_prop in H as [H1 H2].
    rewrite (v_isz HK _ H1), (IH th H2). lra.
  Qed.
End Signs.

(** Exact ordered fields: computable numbers with a sound reading as real numbers.
    Only soundness is needed: an operation that fails to recognise a sign makes a
    checker refuse, never accept.  Two instances: ℚ, and ℚ(a) for a real root a of a
    polynomial that is isolated by a rational interval. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra.
Import ListNotations.
Open Scope R_scope.
Arguments Qred : simpl never.
Arguments Qplus : simpl never.
Arguments Qmult : simpl never.
Arguments Qopp : simpl never.
Arguments Qle_bool : simpl never.

Record ops := { car :> Type; zero : car; add : car -> car -> car; mul : car -> car -> car;
  of_Q : Q -> car; pos : car -> bool; isz : car -> bool }.
Record reading (K : ops) (v : K -> R) : Prop := {
  v_zero : v (zero K) = 0;
  v_add : forall x y, v (add K x y) = v x + v y;
  v_mul : forall x y, v (mul K x y) = v x * v y;
  v_of_Q : forall q, v (of_Q K q) = Q2R q;
  v_pos : forall x, pos K x = true -> 0 < v x;
  v_isz : forall x, isz K x = true -> v x = 0 }.
Arguments v_zero {K v}. Arguments v_add {K v}. Arguments v_mul {K v}.
Arguments v_of_Q {K v}. Arguments v_pos {K v}. Arguments v_isz {K v}.

(** * ℚ *)
Definition Qpos (q : Q) : bool := match Qnum q with Zpos _ => true | _ => false end.
Definition Qisz (q : Q) : bool := match Qnum q with Z0 => true | _ => false end.
Definition rationals : ops := {| car := Q; zero := 0%Q;
  add x y := Qred (x + y); mul x y := Qred (x * y);
  of_Q q := q; pos := Qpos; isz := Qisz |}.

Lemma Q2R_red : forall q, Q2R (Qred q) = Q2R q.
Proof. intros; apply Qeq_eqR, Qred_correct. Qed.
Lemma Q2R_0 : Q2R 0 = 0. Proof. unfold Q2R; simpl; lra. Qed.
Lemma Q2R_1 : Q2R 1 = 1. Proof. unfold Q2R; simpl; lra. Qed.
Lemma Qpos_sound : forall q, Qpos q = true -> 0 < Q2R q.
Proof.
  intros q H. rewrite <- Q2R_0. apply Qlt_Rlt. unfold Qlt; simpl.
  unfold Qpos in H. destruct (Qnum q); try discriminate. lia.
Qed.
Lemma Qisz_sound : forall q, Qisz q = true -> Q2R q = 0.
Proof.
  intros q H. rewrite <- Q2R_0. apply Qeq_eqR. unfold Qeq; simpl.
  unfold Qisz in H. destruct (Qnum q); try discriminate. reflexivity.
Qed.
Lemma rationals_reading : reading rationals Q2R.
Proof.
  split; simpl; intros; rewrite ?Q2R_red.
  - apply Q2R_0.
  - apply Q2R_plus.
  - apply Q2R_mult.
  - reflexivity.
  - now apply Qpos_sound.
  - now apply Qisz_sound.
Qed.

(** * ℚ(a): coefficient lists in a, lowest first *)
Fixpoint qvalue (a : R) (p : list Q) : R :=
  match p with [] => 0 | c :: p' => Q2R c + a * qvalue a p' end.

(** a is a root of p in [lo, hi]. *)
Definition root_of (p : list Q) (lo hi : Q) (a : R) : Prop :=
  Q2R lo <= a <= Q2R hi /\ qvalue a p = 0.

Section NumberField.
  (** a^d = red(a), d = degree; 0 <= lo <= a <= hi. *)
  Variables (degree : nat) (red : list Q) (lo hi : Q).

  Fixpoint padd (p q : list Q) : list Q :=
    match p, q with
    | [], _ => q | _, [] => p
    | c :: p', e :: q' => Qred (c + e) :: padd p' q'
    end.
  Definition pscale (c : Q) (p : list Q) : list Q := map (fun e => Qred (c * e)) p.
  Definition times_a (p : list Q) : list Q :=
    if Nat.eqb (length p) degree
    then padd (0%Q :: removelast p) (pscale (last p 0%Q) red) else 0%Q :: p.
  Fixpoint pmul (p q : list Q) : list Q :=
    match p with [] => [] | c :: p' => padd (pscale c q) (times_a (pmul p' q)) end.
  Fixpoint enclose (p : list Q) : Q * Q :=
    match p with
    | [] => (0%Q, 0%Q)
    | c :: p' => let (l, h) := enclose p' in
      (Qred (c + l * (if Qle_bool 0 l then lo else hi)),
       Qred (c + h * (if Qle_bool 0 h then hi else lo)))%Q
    end.
  Definition number_field : ops := {| car := list Q; zero := []; add := padd; mul := pmul;
    of_Q q := [q]; pos p := Qpos (fst (enclose p)); isz p := forallb Qisz p |}.

  Variable a : R.
  Hypothesis lo_nonneg : 0 <= Q2R lo.
  Hypothesis a_between : Q2R lo <= a <= Q2R hi.
  Hypothesis a_power : a ^ degree = qvalue a red.

  Lemma padd_v : forall p q, qvalue a (padd p q) = qvalue a p + qvalue a q.
  Proof.
    induction p; destruct q; simpl; try lra.
    rewrite Q2R_red, Q2R_plus, IHp. lra.
  Qed.
  Lemma pscale_v : forall c p, qvalue a (pscale c p) = Q2R c * qvalue a p.
  Proof.
    induction p; simpl; try lra. rewrite Q2R_red, Q2R_mult. rewrite IHp. lra.
  Qed.
  Lemma app_v : forall p q, qvalue a (p ++ q) = qvalue a p + a ^ length p * qvalue a q.
  Proof. induction p; simpl; intros; try lra. rewrite IHp. lra. Qed.
  Lemma times_a_v : forall p, qvalue a (times_a p) = a * qvalue a p.
  Proof.
    intros p. unfold times_a. destruct (Nat.eqb_spec (length p) degree) as [E|E].
    - rewrite padd_v, pscale_v, <- a_power.
      destruct p as [|c p]; [simpl; rewrite Q2R_0; lra|].
      pose proof (app_removelast_last 0%Q (l := c :: p) ltac:(discriminate)) as P.
      set (p' := removelast (c :: p)) in *. set (e := last (c :: p) 0%Q) in *.
      rewrite P in E |- *. rewrite app_length in E. simpl in E. rewrite Nat.add_1_r in E.
      rewrite app_v, <- E. simpl. rewrite Q2R_0. ring.
    - simpl. rewrite Q2R_0. lra.
  Qed.
  Lemma pmul_v : forall p q, qvalue a (pmul p q) = qvalue a p * qvalue a q.
  Proof.
    induction p; simpl; intros; try lra. rewrite padd_v, pscale_v, times_a_v, IHp. lra.
  Qed.
  Lemma Qle_bool_cases : forall q, if Qle_bool 0 q then 0 <= Q2R q else Q2R q <= 0.
  Proof.
    intros q. destruct (Qle_bool 0 q) eqn:E; rewrite <- Q2R_0; apply Qle_Rle.
    - now apply Qle_bool_imp_le.
    - apply Qlt_le_weak, Qnot_le_lt. intros H. apply Qle_bool_iff in H. congruence.
  Qed.
  Lemma enclose_v : forall p,
    Q2R (fst (enclose p)) <= qvalue a p <= Q2R (snd (enclose p)).
  Proof.
    induction p as [|c p IH]; simpl.
    - rewrite Q2R_0. lra.
    - destruct (enclose p) as [l h]. simpl in IH |- *.
      pose proof (Qle_bool_cases l) as Hl. pose proof (Qle_bool_cases h) as Hh.
      rewrite !Q2R_red, !Q2R_plus, !Q2R_mult.
      split; [destruct (Qle_bool 0 l) | destruct (Qle_bool 0 h)]; nra.
  Qed.
  Lemma isz_v : forall p, forallb Qisz p = true -> qvalue a p = 0.
  Proof.
    induction p; simpl; intros H; try lra. apply andb_prop in H as [H1 H2].
    rewrite (Qisz_sound _ H1), (IHp H2). lra.
  Qed.
  Lemma number_field_reading : reading number_field (qvalue a).
  Proof.
    split; simpl; intros.
    - reflexivity.
    - apply padd_v.
    - apply pmul_v.
    - lra.
    - apply Qpos_sound in H. pose proof (enclose_v x). lra.
    - now apply isz_v.
  Qed.
End NumberField.

(** The monic polynomial a^d - red(a), and the number fields that instances use. *)
Definition monic (red : list Q) : list Q := map (fun c => Qred (- c)) red ++ [1%Q].
Lemma monic_root : forall red a, qvalue a (monic red) = 0 -> a ^ length red = qvalue a red.
Proof.
  intros red a. unfold monic.
  assert (forall p x, qvalue x (map (fun c => Qred (- c)) p) = - qvalue x p) as N.
  { induction p; simpl; intros; try lra. rewrite Q2R_red, Q2R_opp, IHp. lra. }
  assert (forall p q, qvalue a (p ++ q) = qvalue a p + a ^ length p * qvalue a q) as A.
  { induction p; simpl; intros; try lra. rewrite IHp. lra. }
  rewrite A, N, map_length. simpl. rewrite Q2R_1. lra.
Qed.
Definition field_of (red : list Q) (lo hi : Q) : ops := number_field (length red) red lo hi.
Theorem field_of_reading : forall red lo hi a, Qle_bool 0 lo = true ->
  root_of (monic red) lo hi a -> reading (field_of red lo hi) (qvalue a).
Proof.
  intros red lo hi a L [B R]. apply number_field_reading; auto.
  - rewrite <- Q2R_0. apply Qle_Rle. now apply Qle_bool_imp_le.
  - now apply monic_root.
Qed.

(** Such a root exists when the polynomial changes sign on the interval. *)
Fixpoint qeval (x : Q) (p : list Q) : Q :=
  match p with [] => 0%Q | c :: p' => Qred (c + x * qeval x p') end.
Definition has_root (p : list Q) (lo hi : Q) : bool :=
  Qle_bool lo hi && Qle_bool (qeval lo p * qeval hi p) 0.
Lemma qeval_v : forall p x, Q2R (qeval x p) = qvalue (Q2R x) p.
Proof.
  induction p; simpl; intros; [apply Q2R_0|].
  rewrite Q2R_red, Q2R_plus, Q2R_mult, IHp. lra.
Qed.
Lemma qvalue_continuous : forall p, continuity (fun a => qvalue a p).
Proof.
  induction p; simpl.
  - apply continuity_const. intros x y. reflexivity.
  - apply continuity_plus; [apply continuity_const; intros ? ?; reflexivity|].
    apply continuity_mult; [apply derivable_continuous, derivable_id | exact IHp].
Qed.
Theorem root_exists : forall p lo hi, has_root p lo hi = true -> exists a, root_of p lo hi a.
Proof.
  intros p lo hi H. apply andb_prop in H as [H1 H2].
  apply Qle_bool_imp_le, Qle_Rle in H1. apply Qle_bool_imp_le, Qle_Rle in H2.
  rewrite Q2R_mult, !qeval_v, Q2R_0 in H2.
  destruct (IVT_cor _ _ _ (qvalue_continuous p) H1 H2) as [a [A B]].
  exists a. split; assumption.
Qed.

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

(** * ℚ(a): integer coefficients in a, lowest first, over a common denominator *)
Fixpoint qvalue (a : R) (p : list Q) : R :=
  match p with [] => 0 | c :: p' => Q2R c + a * qvalue a p' end.
Fixpoint zvalue (a : R) (p : list Z) : R :=
  match p with [] => 0 | c :: p' => IZR c + a * zvalue a p' end.

Record element := over { numerators : list Z; denominator : positive }.
Arguments over numerators denominator%positive_scope.
Definition value_at (a : R) (x : element) : R := zvalue a (numerators x) / IZR (Zpos (denominator x)).

(** a is a root of p in [lo, hi]. *)
Definition root_of (p : list Q) (lo hi : Q) (a : R) : Prop :=
  Q2R lo <= a <= Q2R hi /\ qvalue a p = 0.

Lemma positive_IZR : forall p, 0 < IZR (Zpos p).
Proof. intros. now apply IZR_lt. Qed.

(** What divides the denominator and all numerators; looked for no further once it is 1. *)
Fixpoint content (g : Z) (p : list Z) : Z :=
  match p with [] => g | c :: p' => if (g =? 1)%Z then 1%Z else content (Z.gcd g c) p' end.
Lemma content_divides : forall p g, (content g p | g)%Z /\ Forall (fun c => (content g p | c)%Z) p.
Proof.
  induction p as [|c p IH]; simpl; intros g.
  - split; [apply Z.divide_refl | constructor].
  - destruct (g =? 1)%Z.
    + split; [apply Z.divide_1_l|]. constructor; [apply Z.divide_1_l|].
      apply Forall_forall. intros; apply Z.divide_1_l.
    + destruct (IH (Z.gcd g c)) as [G F]. split; [|constructor]; auto;
        eapply Z.divide_trans; [exact G | apply Z.gcd_divide_l | exact G | apply Z.gcd_divide_r].
Qed.
Definition reduced (x : element) : element :=
  match content (Zpos (denominator x)) (numerators x) with
  | Zpos 1 => x
  | Zpos k => over (map (fun c => c / Zpos k)%Z (numerators x)) (Z.to_pos (Zpos (denominator x) / Zpos k))
  | _ => x
  end.
Lemma quotient : forall c k, (Zpos k | c)%Z -> IZR c = IZR (Zpos k) * IZR (c / Zpos k).
Proof.
  intros c k D. rewrite <- mult_IZR. f_equal.
  apply Z.divide_div_mul_exact with (c := Zpos k) in D as E; [|discriminate].
  rewrite <- E, Z.mul_comm, Z.div_mul; [reflexivity | discriminate].
Qed.
Lemma reduced_v : forall a x, value_at a (reduced x) = value_at a x.
Proof.
  intros a [p d]. unfold reduced. simpl. destruct (content_divides p (Zpos d)) as [D F].
  remember (content (Zpos d) p) as g. destruct g as [|k|k]; auto.
  assert (value_at a (over (map (fun c => c / Zpos k)%Z p) (Z.to_pos (Zpos d / Zpos k))) =
    value_at a (over p d)) as E.
  { unfold value_at. simpl.
    assert (0 < Zpos d / Zpos k)%Z as P.
    { destruct D as [e E]. rewrite E, Z.div_mul; [|discriminate].
      destruct e; simpl in E; try discriminate. reflexivity. }
    rewrite Z2Pos.id by exact P. rewrite (quotient _ _ D).
    assert (zvalue a p = IZR (Zpos k) * zvalue a (map (fun c => c / Zpos k)%Z p)) as N.
    { clear - F. induction F as [|c p' C F IH]; simpl; [lra|]. rewrite (quotient _ _ C), IH. lra. }
    rewrite N. pose proof (positive_IZR k). apply IZR_lt in P. field. split; lra. }
  destruct k; auto.
Qed.

Section NumberField.
  (** a^d = red(a), d = degree; 0 <= lo <= a <= hi, lo = low/scale, hi = high/scale. *)
  Variables (degree : nat) (red : list Z) (low high : Z) (scale : positive).

  Fixpoint zadd (p q : list Z) : list Z :=
    match p, q with
    | [], _ => q | _, [] => p
    | c :: p', e :: q' => (c + e)%Z :: zadd p' q'
    end.
  Definition zscale (c : Z) (p : list Z) : list Z := map (Z.mul c) p.
  Definition times_a (p : list Z) : list Z :=
    if Nat.eqb (length p) degree
    then zadd (0%Z :: removelast p) (zscale (last p 0%Z) red) else 0%Z :: p.
  Fixpoint zmul (p q : list Z) : list Z :=
    match p with [] => [] | c :: p' => zadd (zscale c q) (times_a (zmul p' q)) end.
  Definition eadd (x y : element) : element :=
    let (p, d) := x in let (q, e) := y in
    reduced (if Pos.eqb d e then over (zadd p q) d
             else over (zadd (zscale (Zpos e) p) (zscale (Zpos d) q)) (d * e)).
  Definition emul (x y : element) : element :=
    reduced (over (zmul (numerators x) (numerators y)) (denominator x * denominator y)).
  (** (l, h, s) with l <= s p(a) <= h. *)
  Fixpoint enclose (p : list Z) : Z * Z * Z :=
    match p with
    | [] => (0, 0, 1)%Z
    | c :: p' => let '(l, h, s) := enclose p' in
      let cs := (c * s * Zpos scale)%Z in
      (cs + l * (if 0 <=? l then low else high), cs + h * (if 0 <=? h then high else low), s * Zpos scale)%Z
    end.
  Definition number_field : ops := {| car := element; zero := over [] 1; add := eadd; mul := emul;
    of_Q q := over [Qnum q] (Qden q);
    pos x := let '(l, _, _) := enclose (numerators x) in (0 <? l)%Z;
    isz x := forallb (Z.eqb 0) (numerators x) |}.

  Variable a : R.
  Hypothesis low_nonneg : 0 <= IZR low.
  Hypothesis a_between : IZR low <= IZR (Zpos scale) * a <= IZR high.
  Hypothesis a_power : a ^ degree = zvalue a red.

  Lemma zadd_v : forall p q, zvalue a (zadd p q) = zvalue a p + zvalue a q.
  Proof.
    induction p; destruct q; simpl; try lra. rewrite plus_IZR, IHp. lra.
  Qed.
  Lemma zscale_v : forall c p, zvalue a (zscale c p) = IZR c * zvalue a p.
  Proof.
    induction p as [|e p IH]; [simpl; lra|].
    change (zscale c (e :: p)) with ((c * e)%Z :: zscale c p).
    cbn [zvalue]. rewrite mult_IZR, IH. lra.
  Qed.
  Lemma app_v : forall p q, zvalue a (p ++ q) = zvalue a p + a ^ length p * zvalue a q.
  Proof. induction p; simpl; intros; try lra. rewrite IHp. lra. Qed.
  Lemma times_a_v : forall p, zvalue a (times_a p) = a * zvalue a p.
  Proof.
    intros p. unfold times_a. destruct (Nat.eqb_spec (length p) degree) as [E|E].
    - rewrite zadd_v, zscale_v, <- a_power.
      destruct p as [|c p]; [simpl; lra|].
      pose proof (app_removelast_last 0%Z (l := c :: p) ltac:(discriminate)) as P.
      set (p' := removelast (c :: p)) in *. set (e := last (c :: p) 0%Z) in *.
      rewrite P in E |- *. rewrite app_length in E. simpl in E. rewrite Nat.add_1_r in E.
      rewrite app_v, <- E. simpl. ring.
    - simpl. lra.
  Qed.
  Lemma zmul_v : forall p q, zvalue a (zmul p q) = zvalue a p * zvalue a q.
  Proof.
    induction p; simpl; intros; try lra. rewrite zadd_v, zscale_v, times_a_v, IHp. lra.
  Qed.
  Lemma eadd_v : forall x y, value_at a (eadd x y) = value_at a x + value_at a y.
  Proof.
    intros [p d] [q e]. unfold eadd. rewrite reduced_v.
    pose proof (positive_IZR d). pose proof (positive_IZR e).
    destruct (Pos.eqb_spec d e) as [<-|N]; unfold value_at; cbn [numerators denominator].
    - rewrite zadd_v. field. lra.
    - rewrite zadd_v, !zscale_v, Pos2Z.inj_mul, mult_IZR. field. lra.
  Qed.
  Lemma emul_v : forall x y, value_at a (emul x y) = value_at a x * value_at a y.
  Proof.
    intros [p d] [q e]. unfold emul. rewrite reduced_v. unfold value_at. cbn [numerators denominator].
    pose proof (positive_IZR d). pose proof (positive_IZR e).
    rewrite zmul_v, Pos2Z.inj_mul, mult_IZR. field. lra.
  Qed.
  Lemma enclose_v : forall p, let '(l, h, s) := enclose p in
    0 < IZR s /\ IZR l <= IZR s * zvalue a p <= IZR h.
  Proof.
    induction p as [|c p IH]; cbn [enclose zvalue]; [lra|].
    destruct (enclose p) as [[l h] s]. destruct IH as [S [Lo Hi]].
    pose proof (positive_IZR scale) as P.
    rewrite !plus_IZR, !mult_IZR.
    set (v := zvalue a p) in *. set (k := IZR (Zpos scale)) in *. set (t := IZR s) in *.
    assert (0 <= k * a) as A by lra.
    assert (t * k * (IZR c + a * v) = IZR c * t * k + (k * a) * (t * v)) as E by ring.
    rewrite E. split; [now apply Rmult_lt_0_compat|].
    split.
    - destruct (Z.leb_spec 0 l) as [N|N].
      + apply IZR_le in N. assert (IZR l * IZR low <= (k * a) * (t * v)); [|lra].
        rewrite Rmult_comm. apply Rmult_le_compat; lra.
      + apply IZR_lt in N. assert (IZR l * IZR high <= (k * a) * (t * v)); [|lra].
        assert ((k * a) * IZR l <= (k * a) * (t * v)) by (apply Rmult_le_compat_l; lra).
        assert (IZR high * (- IZR l) >= (k * a) * (- IZR l)) by (apply Rle_ge, Rmult_le_compat_r; lra). lra.
    - destruct (Z.leb_spec 0 h) as [N|N].
      + apply IZR_le in N. assert ((k * a) * (t * v) <= IZR h * IZR high); [|lra].
        assert ((k * a) * (t * v) <= (k * a) * IZR h) by (apply Rmult_le_compat_l; lra).
        assert ((k * a) * IZR h <= IZR high * IZR h) by (apply Rmult_le_compat_r; lra). lra.
      + apply IZR_lt in N. assert ((k * a) * (t * v) <= IZR h * IZR low); [|lra].
        assert ((k * a) * (t * v) <= (k * a) * IZR h) by (apply Rmult_le_compat_l; lra).
        assert (IZR low * (- IZR h) <= (k * a) * (- IZR h)) by (apply Rmult_le_compat_r; lra). lra.
  Qed.
  Lemma isz_v : forall p, forallb (Z.eqb 0) p = true -> zvalue a p = 0.
  Proof.
    induction p as [|c p IH]; cbn [forallb zvalue]; intros H; try lra. apply andb_prop in H as [H1 H2].
    apply Z.eqb_eq in H1. subst c. rewrite (IH H2). lra.
  Qed.
  Lemma number_field_reading : reading number_field (value_at a).
  Proof.
    split; intros.
    - unfold value_at. simpl. lra.
    - apply eadd_v.
    - apply emul_v.
    - unfold value_at, Q2R. simpl. lra.
    - cbn [pos number_field] in H. pose proof (enclose_v (numerators x)) as E.
      destruct (enclose (numerators x)) as [[l h] s]. apply Z.ltb_lt, IZR_lt in H.
      destruct E as [S [E _]]. apply Rdiv_lt_0_compat; [|apply positive_IZR].
      apply Rmult_lt_reg_l with (IZR s); lra.
    - cbn [isz number_field] in H. unfold value_at. rewrite (isz_v _ H). lra.
  Qed.
End NumberField.

(** The monic polynomial a^d - red(a), and the number fields that instances use. *)
Definition monic (red : list Z) : list Q := map (fun c => inject_Z (- c)) red ++ [1%Q].
Lemma monic_root : forall red a, qvalue a (monic red) = 0 -> a ^ length red = zvalue a red.
Proof.
  intros red a. unfold monic.
  assert (forall p x, qvalue x (map (fun c => inject_Z (- c)) p) = - zvalue x p) as N.
  { induction p; simpl; intros; try lra. unfold Q2R at 1. simpl. rewrite opp_IZR, IHp. lra. }
  assert (forall p q, qvalue a (p ++ q) = qvalue a p + a ^ length p * qvalue a q) as A.
  { induction p; simpl; intros; try lra. rewrite IHp. lra. }
  rewrite A, N, map_length. simpl. rewrite Q2R_1. lra.
Qed.
(** The ends of the interval have one denominator. *)
Definition field_of (red : list Z) (lo hi : Q) : ops :=
  number_field (length red) red (Qnum lo) (Qnum hi) (Qden lo).
Theorem field_of_reading : forall red lo hi a, (Qle_bool 0 lo && Pos.eqb (Qden lo) (Qden hi))%bool = true ->
  root_of (monic red) lo hi a -> reading (field_of red lo hi) (value_at a).
Proof.
  intros red lo hi a C [B R]. apply andb_prop in C as [L S]. apply Pos.eqb_eq in S.
  apply number_field_reading.
  - apply IZR_le. apply Qle_bool_iff in L. unfold Qle in L. simpl in L. lia.
  - unfold Q2R in B. rewrite <- S in B. pose proof (positive_IZR (Qden lo)) as P.
    assert (forall n, IZR n = IZR (Zpos (Qden lo)) * (IZR n * / IZR (Zpos (Qden lo)))) as E
      by (intros; field; lra).
    rewrite (E (Qnum lo)), (E (Qnum hi)) at 1. split; apply Rmult_le_compat_l; lra.
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

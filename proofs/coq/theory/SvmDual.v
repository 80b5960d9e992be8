(** [bound] in a linear network, at any depth: a global optimum in a linear network of any depth m without shared
    weights.  With u = Σ α_i y_i x_i and A = Σ α_i, every feasible θ' has
      A <= Φ(θ';u),  Φ(θ';u)² <= Π ‖W_l‖² ‖u‖²  and  Π ‖W_l‖² <= (‖θ'‖²/m)^m,
    so that (‖θ‖²/m)^m ‖u‖² <= A² makes θ optimal. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common Points.
Import ListNotations.
Open Scope R_scope.

(** * The inequality of arithmetic and geometric means *)
Lemma means_step : forall m s, 0 <= s -> s ^ m * (INR (S m) - INR m * s) <= 1.
Proof.
  induction m; intros s H.
  - simpl. lra.
  - specialize (IHm s H). rewrite !S_INR in *. simpl.
    assert (0 <= s ^ m) by (apply pow_le; auto). pose proof (pos_INR m).
    assert (0 <= s ^ m * (INR m + 1) * ((1 - s) * (1 - s))).
    { apply Rmult_le_pos; [apply Rmult_le_pos; lra|]. apply Rle_0_sqr. }
    lra.
Qed.
Definition product (l : list R) : R := fold_right Rmult 1 l.
Lemma product_nonneg : forall l, (forall r, In r l -> 0 <= r) -> 0 <= product l.
Proof. induction l; simpl; intros; [lra|]. apply Rmult_le_pos; auto. Qed.
Lemma means : forall l, (forall r, In r l -> 0 <= r) ->
  INR (length l) ^ length l * product l <= rsum l ^ length l.
Proof.
  induction l as [|b l IH]; intros H; [simpl; lra|].
  assert (Hl : forall r, In r l -> 0 <= r) by (intros; apply H; right; auto).
  specialize (IH Hl). pose proof (H b (or_introl eq_refl)) as Hb.
  pose proof (rsum_nonneg l Hl) as HS. pose proof (product_nonneg l Hl) as HP.
  cbn [length product rsum fold_right]. fold (product l) (rsum l).
  set (S := rsum l) in *. set (m := length l) in *.
  destruct (Req_dec (b + S) 0) as [Z|Z].
  - assert (b = 0) by lra. assert (S = 0) by lra. rewrite H0, H1.
    rewrite Rmult_0_l, Rmult_0_r. apply pow_le. lra.
  - destruct m as [|k] eqn:M.
    { destruct l; [|discriminate]. unfold S. simpl. lra. }
    rewrite <- M in *. assert (Mp : 0 < INR m) by (rewrite M; apply lt_0_INR; lia).
    assert (Np : 0 < INR (Datatypes.S m)) by (apply lt_0_INR; lia).
    set (T := (b + S) / INR (Datatypes.S m)).
    assert (Tp : 0 < T) by (apply Rdiv_lt_0_compat; lra).
    pose proof (means_step m (S / (INR m * T))) as G.
    assert (Q : 0 <= S / (INR m * T)).
    { apply Rmult_le_pos; auto. apply Rlt_le, Rinv_0_lt_compat. apply Rmult_lt_0_compat; auto. }
    specialize (G Q).
    assert (E : INR (Datatypes.S m) - INR m * (S / (INR m * T)) = b / T).
    { assert (EB : b = INR (Datatypes.S m) * T - S) by (unfold T; field; lra).
      rewrite EB. field. split; lra. }
    rewrite E in G. unfold Rdiv in G at 1. rewrite Rpow_mult_distr, pow_inv, Rpow_mult_distr in G
      by (apply Rgt_not_eq, Rmult_lt_0_compat; auto).
    assert (G' : S ^ m * b <= INR m ^ m * T ^ Datatypes.S m).
    { assert (0 < INR m ^ m * T ^ Datatypes.S m)
        by (apply Rmult_lt_0_compat; apply pow_lt; auto).
      apply (Rmult_le_compat_r (INR m ^ m * T ^ Datatypes.S m)) in G; [|lra].
      replace (S ^ m * / (INR m ^ m * T ^ m) * (b / T) * (INR m ^ m * T ^ Datatypes.S m))
        with (S ^ m * b) in G; [lra|]. simpl. field.
      repeat split; try apply pow_nonzero; lra. }
    assert (B : INR m ^ m * (product l * b) <= INR m ^ m * T ^ Datatypes.S m).
    { apply Rle_trans with (S ^ m * b); auto. rewrite <- Rmult_assoc.
      apply Rmult_le_compat_r; auto. }
    apply Rmult_le_reg_l in B; [|apply pow_lt; auto].
    replace (b + S) with (INR (Datatypes.S m) * T) by (unfold T; field; lra).
    rewrite Rpow_mult_distr. apply Rmult_le_compat_l; [apply pow_le; lra|]. lra.
Qed.

(** * Vectors *)
Fixpoint vadd (x y : list R) : list R :=
  match x, y with a :: x', b :: y' => a + b :: vadd x' y' | _, _ => [] end.
Definition vscale (c : R) (x : list R) : list R := map (Rmult c) x.
Definition square (x : list R) : R := rsum (map (fun a => a * a) x).
Lemma square_nonneg : forall x, 0 <= square x.
Proof.
  intros. apply rsum_nonneg. intros r H. apply in_map_iff in H as [a [<- _]]. apply Rle_0_sqr.
Qed.
Lemma vadd_length : forall x y, length x = length y -> length (vadd x y) = length x.
Proof. induction x; destruct y; simpl; intros; try discriminate; auto. Qed.
Lemma dot_vadd : forall th row x y, length x = length y ->
  dot th row (vadd x y) = dot th row x + dot th row y.
Proof.
  induction row; destruct x, y; simpl; intros; try discriminate; try lra.
  rewrite IHrow by lia. lra.
Qed.
Lemma dot_vscale : forall th row c x, dot th row (vscale c x) = c * dot th row x.
Proof.
  induction row; destruct x; simpl; try lra. fold (vscale c x). rewrite IHrow. lra.
Qed.
Lemma nth_matvec : forall t W x j, nth j (matvec t W x) 0 = dot t (nth j W []) x.
Proof. intros. unfold matvec. change 0 with (dot t [] x). apply (map_nth (fun row => dot t row x)). Qed.
Lemma matvec_vadd : forall th W x y, length x = length y ->
  matvec th W (vadd x y) = vadd (matvec th W x) (matvec th W y).
Proof. induction W; simpl; intros; auto. rewrite dot_vadd, IHW; auto. Qed.
Lemma matvec_vscale : forall th W c x, matvec th W (vscale c x) = vscale c (matvec th W x).
Proof. induction W; simpl; intros; auto. rewrite dot_vscale, IHW; auto. Qed.
Lemma sigma_linear : forall z, map (sigma Linear) z = z.
Proof.
  intros z. rewrite <- (map_id z) at 2. apply map_ext. intros u. unfold sigma. simpl.
  destruct (Rle_dec 0 u); lra.
Qed.
Lemma forward_linear : forall th W W' Ws x,
  forward Linear th (W :: W' :: Ws) x = forward Linear th (W' :: Ws) (matvec th W x).
Proof. intros. cbn [forward]. rewrite sigma_linear. reflexivity. Qed.
Lemma forward_vadd : forall th Ws x y, length x = length y ->
  forward Linear th Ws (vadd x y) = vadd (forward Linear th Ws x) (forward Linear th Ws y) /\
  length (forward Linear th Ws x) = length (forward Linear th Ws y).
Proof.
  induction Ws as [|W [|W' Ws] IH]; intros x y H; auto.
  - split; [apply matvec_vadd; auto|]. simpl. unfold matvec. rewrite !map_length. auto.
  - rewrite !forward_linear, matvec_vadd by auto. apply IH.
    unfold matvec. rewrite !map_length. auto.
Qed.
Lemma forward_vscale : forall th Ws c x,
  forward Linear th Ws (vscale c x) = vscale c (forward Linear th Ws x).
Proof.
  induction Ws as [|W [|W' Ws] IH]; intros c x; auto.
  - apply matvec_vscale.
  - rewrite !forward_linear, matvec_vscale. apply IH.
Qed.
Lemma hd_vadd : forall x y, length x = length y -> hd 0 (vadd x y) = hd 0 x + hd 0 y.
Proof. intros [] []; simpl; intros; try discriminate; lra. Qed.
Lemma hd_vscale : forall c x, hd 0 (vscale c x) = c * hd 0 x.
Proof. intros c []; simpl; lra. Qed.

(** * Norms *)
Definition row_parameters (row : list entry) : list nat :=
  flat_map (fun e => match e with Zero => [] | Param k => [k] end) row.
Definition matrix_parameters (W : matrix) : list nat := flat_map row_parameters W.
Definition occurrences net : list nat := flat_map matrix_parameters (layers net).
Definition squares_of (th : point) (l : list nat) : R := rsum (map (fun k => th k * th k) l).
Lemma squares_of_app : forall th l l', squares_of th (l ++ l') = squares_of th l + squares_of th l'.
Proof.
  unfold squares_of. induction l; simpl; intros; try lra. rewrite IHl. lra.
Qed.
Lemma squares_of_nonneg : forall th l, 0 <= squares_of th l.
Proof.
  intros. apply rsum_nonneg. intros r H. apply in_map_iff in H as [k [<- _]]. apply Rle_0_sqr.
Qed.
Lemma dot_square : forall th row x,
  dot th row x * dot th row x <= squares_of th (row_parameters row) * square x.
Proof.
  induction row as [|e row IH]; destruct x as [|a x]; simpl.
  - unfold squares_of, square. simpl. lra.
  - pose proof (square_nonneg (a :: x)). unfold squares_of. simpl. lra.
  - unfold square. simpl. lra.
  - specialize (IH x). pose proof (square_nonneg x) as X.
    pose proof (squares_of_nonneg th (row_parameters row)) as P.
    rewrite squares_of_app. change (square (a :: x)) with (a * a + square x).
    set (p := squares_of th (row_parameters row)) in *. set (q := square x) in *.
    set (d := dot th row x) in *.
    assert (W : squares_of th match e with Zero => [] | Param k => [k] end = weight th e * weight th e)
      by (destruct e; unfold squares_of; simpl; lra).
    rewrite W. set (w := weight th e) in *. clear W.
    (* 2 w a d <= w² q + a² p because d² <= p q *)
    assert (2 * (w * a * d) <= w * w * q + a * a * p).
    { assert (S : (w * a * d) * (w * a * d) <= (w * w * q) * (a * a * p)).
      { replace ((w * a * d) * (w * a * d)) with ((w * w) * (a * a) * (d * d)) by ring.
        replace ((w * w * q) * (a * a * p)) with ((w * w) * (a * a) * (p * q)) by ring.
        apply Rmult_le_compat_l; auto. apply Rmult_le_pos; apply Rle_0_sqr. }
      assert (U : 0 <= w * w * q) by (apply Rmult_le_pos; auto; apply Rle_0_sqr).
      assert (V : 0 <= a * a * p) by (apply Rmult_le_pos; auto; apply Rle_0_sqr).
      set (z := w * a * d) in *. set (s := w * w * q) in *. set (t := a * a * p) in *.
      destruct (Rle_lt_dec (2 * z) (s + t)); auto. exfalso.
      pose proof (Rle_0_sqr (s - t)) as Q. unfold Rsqr in Q. nra. }
    lra.
Qed.
Lemma matvec_square : forall th W x,
  square (matvec th W x) <= squares_of th (matrix_parameters W) * square x.
Proof.
  induction W as [|row W IH]; intros x; simpl.
  - unfold square at 1, squares_of. simpl. lra.
  - rewrite squares_of_app. specialize (IH x). pose proof (dot_square th row x).
    change (square (dot th row x :: matvec th W x))
      with (dot th row x * dot th row x + square (matvec th W x)). lra.
Qed.
Lemma sigma_square : forall a z, 0 <= slope a <= 1 -> square (map (sigma a) z) <= square z.
Proof.
  intros a z H. unfold square. induction z as [|u z IH]; simpl; [lra|].
  apply Rplus_le_compat; auto. unfold sigma. destruct (Rle_dec 0 u); [lra|].
  replace (slope a * u * (slope a * u)) with ((slope a * slope a) * (u * u)) by ring.
  rewrite <- (Rmult_1_l (u * u)) at 2. apply Rmult_le_compat_r; nra.
Qed.
Lemma forward_square : forall a th Ws x, 0 <= slope a <= 1 -> square (forward a th Ws x) <=
  product (map (fun W => squares_of th (matrix_parameters W)) Ws) * square x.
Proof.
  intros a th Ws x Ha. revert x. induction Ws as [|W [|W' Ws] IH]; intros x.
  - simpl. lra.
  - simpl. rewrite Rmult_1_r. apply matvec_square.
  - change (forward a th (W :: W' :: Ws) x)
      with (forward a th (W' :: Ws) (map (sigma a) (matvec th W x))).
    eapply Rle_trans; [apply IH|].
    change (product (map (fun W => squares_of th (matrix_parameters W)) (W :: W' :: Ws)))
      with (squares_of th (matrix_parameters W) *
            product (map (fun W => squares_of th (matrix_parameters W)) (W' :: Ws))).
    rewrite (Rmult_comm (squares_of _ _)), Rmult_assoc.
    apply Rmult_le_compat_l.
    + apply product_nonneg. intros r H. apply in_map_iff in H as [M [<- _]]. apply squares_of_nonneg.
    + eapply Rle_trans; [apply sigma_square, Ha | apply matvec_square].
Qed.
Lemma hd_square : forall x, hd 0 x * hd 0 x <= square x.
Proof. intros [|a x]; unfold square; simpl; [lra|]. pose proof (square_nonneg x). unfold square in *. lra. Qed.
Lemma sum_out : forall p f k, (k < p)%nat ->
  sum p f = f k + sum p (fun j => if Nat.eqb j k then 0 else f j).
Proof.
  induction p; simpl; intros f k H; [lia|].
  destruct (Nat.eq_dec k p) as [->|N].
  - rewrite Nat.eqb_refl.
    rewrite (sum_ext p (fun j => if Nat.eqb j p then 0 else f j) f); [lra|].
    intros j L. destruct (Nat.eqb_spec j p); auto; lia.
  - rewrite (IHp f k) by lia. destruct (Nat.eqb_spec p k); [lia|]. lra.
Qed.
Lemma squares_distinct : forall l p f, (forall k, 0 <= f k) -> NoDup l ->
  (forall k, In k l -> (k < p)%nat) -> rsum (map f l) <= sum p f.
Proof.
  induction l as [|k l IH]; intros p f P N B.
  - apply sum_nonneg. auto.
  - inversion N; subst. rewrite (sum_out p f k) by (apply B; left; auto). simpl.
    apply Rplus_le_compat_l.
    rewrite (map_ext_in f (fun j => if Nat.eqb j k then 0 else f j)).
    + apply IH; auto; intros j; [destruct (Nat.eqb j k); auto; lra|]. intros I. apply B. right. auto.
    + intros j I. destruct (Nat.eqb_spec j k); auto. subst. contradiction.
Qed.
Lemma layers_square : forall net th, NoDup (occurrences net) ->
  (forall k, In k (occurrences net) -> (k < parameters net)%nat) ->
  rsum (map (fun W => squares_of th (matrix_parameters W)) (layers net)) <= norm2 net th.
Proof.
  intros net th N B. eapply Rle_trans;
    [|apply (squares_distinct (occurrences net)); auto; intros; apply Rle_0_sqr].
  right. unfold occurrences. generalize (layers net). induction l; simpl; auto.
  change (squares_of th (matrix_parameters a) + rsum (map (fun W => squares_of th (matrix_parameters W)) l)
    = squares_of th (matrix_parameters a ++ flat_map matrix_parameters l)).
  rewrite squares_of_app, IHl. reflexivity.
Qed.

(** A bound by the product of the layers' norms is a bound by the norm of θ'. *)
Lemma optimal_from_product : forall net th th0 At U, NoDup (occurrences net) ->
  (forall k, In k (occurrences net) -> (k < parameters net)%nat) ->
  (0 < length (layers net))%nat -> 0 < U ->
  At * At <= product (map (fun W => squares_of th (matrix_parameters W)) (layers net)) * U ->
  0 <= INR (length (layers net)) ^ length (layers net) * (At * At) -
     norm2 net th0 ^ length (layers net) * U ->
  norm net th0 <= norm net th.
Proof.
  intros net th th0 At U ND Below Mpos Upos S H0. set (m := length (layers net)) in *.
  pose proof (means (map (fun W => squares_of th (matrix_parameters W)) (layers net))) as AM.
  rewrite map_length in AM. fold m in AM.
  assert (LS : rsum (map (fun W => squares_of th (matrix_parameters W)) (layers net)) <= norm2 net th)
    by (apply layers_square; auto).
  assert (NN : forall r, In r (map (fun W => squares_of th (matrix_parameters W)) (layers net)) -> 0 <= r)
    by (intros r I; apply in_map_iff in I as [M [<- _]]; apply squares_of_nonneg).
  specialize (AM NN). pose proof (rsum_nonneg _ NN) as RS.
  pose proof (pow_incr _ _ m (conj RS LS)) as PW.
  assert (Mm : 0 <= INR m ^ m) by (apply pow_le, pos_INR).
  pose proof (Rmult_le_compat_l _ _ _ Mm S) as S'.
  assert (T : norm2 net th0 ^ m * U <= norm2 net th ^ m * U).
  { apply Rle_trans with (INR m ^ m * (At * At)); [lra|]. eapply Rle_trans; [exact S'|].
    rewrite <- Rmult_assoc. apply Rmult_le_compat_r; lra. }
  apply Rmult_le_reg_r in T; auto. apply norm_le.
  destruct (Rle_lt_dec (norm2 net th0) (norm2 net th)) as [|Lt]; auto. exfalso.
  assert (norm2 net th ^ m < norm2 net th0 ^ m); [|lra].
  pose proof (norm2_nonneg net th) as P0. clear - Lt P0 Mpos.
  induction m as [|k IH]; [lia|]. simpl. destruct k as [|k]; [simpl; lra|].
  specialize (IH ltac:(lia)). pose proof (pow_le _ (S k) P0).
  apply Rmult_le_0_lt_compat; auto.
Qed.

Section Svm.
  Variables (K : ops) (v : K -> R).
  Hypothesis HK : reading K v.

  Fixpoint kadd (x y : list K) : list K :=
    match x, y with a :: x', b :: y' => add K a b :: kadd x' y' | _, _ => [] end.
  Definition kscale (c : K) (x : list K) : list K := map (mul K c) x.
  Definition ksquare (x : list K) : K := fold_right (fun a s => add K (mul K a a) s) (zero K) x.
  Fixpoint kpower (c : K) (n : nat) : K :=
    match n with O => one K | S n' => mul K c (kpower c n') end.
  Fixpoint predictor (d : nat) (alpha : list K) (data : list (exact_sample K)) : list K :=
    match alpha, data with
    | a :: alpha', (x, y) :: data' =>
        kadd (kscale (if y then a else neg K a) x) (predictor d alpha' data')
    | _, _ => repeat (zero K) d
    end.
  Fixpoint no_repeat (l : list nat) : bool :=
    match l with [] => true | k :: l' => negb (existsb (Nat.eqb k) l') && no_repeat l' end.
  Definition total (alpha : list K) : K := fold_right (add K) (zero K) alpha.
  Definition check_svm_dual net (d : nat) data theta (alpha : list K) : bool :=
    let m := length (layers net) in
    let u := predictor d alpha data in
    let A := total alpha in
    match act net with Linear => true | _ => false end &&
    no_repeat (occurrences net) &&
    forallb (fun k => Nat.ltb k (parameters net)) (occurrences net) &&
    forallb (fun s => Nat.eqb (length (fst s)) d) data &&
    check_feasible K net data theta && forallb (nonneg K) alpha &&
    Nat.eqb (length alpha) (length data) && Nat.ltb 0 m &&
    pos K (ksquare u) &&
    nonneg K (sub K (mul K (kpower (of_Q K (inject_Z (Z.of_nat m))) m) (mul K A A))
                    (mul K (kpower (knorm2 (parameters net) theta) m) (ksquare u))).

  Lemma no_repeat_sound : forall l, no_repeat l = true -> NoDup l.
  Proof.
    induction l; simpl; intros H; constructor; apply andb_prop in H as [H1 H2]; auto.
    intros I. apply negb_true_iff in H1. rewrite <- not_true_iff_false in H1. apply H1.
    apply existsb_exists. exists a. split; auto. apply Nat.eqb_refl.
  Qed.
  Lemma kadd_v : forall x y, map v (kadd x y) = vadd (map v x) (map v y).
  Proof. induction x; destruct y; simpl; auto. rewrite (v_add HK), IHx. auto. Qed.
  Lemma kscale_v : forall c x, map v (kscale c x) = vscale (v c) (map v x).
  Proof.
    intros. unfold kscale, vscale. rewrite !map_map. apply map_ext. intros. apply (v_mul HK).
  Qed.
  Lemma ksquare_v : forall x, v (ksquare x) = square (map v x).
  Proof.
    unfold square. induction x; simpl; [apply (v_zero HK)|]. rewrite (v_add HK), (v_mul HK), IHx. auto.
  Qed.
  Lemma kpower_v : forall c n, v (kpower c n) = v c ^ n.
  Proof. induction n; simpl; [apply (v_one K v HK)|]. rewrite (v_mul HK), IHn. auto. Qed.
  Lemma predictor_length : forall d alpha data,
    forallb (fun s : exact_sample K => Nat.eqb (length (fst s)) d) data = true ->
    length (map v (predictor d alpha data)) = d.
  Proof.
    induction alpha as [|a alpha IH]; intros [|[x y] data] H; simpl;
      try (rewrite map_length, repeat_length; auto).
    simpl in H. apply andb_prop in H as [H1 H2]. apply Nat.eqb_eq in H1.
    rewrite kadd_v, kscale_v, vadd_length; unfold vscale; rewrite !map_length; auto.
    specialize (IH data H2). rewrite map_length in IH. congruence.
  Qed.
  Lemma forward_zero : forall th Ws d, hd 0 (forward Linear th Ws (repeat 0 d)) = 0.
  Proof.
    intros. assert (E : repeat 0 d = vscale 0 (repeat 0 d)).
    { unfold vscale. rewrite <- (map_id (repeat 0 d)) at 1. apply map_ext_in.
      intros a I. apply repeat_spec in I. subst. lra. }
    rewrite E, forward_vscale, hd_vscale. lra.
  Qed.
  Lemma repeat_v : forall d, map v (repeat (zero K) d) = repeat 0 d.
  Proof. induction d; simpl; auto. rewrite IHd, (v_zero HK). auto. Qed.
  Lemma predictor_margin : forall net th d, act net = Linear -> forall data alpha,
    forallb (fun s : exact_sample K => Nat.eqb (length (fst s)) d) data = true ->
    length alpha = length data ->
    forallb (nonneg K) alpha = true -> feasible net (samples_of v data) th ->
    v (total alpha) <= Phi net th (map v (predictor d alpha data)).
  Proof.
    intros net th d A. unfold Phi. rewrite A.
    induction data as [|[x y] data IH]; intros [|a alpha] H L N F; try discriminate; simpl.
    - rewrite repeat_v, forward_zero, (v_zero HK). lra.
    - simpl in H. apply andb_prop in H as [H1 H2]. apply Nat.eqb_eq in H1.
      simpl in N. apply andb_prop in N as [N1 N2]. apply (nonneg_sound K v HK) in N1.
      assert (F' : feasible net (samples_of v data) th) by (intros s I; apply F; right; auto).
      specialize (IH alpha H2 ltac:(simpl in L; lia) N2 F').
      rewrite (v_add HK), kadd_v, kscale_v.
      assert (Len : length (vscale (v (if y then a else neg K a)) (map v x)) =
                    length (map v (predictor d alpha data))).
      { rewrite predictor_length; auto. unfold vscale. rewrite !map_length. auto. }
      destruct (forward_vadd th (layers net) _ _ Len) as [E1 E2].
      rewrite E1, hd_vadd, forward_vscale, hd_vscale by auto.
      specialize (F (sample_of v (x, y)) (or_introl eq_refl)).
      unfold margin, label, Phi in F. rewrite A in F. simpl in F.
      fold (total alpha). set (p := hd 0 (forward Linear th (layers net) (map v x))) in *.
      enough (v a <= v (if y then a else neg K a) * p) by lra.
      destruct y; rewrite ?(v_neg K v HK); nra.
  Qed.

  Lemma total_nonneg : forall alpha, forallb (nonneg K) alpha = true -> 0 <= v (total alpha).
  Proof.
    unfold total. induction alpha as [|a alpha IH]; cbn [forallb fold_right]; intros N.
    - rewrite (v_zero HK). lra.
    - apply andb_prop in N as [N1 N2]. apply (nonneg_sound K v HK) in N1.
      rewrite (v_add HK). specialize (IH N2). lra.
  Qed.
  Theorem check_svm_dual_sound : forall net d data theta alpha,
    check_svm_dual net d data theta alpha = true ->
    global_optimum net (samples_of v data) Whole (point_of v theta).
  Proof.
    intros net d data theta alpha H. unfold check_svm_dual in H. cbv zeta in H.
    set (u := predictor d alpha data) in *. set (m := length (layers net)) in *.
    repeat (let H' := fresh "H" in apply andb_prop in H as [H H']).
    destruct (act net) eqn:A; try discriminate.
    split; [apply check_feasible_sound; auto|]. intros th F _.
    apply Nat.eqb_eq in H3. apply Nat.ltb_lt in H2.
    apply (v_pos HK) in H1. rewrite ksquare_v in H1.
    apply (nonneg_sound K v HK) in H0.
    rewrite (v_sub K v HK), !(v_mul HK), !kpower_v, (v_of_Q HK), ksquare_v,
      (knorm2_v K v HK) in H0.
    assert (EM : Q2R (inject_Z (Z.of_nat m)) = INR m)
      by (unfold Q2R, inject_Z; simpl; rewrite <- INR_IZR_INZ; field).
    rewrite EM in H0.
    pose proof (predictor_margin net th d A data alpha H6 H3 H4 F) as G. fold u in G.
    assert (A0 : 0 <= v (total alpha)).
    { apply total_nonneg; auto. }
    set (U := square (map v u)) in *. set (At := v (total alpha)) in *.
    assert (S : At * At <= product (map (fun W => squares_of th (matrix_parameters W)) (layers net)) * U).
    { eapply Rle_trans; [|apply (forward_square Linear); simpl; lra]. eapply Rle_trans; [|apply hd_square].
      unfold Phi in G. rewrite A in G. apply Rmult_le_compat; auto. }
    eapply (optimal_from_product net th (point_of v theta) At U); auto; try apply no_repeat_sound; auto.
    intros k I. rewrite forallb_forall in H7. apply Nat.ltb_lt, H7, I.
  Qed.
End Svm.

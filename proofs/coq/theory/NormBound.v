(** [bound] by a chain, and by branches: a global optimum in a network of any depth m without shared weights.  For
    α >= 0 with A = Σ α_i every feasible θ' has
      A <= Σ α_i y_i Φ(θ';x_i) <= C Π ‖W_l‖  and  Π ‖W_l‖² <= (‖θ'‖²/m)^m,
    so that (‖θ‖²/m)^m C² <= A² makes θ optimal.  C is a bound at the first layer: of
    Σ α_i σ^(m−1)(w·x_i) over unit vectors w, cell by cell, where the samples with α_i > 0
    have one label; or, where every hidden unit has at most one input, of what one branch
    can do with weights of size 1. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common Points Sanity SvmDual.
Import ListNotations.
Open Scope R_scope.

(** Layers whose units have at most one input each. *)
Definition single (W : matrix) : bool :=
  forallb (fun row => Nat.leb (length (row_parameters row)) 1) W.
Lemma dot_none : forall th row x, row_parameters row = [] -> dot th row x = 0.
Proof.
  induction row as [|[|k] row IH]; destruct x; simpl; intros H; auto; try discriminate.
  rewrite IH; auto. lra.
Qed.
Lemma single_square : forall th U x, (forall b, In b x -> b * b <= U) -> 0 <= U -> forall W,
  single W = true ->
  square (matvec th W x) <= squares_of th (matrix_parameters W) * U.
Proof.
  intros th U x B P. assert (Row : forall row x, (forall b, In b x -> b * b <= U) ->
    (length (row_parameters row) <= 1)%nat ->
    dot th row x * dot th row x <= squares_of th (row_parameters row) * U).
  { clear x B. induction row as [|[|k] row IH]; intros [|b x] B L; simpl in *;
      try (pose proof (squares_of_nonneg th (row_parameters row)) as N; nra).
    - unfold squares_of. simpl. lra.
    - unfold squares_of. simpl. lra.
    - specialize (IH x ltac:(auto) L). lra.
    - assert (N : 0 <= squares_of th (k :: row_parameters row)) by apply squares_of_nonneg. nra.
    - assert (E : row_parameters row = []) by (destruct (row_parameters row); auto; simpl in L; lia).
      rewrite E, (dot_none _ _ _ E). unfold squares_of. simpl.
      specialize (B b (or_introl eq_refl)).
      replace ((th k * b + 0) * (th k * b + 0)) with ((th k * th k) * (b * b)) by ring.
      replace ((th k * th k + 0) * U) with ((th k * th k) * U) by ring.
      apply Rmult_le_compat_l; [apply Rle_0_sqr | exact B]. }
  induction W as [|row W IH]; simpl; intros H.
  - unfold square, squares_of. simpl. lra.
  - apply andb_prop in H as [H1 H2]. apply Nat.leb_le in H1. rewrite squares_of_app.
    specialize (IH H2). pose proof (Row row x B H1).
    change (square (dot th row x :: matvec th W x))
      with (dot th row x * dot th row x + square (matvec th W x)). lra.
Qed.

(** * From the first layer to the output *)
Section Chain.
  Variables (act : activation) (th : point).
  (** What the samples say about a unit, as a function of the input, k activations before
      the output; where it is [additive], units may have several inputs. *)
  Variables (P : nat -> (list R -> R) -> R) (additive : Prop).
  Hypothesis P_ext : forall k f g, (forall x, f x = g x) -> P k f <= P k g.
  Hypothesis P_zero : forall k, P k (fun _ => 0) <= 0.
  Hypothesis P_sigma : forall k c f, P k (fun x => c * sigma act (f x)) <= P (S k) (fun x => c * f x).
  Hypothesis P_first : forall f g, P 0 (fun x => f x + g x) <= P 0 f + P 0 g.
  Hypothesis P_plus : additive -> forall k f g, P k (fun x => f x + g x) <= P k f + P k g.

  Let size (k : nat) : R := Rabs (th k).
  Definition bounded_by k (H : list R -> list R) (n : list R) : Prop :=
    forall j c, P k (fun x => c * nth j (H x) 0) <= Rabs c * nth j n 0.
  Lemma as_zero : forall k f, (forall x, f x = 0) -> P k f <= 0.
  Proof. intros k f E. eapply Rle_trans; [apply P_ext, E | apply P_zero]. Qed.
  Lemma via : forall k f g b, (forall x, f x = g x) -> P k g <= b -> P k f <= b.
  Proof. intros k f g b E B. eapply Rle_trans; [apply P_ext, E | exact B]. Qed.
  Lemma dot_step : forall t e row x, dot t (e :: row) x = weight t e * hd 0 x + dot t row (tl x).
  Proof. intros t e row [|a x]; simpl; auto. destruct row; simpl; lra. Qed.
  Lemma bounded_tl : forall k H n, bounded_by k H n -> bounded_by k (fun x => tl (H x)) (tl n).
  Proof.
    intros k H n B j c. assert (T : forall l : list R, nth j (tl l) 0 = nth (S j) l 0)
      by (intros []; simpl; auto; destruct j; auto).
    rewrite T. eapply via; [intros x; rewrite T; reflexivity | apply B].
  Qed.
  Lemma bounded_hd : forall k H n c, bounded_by k H n ->
    P k (fun x => c * hd 0 (H x)) <= Rabs c * hd 0 n.
  Proof.
    intros k H n c B. assert (T : forall l : list R, hd 0 l = nth 0 l 0) by (intros []; auto).
    rewrite T. eapply via; [intros x; rewrite T; reflexivity | apply B].
  Qed.
  Lemma weight_size : forall e c, Rabs (c * weight th e) = Rabs c * weight size e.
  Proof. intros [|k] c; simpl; [rewrite Rmult_0_r, Rabs_R0; lra | apply Rabs_mult]. Qed.
  Lemma row_plus : forall k, (forall f g, P k (fun x => f x + g x) <= P k f + P k g) ->
    forall row H n c, bounded_by k H n ->
    P k (fun x => c * dot th row (H x)) <= Rabs c * dot size row n.
  Proof.
    intros k Add. induction row as [|e row IH]; intros H n c B.
    - replace (Rabs c * dot size [] n) with 0 by (simpl; ring). apply as_zero.
      intros x. simpl. ring.
    - rewrite dot_step. apply (via _ _ (fun x => c * weight th e * hd 0 (H x) + c * dot th row (tl (H x))));
        [intros x; rewrite dot_step; ring|].
      eapply Rle_trans; [apply Add|]. rewrite Rmult_plus_distr_l, <- Rmult_assoc, <- weight_size.
      apply Rplus_le_compat; [apply bounded_hd, B | apply IH, bounded_tl, B].
  Qed.
  Lemma row_single : forall k row H n c, (length (row_parameters row) <= 1)%nat -> bounded_by k H n ->
    P k (fun x => c * dot th row (H x)) <= Rabs c * dot size row n.
  Proof.
    intros k. induction row as [|[|p] row IH]; intros H n c L B.
    - replace (Rabs c * dot size [] n) with 0 by (simpl; ring). apply as_zero.
      intros x. simpl. ring.
    - rewrite dot_step. apply (via _ _ (fun x => c * dot th row (tl (H x))));
        [intros x; rewrite dot_step; simpl; ring|].
      replace (weight size Zero) with 0 by reflexivity. rewrite Rmult_0_l, Rplus_0_l.
      apply IH; auto. apply bounded_tl, B.
    - assert (E : row_parameters row = []) by (destruct (row_parameters row) eqn:E; auto;
        unfold row_parameters in *; simpl in L; rewrite E in L; simpl in L; lia).
      rewrite dot_step, (dot_none size row _ E).
      apply (via _ _ (fun x => c * weight th (Param p) * hd 0 (H x)));
        [intros x; rewrite dot_step, (dot_none th row _ E); ring|].
      rewrite Rplus_0_r, <- Rmult_assoc, <- weight_size. apply bounded_hd, B.
  Qed.
  Lemma size_squares : forall l, squares_of size l = squares_of th l.
  Proof.
    intros. unfold squares_of. f_equal. apply map_ext. intros k. unfold size.
    rewrite <- Rabs_mult. apply Rabs_right, Rle_ge, Rle_0_sqr.
  Qed.
  Definition admissible (W : matrix) : Prop := additive \/ single W = true.
  Lemma layer_bound : forall k W H n, admissible W \/ k = 0%nat -> bounded_by k H n ->
    bounded_by k (fun x => matvec th W (H x)) (matvec size W n).
  Proof.
    intros k W H n A B j c. rewrite nth_matvec.
    apply (via _ _ (fun x => c * dot th (nth j W []) (H x)));
      [intros x; rewrite nth_matvec; reflexivity|].
    destruct A as [[A|A]| ->]; [apply row_plus; auto | | apply row_plus; auto].
    apply row_single; auto. destruct (Nat.lt_ge_cases j (length W)) as [L|L].
    - unfold single in A. rewrite forallb_forall in A. apply Nat.leb_le, A, nth_In, L.
    - rewrite nth_overflow by exact L. simpl. lia.
  Qed.
  Lemma activation_bound : forall k H n, bounded_by (S k) H n ->
    bounded_by k (fun x => map (sigma act) (H x)) n.
  Proof.
    intros k H n B j c. assert (Z : sigma act 0 = 0) by (unfold sigma; destruct (Rle_dec 0 0); lra).
    apply (via _ _ (fun x => c * sigma act (nth j (H x) 0)));
      [intros x; rewrite <- Z at 1; rewrite map_nth; reflexivity|].
    eapply Rle_trans; [apply P_sigma | apply B].
  Qed.
  (** Layers above a family of units that are already activated. *)
  Lemma last_bound : forall c H n, bounded_by 0 H n ->
    P 0 (fun x => c * hd 0 (H x)) <= Rabs c * sqrt (square n).
  Proof.
    intros c H n B. eapply Rle_trans; [apply bounded_hd, B|].
    apply Rmult_le_compat_l; [apply Rabs_pos|]. eapply Rle_trans; [apply Rle_abs|].
    rewrite <- sqrt_Rsqr_abs. apply sqrt_le_1_alt, hd_square.
  Qed.
  Lemma chain : forall c Ws W H n, Forall admissible (removelast (W :: Ws)) ->
    bounded_by (length Ws) H n ->
    P 0 (fun x => c * hd 0 (forward act th (W :: Ws) (H x))) <= Rabs c * sqrt
      (product (map (fun W => squares_of th (matrix_parameters W)) (W :: Ws)) * square n).
  Proof.
    intros c. induction Ws as [|W' Ws IH]; intros W H n A B.
    - apply layer_bound with (W := W) in B; [|right; reflexivity].
      cbn [forward]. eapply Rle_trans; [apply last_bound, B|].
      apply Rmult_le_compat_l; [apply Rabs_pos|]. apply sqrt_le_1_alt.
      eapply Rle_trans; [apply matvec_square|]. rewrite size_squares. simpl. lra.
    - cbn [length] in B. change (removelast (W :: W' :: Ws)) with (W :: removelast (W' :: Ws)) in A.
      inversion A; subst. apply layer_bound with (W := W) in B; [|left; auto].
      apply activation_bound in B.
      eapply Rle_trans; [apply (IH W' _ _ H3 B)|].
      apply Rmult_le_compat_l; [apply Rabs_pos|]. apply sqrt_le_1_alt.
      change (product (map (fun W => squares_of th (matrix_parameters W)) (W :: W' :: Ws)))
        with (squares_of th (matrix_parameters W) *
              product (map (fun W => squares_of th (matrix_parameters W)) (W' :: Ws))).
      rewrite (Rmult_comm (squares_of _ _)), Rmult_assoc. apply Rmult_le_compat_l.
      + apply product_nonneg. intros r I. apply in_map_iff in I as [M [<- _]]. apply squares_of_nonneg.
      + rewrite <- size_squares. apply matvec_square.
  Qed.
  (** The same from the inputs, with a bound U of the first layer. *)
  Lemma chain_first : forall c W Ws U, 0 <= U -> Forall admissible (removelast (W :: Ws)) ->
    (forall row c, In row W -> P (length Ws) (fun x => c * dot th row x) <=
       Rabs c * sqrt (squares_of th (row_parameters row) * U)) ->
    P 0 (fun x => c * hd 0 (forward act th (W :: Ws) x)) <= Rabs c * sqrt
      (product (map (fun W => squares_of th (matrix_parameters W)) (W :: Ws)) * U).
  Proof.
    intros c0 W Ws U U0 A B.
    set (n := map (fun row => sqrt (squares_of th (row_parameters row) * U)) W).
    assert (N : square n = squares_of th (matrix_parameters W) * U).
    { unfold n. clear -U0. induction W as [|row W IH]; [unfold square, squares_of; simpl; lra|].
      simpl matrix_parameters. unfold matrix_parameters in *. simpl flat_map. rewrite squares_of_app.
      unfold square in *. cbn [map rsum fold_right]. fold (rsum (map (fun a => a * a)
        (map (fun row => sqrt (squares_of th (row_parameters row) * U)) W))). rewrite IH, sqrt_sqrt; [lra|].
      apply Rmult_le_pos; auto. apply squares_of_nonneg. }
    assert (F : bounded_by (length Ws) (fun x => matvec th W x) n).
    { intros j c. apply (via _ _ (fun x => c * dot th (nth j W []) x));
        [intros x; rewrite nth_matvec; reflexivity|].
      destruct (Nat.lt_ge_cases j (length W)) as [L|L].
      - unfold n. rewrite (nth_indep _ 0 (sqrt (squares_of th (row_parameters []) * U)))
          by (rewrite map_length; exact L).
        rewrite (map_nth (fun row => sqrt (squares_of th (row_parameters row) * U))).
        apply B, nth_In, L.
      - rewrite (nth_overflow n) by (unfold n; rewrite map_length; exact L).
        rewrite Rmult_0_r. apply as_zero. intros x. rewrite nth_overflow by exact L. simpl. ring. }
    destruct Ws as [|W' Ws].
    - cbn [forward]. eapply Rle_trans; [apply last_bound, F|].
      apply Rmult_le_compat_l; [apply Rabs_pos|]. apply sqrt_le_1_alt. rewrite N. simpl. lra.
    - cbn [length] in F. apply activation_bound in F.
      change (removelast (W :: W' :: Ws)) with (W :: removelast (W' :: Ws)) in A. inversion A; subst.
      eapply Rle_trans; [apply (chain c0 _ _ _ _ H2 F)|].
      apply Rmult_le_compat_l; [apply Rabs_pos|]. apply sqrt_le_1_alt. rewrite N.
      simpl. apply Req_le. ring.
  Qed.
End Chain.

(** * One label: Σ α_i σ^k, a sum of sublinear functions *)
Section Convex.
  Variables (act : activation) (samples : list (R * list R)).
  Hypothesis Slope : 0 <= slope act <= 1.
  Hypothesis Nonneg : forall p, In p samples -> 0 <= fst p.
  Fixpoint tau (k : nat) (z : R) : R := match k with O => z | S k' => tau k' (sigma act z) end.
  Definition weighted (k : nat) (f : list R -> R) : R :=
    rsum (map (fun p => fst p * tau k (f (snd p))) samples).

  Lemma sigma_le : forall u w, u <= w -> sigma act u <= sigma act w.
  Proof. intros. unfold sigma. destruct (Rle_dec 0 u), (Rle_dec 0 w); nra. Qed.
  Lemma sigma_plus : forall u w, sigma act (u + w) <= sigma act u + sigma act w.
  Proof.
    intros. unfold sigma. destruct (Rle_dec 0 (u + w)), (Rle_dec 0 u), (Rle_dec 0 w); nra.
  Qed.
  Lemma sigma_pull : forall c z, c * sigma act z <= sigma act (c * z).
  Proof.
    intros. destruct (Rle_lt_dec 0 c); [rewrite sigma_homogeneous; lra|].
    unfold sigma. destruct (Rle_dec 0 z), (Rle_dec 0 (c * z)); nra.
  Qed.
  Lemma tau_le : forall k u w, u <= w -> tau k u <= tau k w.
  Proof. induction k; simpl; intros; auto. apply IHk, sigma_le, H. Qed.
  Lemma tau_plus : forall k u w, tau k (u + w) <= tau k u + tau k w.
  Proof.
    induction k; simpl; intros; [lra|]. eapply Rle_trans; [apply tau_le, sigma_plus | apply IHk].
  Qed.
  Lemma tau_0 : forall k, tau k 0 = 0.
  Proof.
    induction k; simpl; auto. replace (sigma act 0) with 0; auto.
    unfold sigma. destruct (Rle_dec 0 0); lra.
  Qed.
  Lemma tau_on : forall k z, 0 <= z -> tau k z = z.
  Proof.
    induction k; simpl; intros; auto. unfold sigma. destruct (Rle_dec 0 z); [auto | lra].
  Qed.
  Lemma tau_off : forall k z, z <= 0 -> tau k z = slope act ^ k * z.
  Proof.
    induction k; simpl; intros; [lra|].
    assert (E : sigma act z = slope act * z)
      by (unfold sigma; destruct (Rle_dec 0 z); auto; replace z with 0 by lra; ring).
    rewrite E, IHk by nra. ring.
  Qed.
  Lemma rsum_map_le : forall A (f g : A -> R) l, (forall p, In p l -> f p <= g p) ->
    rsum (map f l) <= rsum (map g l).
  Proof.
    induction l; simpl; intros H; [lra|]. apply Rplus_le_compat; auto.
  Qed.
  Lemma rsum_map_plus : forall A (f g : A -> R) l,
    rsum (map (fun p => f p + g p) l) = rsum (map f l) + rsum (map g l).
  Proof. induction l; simpl; lra. Qed.
  Lemma weighted_le : forall k f g, (forall x, f x <= g x) -> weighted k f <= weighted k g.
  Proof.
    intros. apply rsum_map_le. intros p I. apply Rmult_le_compat_l; auto. apply tau_le, H.
  Qed.
  Lemma weighted_plus : forall k f g,
    weighted k (fun x => f x + g x) <= weighted k f + weighted k g.
  Proof.
    intros. unfold weighted. rewrite <- rsum_map_plus. apply rsum_map_le. intros p I.
    rewrite <- Rmult_plus_distr_l. apply Rmult_le_compat_l; auto. apply tau_plus.
  Qed.
  Lemma weighted_zero : forall k, weighted k (fun _ => 0) <= 0.
  Proof.
    intros k. unfold weighted. rewrite tau_0. clear Nonneg. induction samples; simpl; lra.
  Qed.
  Lemma weighted_sigma : forall k c f,
    weighted k (fun x => c * sigma act (f x)) <= weighted (S k) (fun x => c * f x).
  Proof.
    intros. apply rsum_map_le. intros p I. apply Rmult_le_compat_l; auto. simpl.
    apply tau_le, sigma_pull.
  Qed.
End Convex.

(** * Branches: the largest of |Σ α_i y_i g(x_i)| over signs of the weights on the way *)
Section Branches.
  Variables (act : activation) (samples : list (R * list R)).   (* α_i y_i and the input *)
  Fixpoint turned (k : nat) (l : list R) : R :=
    match k with
    | O => Rabs (rsum (map (fun p => fst (fst p) * snd p) (combine samples l)))
    | S k' => Rmax (turned k' (map (sigma act) l)) (turned k' (map (fun u => sigma act (- u)) l))
    end.
  Definition branch (k : nat) (f : list R -> R) : R := turned k (map (fun p => f (snd p)) samples).

  Lemma turned_scale : forall k c l, 0 <= c -> turned k (map (Rmult c) l) = c * turned k l.
  Proof.
    induction k; simpl; intros c l C.
    - rewrite <- (Rabs_right c) at 2 by lra. rewrite <- Rabs_mult. f_equal.
      revert l. induction samples as [|p s IH]; intros [|u l]; simpl; try ring.
      unfold rsum in *. rewrite IH. ring.
    - rewrite !map_map. rewrite (map_ext (fun u => sigma act (c * u)) (fun u => c * sigma act u))
        by (intros; apply sigma_homogeneous; auto).
      rewrite (map_ext (fun u => sigma act (- (c * u))) (fun u => c * sigma act (- u)))
        by (intros; rewrite Ropp_mult_distr_r; apply sigma_homogeneous; auto).
      rewrite <- (map_map (sigma act) (Rmult c)), <- (map_map (fun u => sigma act (- u)) (Rmult c)).
      rewrite !IHk by auto. apply RmaxRmult. exact C.
  Qed.
  Lemma turned_opp : forall k l, turned k (map Ropp l) = turned k l.
  Proof.
    destruct k; simpl; intros l.
    - rewrite <- Rabs_Ropp. f_equal. revert l. induction samples as [|p s IH]; intros [|u l]; simpl; try ring.
      specialize (IH l). unfold rsum in *. lra.
    - rewrite !map_map, Rmax_comm. f_equal. f_equal. apply map_ext. intros. f_equal. ring.
  Qed.
  Lemma turned_multiple : forall k c l, turned k (map (Rmult c) l) = Rabs c * turned k l.
  Proof.
    intros k c l. destruct (Rle_lt_dec 0 c) as [C|C].
    - rewrite Rabs_right by lra. apply turned_scale, C.
    - rewrite Rabs_left, <- (turned_scale k (- c)), <- turned_opp, map_map by lra. f_equal.
      apply map_ext. intros. ring.
  Qed.
  Lemma branch_ext : forall k f g, (forall x, f x = g x) -> branch k f <= branch k g.
  Proof. intros. unfold branch. right. f_equal. apply map_ext. auto. Qed.
  Lemma branch_multiple : forall k c f, branch k (fun x => c * f x) = Rabs c * branch k f.
  Proof.
    intros. unfold branch. rewrite <- turned_multiple, map_map. reflexivity.
  Qed.
  Lemma branch_zero : forall k, branch k (fun _ => 0) <= 0.
  Proof.
    intros k. eapply Rle_trans; [apply (branch_ext k _ (fun _ => 0 * 0)); intros; ring|].
    rewrite branch_multiple, Rabs_R0. lra.
  Qed.
  Lemma branch_sigma : forall k c f,
    branch k (fun x => c * sigma act (f x)) <= branch (S k) (fun x => c * f x).
  Proof.
    intros. rewrite !branch_multiple. apply Rmult_le_compat_l; [apply Rabs_pos|].
    unfold branch. simpl. rewrite !map_map. apply Rmax_l.
  Qed.
  Lemma branch_plus : forall f g,
    branch 0 (fun x => f x + g x) <= branch 0 f + branch 0 g.
  Proof.
    intros. unfold branch. simpl. eapply Rle_trans; [|apply Rabs_triang]. right. f_equal.
    induction samples as [|p s IH]; simpl; [ring|]. unfold rsum in *. rewrite IH. ring.
  Qed.
End Branches.

(** * The checker *)
Section NormBound.
  Variables (K : ops) (v : K -> R).
  Hypothesis HK : reading K v.
  Variables (net : network) (d : nat) (U : K).
  Notation a := (act net).

  (** A tree of sign choices at the samples; at a leaf, multipliers of the signs, the last first. *)
  Inductive sign_cells := Cell (nus : list K) | Signs (on off : sign_cells).
  Fixpoint cell_vector (met : list (bool * K * list K)) (nus : list K) : list K :=
    match met, nus with
    | (b, c, x) :: met', nu :: nus' =>
        kadd K (kscale K (if b then add K c nu else sub K c nu) x) (cell_vector met' nus')
    | _, _ => repeat (zero K) d
    end.
  Fixpoint cells_ok (off : K) (rest : list (K * list K)) (met : list (bool * K * list K))
    (t : sign_cells) : bool :=
    match rest, t with
    | [], Cell nus => forallb (nonneg K) nus && Nat.eqb (length nus) (length met) &&
        nonneg K (sub K U (ksquare K (cell_vector met nus)))
    | (c, x) :: rest', Signs t1 t0 => Nat.eqb (length x) d &&
        cells_ok off rest' ((true, c, x) :: met) t1 &&
        cells_ok off rest' ((false, mul K off c, x) :: met) t0
    | _, _ => false
    end.
  (** All signs of the weights on a branch, at one coordinate of the inputs. *)
  Definition activated (u : K) : K := if pos K u then u else mul K (gslope K a) u.
  Fixpoint turns_ok (cs : list K) (k : nat) (l : list K) : bool :=
    match k with
    | O => let s := fold_right (add K) (zero K) (map (fun p => mul K (fst p) (snd p)) (combine cs l)) in
           nonneg K (sub K U (mul K s s))
    | S k' => forallb (signed K) l && turns_ok cs k' (map activated l) &&
              (forallb (signed K) (map (neg K) l) && turns_ok cs k' (map (fun u => activated (neg K u)) l))
    end.
  Definition chosen (data : list (exact_sample K)) (terms : list (nat * K)) :=
    map (fun t => (snd t, nth (fst t) data ([], true))) terms.
  Definition with_label (p : K * exact_sample K) : K := if snd (snd p) then fst p else neg K (fst p).
  (** With a tree: all samples with multipliers have the label y.  Without: by branches. *)
  Definition check_norm_bound data theta (terms : list (nat * K)) (cells : option (bool * sign_cells)) : bool :=
    let m := length (layers net) in
    let used := chosen data terms in
    let A := fold_right (add K) (zero K) (map fst used) in
    match a with LeakyReLU q => Qle_bool 0 q && Qle_bool q 1 | _ => true end &&
    no_repeat (occurrences net) &&
    forallb (fun k => Nat.ltb k (parameters net)) (occurrences net) &&
    check_feasible K net data theta && Nat.ltb 0 m && pos K U && pos K A &&
    forallb (fun t => Nat.ltb (fst t) (length data) && nonneg K (snd t)) terms &&
    match cells with
    | Some (y, t) => forallb (fun p => Bool.eqb (snd (snd p)) y) used &&
        cells_ok (kpower K (gslope K a) (m - 1)) (map (fun p => (fst p, fst (snd p))) used) [] t
    | None => forallb single (removelast (layers net)) && single (hd [] (layers net)) &&
        forallb (fun p => Nat.eqb (length (fst (snd p))) d) used &&
        below d (fun j => turns_ok (map with_label used) (m - 1)
          (map (fun p => coordinate (fst (snd p)) j) used))
    end &&
    nonneg K (sub K (mul K (kpower K (of_Q K (inject_Z (Z.of_nat m))) m) (mul K A A))
                    (mul K (kpower K (knorm2 (parameters net) theta) m) U)).

  (** ** Cells *)
  Section Cells.
    Variables (k : nat) (L : list R -> R) (b : R).
    Hypothesis Slope : 0 <= slope a <= 1.
    Hypothesis L_plus : forall x y : list R, length x = length y -> L (vadd x y) = L x + L y.
    Hypothesis L_scale : forall c x, L (vscale c x) = c * L x.
    Hypothesis L_bound : forall x, square x <= v U -> L x <= b.
    Definition meets (p : bool * K * list K) : Prop :=
      length (snd p) = d /\ if fst (fst p) then 0 <= L (map v (snd p)) else L (map v (snd p)) <= 0.
    Definition linear_part (met : list (bool * K * list K)) : R :=
      rsum (map (fun p => v (snd (fst p)) * L (map v (snd p))) met).
    Lemma cell_vector_bound : forall met nus, Forall meets met -> forallb (nonneg K) nus = true ->
      length nus = length met -> length (cell_vector met nus) = d /\
      linear_part met <= L (map v (cell_vector met nus)).
    Proof.
      induction met as [|[[s c] x] met IH]; intros [|nu nus] M N E; try discriminate.
      - split; [apply repeat_length|]. unfold linear_part. cbn [map rsum fold_right cell_vector].
        rewrite (repeat_v K v HK).
        assert (Z : repeat 0 d = vscale 0 (repeat 0 d)).
        { unfold vscale. rewrite <- (map_id (repeat 0 d)) at 1. apply map_ext_in.
          intros r I. apply repeat_spec in I. subst. unfold id. lra. }
        rewrite Z, L_scale. lra.
      - inversion M as [|p l [Mx Ms] M']; subst. cbn [snd fst] in Mx, Ms. cbn [forallb] in N.
        apply andb_prop in N as [N1 N2].
        apply (nonneg_sound K v HK) in N1. injection E as E. destruct (IH nus M' N2 E) as [I1 I2].
        assert (Len : length (vscale (v (if s then add K c nu else sub K c nu)) (map v x)) =
          length (map v (cell_vector met nus))) by (unfold vscale; rewrite !map_length; congruence).
        split.
        + cbn [cell_vector]. rewrite <- (map_length v), kadd_v, kscale_v, vadd_length by auto.
          unfold vscale. rewrite !map_length. exact Mx.
        + cbn [cell_vector]. rewrite kadd_v, kscale_v, L_plus, L_scale by auto.
          unfold linear_part in *. cbn [map rsum fold_right fst snd].
          apply Rplus_le_compat; [|exact I2].
          destruct s; rewrite ?(v_add HK), ?(v_sub K v HK); nra.
    Qed.
    Lemma cells_ok_bound : forall off, v off = slope a ^ k -> forall rest met t, Forall meets met ->
      cells_ok off rest met t = true ->
      rsum (map (fun p => v (fst p) * tau a k (L (map v (snd p)))) rest) + linear_part met <= b.
    Proof.
      intros off Off samples. induction samples as [|[c x] samples IH];
        intros met [nus|t1 t0] M H; try discriminate;
        cbn [cells_ok] in H; apply andb_prop in H as [H H3]; apply andb_prop in H as [H1 H2].
      - apply Nat.eqb_eq in H2. apply (nonneg_sound K v HK) in H3.
        rewrite (v_sub K v HK), (ksquare_v K v HK) in H3.
        destruct (cell_vector_bound met nus M H1 H2) as [_ B]. simpl rsum.
        specialize (L_bound (map v (cell_vector met nus)) ltac:(lra)). lra.
      - apply Nat.eqb_eq in H1. cbn [map rsum fold_right fst snd].
        unfold linear_part, rsum in IH |- *. destruct (Rle_lt_dec 0 (L (map v x))) as [S|S].
        + apply IH in H2; [|constructor; auto; split; auto].
          cbn [map fold_right fst snd] in H2. rewrite (tau_on a k _ S). lra.
        + apply IH in H3; [|constructor; auto; split; auto; simpl; lra].
          cbn [map fold_right fst snd] in H3. rewrite (v_mul HK), Off in H3.
          rewrite (tau_off a Slope k _ (Rlt_le _ _ S)). lra.
    Qed.
  End Cells.

  (** ** Branches *)
  Lemma activated_v : forall u, signed K u = true -> v (activated u) = sigma a (v u).
  Proof.
    intros u S. unfold activated, signed in *. destruct (pos K u) eqn:P.
    - apply (v_pos HK) in P. unfold sigma. destruct (Rle_dec 0 (v u)); lra.
    - rewrite (v_mul HK), (gslope_v K v HK). unfold sigma. destruct (Rle_dec 0 (v u)) as [Z|Z]; [|lra].
      assert (E : v u = 0); [|rewrite E; ring]. simpl in S. apply orb_prop in S as [S|S].
      + apply (v_pos HK) in S. rewrite (v_neg K v HK) in S. lra.
      + apply (v_isz HK), S.
  Qed.
  Lemma turns_ok_bound : forall (samples : list (R * list R)) cs, map fst samples = map v cs ->
    forall k l, turns_ok cs k l = true -> turned a samples k (map v l) <= sqrt (v U).
  Proof.
    intros samples cs E. induction k; intros l H.
    - cbn [turns_ok turned] in *. apply (nonneg_sound K v HK) in H.
      rewrite (v_sub K v HK), (v_mul HK) in H.
      assert (S : rsum (map (fun p => fst (fst p) * snd p) (combine samples (map v l))) =
        v (fold_right (add K) (zero K) (map (fun p => mul K (fst p) (snd p)) (combine cs l)))).
      { clear H. revert cs E l. induction samples as [|p s IH]; intros [|c cs] E l; try discriminate;
          [simpl; rewrite (v_zero HK); reflexivity|].
        destruct l as [|u l]; [simpl; rewrite (v_zero HK); reflexivity|].
        injection E as E1 E2. simpl. rewrite (v_add HK), (v_mul HK), E1.
        unfold rsum in IH. rewrite (IH cs E2). reflexivity. }
      rewrite S, <- sqrt_Rsqr_abs. apply sqrt_le_1_alt. unfold Rsqr. lra.
    - cbn [turns_ok turned] in *. apply andb_prop in H as [H1 H2].
      apply andb_prop in H1 as [H1 H3]. apply andb_prop in H2 as [H2 H4].
      apply IHk in H3, H4. rewrite !map_map in *. apply Rmax_lub.
      + rewrite (map_ext_in (fun x => sigma a (v x)) (fun x => v (activated x))); auto.
        intros u I. symmetry. apply activated_v. rewrite forallb_forall in H1. apply H1, I.
      + rewrite (map_ext_in (fun x => sigma a (- v x)) (fun x => v (activated (neg K x)))); auto.
        intros u I. rewrite <- (v_neg K v HK). symmetry. apply activated_v.
        rewrite forallb_forall in H2. apply H2, in_map, I.
  Qed.
  (** ** Soundness *)
  Lemma multipliers_margin : forall th (used : list (K * exact_sample K)),
    (forall p, In p used -> 0 <= v (fst p) /\ 1 <= margin net th (sample_of v (snd p))) ->
    v (fold_right (add K) (zero K) (map fst used)) <=
    rsum (map (fun p => v (fst p) * margin net th (sample_of v (snd p))) used).
  Proof.
    unfold rsum. induction used as [|p used IH]; intros H; cbn [map fold_right]; [rewrite (v_zero HK); lra|].
    rewrite (v_add HK). destruct (H p (or_introl eq_refl)) as [H1 H2].
    specialize (IH (fun q I => H q (or_intror I))).
    set (g := margin net th (sample_of v (snd p))) in *.
    assert (v (fst p) * 1 <= v (fst p) * g) by (apply Rmult_le_compat_l; auto). lra.
  Qed.
  Theorem check_norm_bound_sound : forall data theta terms cells,
    check_norm_bound data theta terms cells = true ->
    global_optimum net (samples_of v data) Whole (point_of v theta).
  Proof.
    intros data theta terms cells H. unfold check_norm_bound in H. cbv zeta in H.
    set (used := chosen data terms) in *.
    set (A := fold_right (add K) (zero K) (map fst used)) in *.
    repeat (let H' := fresh "H" in apply andb_prop in H as [H H']).
    split; [apply check_feasible_sound; auto|]. intros th F _.
    apply Nat.ltb_lt in H5. apply (v_pos HK) in H4, H3. apply (nonneg_sound K v HK) in H0.
    rewrite (v_sub K v HK), !(v_mul HK), !(kpower_v K v HK), (v_of_Q HK), (knorm2_v K v HK) in H0.
    assert (EM : Q2R (inject_Z (Z.of_nat (length (layers net)))) = INR (length (layers net)))
      by (unfold Q2R, inject_Z; simpl; rewrite <- INR_IZR_INZ; field).
    rewrite EM in H0.
    assert (Sl : 0 <= slope a <= 1).
    { destruct a as [| |q]; simpl; [lra | lra |]. apply andb_prop in H as [Q1 Q2].
      apply Qle_bool_imp_le, Qle_Rle in Q1. apply Qle_bool_imp_le, Qle_Rle in Q2.
      rewrite Q2R_0 in Q1. rewrite Q2R_1 in Q2. lra. }
    assert (Use : forall p, In p used -> 0 <= v (fst p) /\ 1 <= margin net th (sample_of v (snd p))).
    { intros p I. apply in_map_iff in I as [[i c] [<- I]]. rewrite forallb_forall in H2.
      specialize (H2 _ I). apply andb_prop in H2 as [L N]. apply Nat.ltb_lt in L.
      apply (nonneg_sound K v HK) in N. split; [exact N|]. apply F, in_map, nth_In, L. }
    pose proof (multipliers_margin th used Use) as M. fold A in M.
    enough (G : v A <= sqrt (product (map (fun W => squares_of th (matrix_parameters W)) (layers net)) * v U)).
    { assert (N : 0 <= product (map (fun W => squares_of th (matrix_parameters W)) (layers net))).
      { apply product_nonneg. intros r I. apply in_map_iff in I as [W [<- _]]. apply squares_of_nonneg. }
      eapply (optimal_from_product net th (point_of v theta) (v A) (v U)); auto;
        try apply no_repeat_sound; auto.
      - intros k I. rewrite forallb_forall in H7. apply Nat.ltb_lt, H7, I.
      - rewrite <- (sqrt_sqrt (product _ * v U)) by (apply Rmult_le_pos; lra).
        apply Rmult_le_compat; auto; lra. }
    eapply Rle_trans; [exact M|]. clear M H0 H EM.
    destruct (layers net) as [|W Ws] eqn:Lay; [simpl in H5; lia|].
    replace (length (W :: Ws) - 1)%nat with (length Ws) in H1 by (simpl; lia).
    destruct cells as [[y t]|].
    - (* one label *)
      apply andb_prop in H1 as [Y T]. set (c := if y then 1 else -1).
      set (samples := map (fun p : K * exact_sample K => (v (fst p), map v (fst (snd p)))) used).
      assert (Pos : forall p, In p samples -> 0 <= fst p)
        by (intros p I; apply in_map_iff in I as [q [<- I]]; apply Use, I).
      assert (E : rsum (map (fun p => v (fst p) * margin net th (sample_of v (snd p))) used) =
        weighted a samples 0 (fun x => c * hd 0 (forward a th (W :: Ws) x))).
      { unfold weighted, samples. rewrite map_map. f_equal. apply map_ext_in. intros [e [x z]] I.
        rewrite forallb_forall in Y. specialize (Y _ I). apply Bool.eqb_prop in Y. cbn [fst snd] in Y.
        unfold margin, label, Phi. rewrite Lay. cbn [sample_of positive input fst snd]. rewrite Y. reflexivity. }
      assert (C1 : Rabs c = 1) by (unfold c; destruct y; [rewrite Rabs_right | rewrite Rabs_left]; lra).
      rewrite E, <- (Rmult_1_l (sqrt _)), <- C1. apply (chain_first a th (weighted a samples) True).
      + intros. apply weighted_le; auto. intros. rewrite H. lra.
      + apply weighted_zero.
      + apply weighted_sigma; auto.
      + apply weighted_plus; auto.
      + intros _. apply weighted_plus; auto.
      + lra.
      + apply Forall_forall. left. exact I.
      + intros row e _. set (L := fun x => e * dot th row x).
        assert (B : rsum (map (fun p => v (fst p) * tau a (length Ws) (L (map v (snd p))))
          (map (fun p => (fst p, fst (snd p))) used)) + linear_part L [] <=
          Rabs e * sqrt (squares_of th (row_parameters row) * v U)).
        { eapply (cells_ok_bound (length Ws) L); [exact Sl | | | | | constructor | exact T].
          - intros. unfold L. rewrite dot_vadd by auto. ring.
          - intros. unfold L. rewrite dot_vscale. ring.
          - intros x Q. unfold L. eapply Rle_trans; [apply Rle_abs|]. rewrite Rabs_mult.
            apply Rmult_le_compat_l; [apply Rabs_pos|]. rewrite <- sqrt_Rsqr_abs. apply sqrt_le_1_alt.
            unfold Rsqr. eapply Rle_trans; [apply dot_square|].
            apply Rmult_le_compat_l; [apply squares_of_nonneg | exact Q].
          - rewrite (kpower_v K v HK), (gslope_v K v HK). reflexivity. }
        unfold linear_part in B. cbn [map] in B. unfold rsum at 2 in B. simpl fold_right in B.
        unfold weighted, samples. rewrite map_map in B |- *. cbn [fst snd] in *. rewrite Rplus_0_r in B.
        exact B.
    - (* branches *)
      repeat (let H' := fresh "B" in apply andb_prop in H1 as [H1 H']).
      cbn [hd] in B1. set (b := sqrt (v U)).
      set (samples := map (fun p : K * exact_sample K => (v (with_label p), map v (fst (snd p)))) used).
      assert (E : rsum (map (fun p => v (fst p) * margin net th (sample_of v (snd p))) used) <=
        branch a samples 0 (fun x => 1 * hd 0 (forward a th (W :: Ws) x))).
      { unfold branch. cbn [turned]. eapply Rle_trans; [|apply Rle_abs]. right. unfold samples, rsum.
        clear - HK Lay. induction used as [|[e [x z]] used IH]; [reflexivity|].
        cbn [map combine fold_right fst snd]. rewrite IH. f_equal.
        unfold margin, label, Phi, with_label. rewrite Lay. cbn [sample_of positive input fst snd].
        destruct z; rewrite ?(v_neg K v HK); ring. }
      eapply Rle_trans; [exact E|]. rewrite <- (Rmult_1_l (sqrt _)), <- Rabs_R1 at 1.
      apply (chain_first a th (branch a samples) False); try tauto;
        auto using branch_ext, branch_zero, branch_sigma, branch_plus; [lra | |].
      + apply Forall_forall. intros M I. right. rewrite forallb_forall in H1. apply H1, I.
      + intros row e I.
        set (n := repeat b d). assert (b0 : 0 <= b) by apply sqrt_pos.
        assert (Bn : bounded_by (branch a samples) (length Ws) (fun x => x) n).
        { intros j c. rewrite branch_multiple. apply Rmult_le_compat_l; [apply Rabs_pos|].
          destruct (Nat.lt_ge_cases j d) as [J|J].
          - replace (nth j n 0) with b
              by (symmetry; apply (repeat_spec d); unfold n; apply nth_In; rewrite repeat_length; exact J).
            pose proof (below_sound _ _ B j J) as T. cbv beta in T.
            apply (turns_ok_bound samples) in T; [|unfold samples; rewrite !map_map; reflexivity].
            unfold branch. rewrite map_map in T. unfold samples at 2. rewrite map_map.
            rewrite (map_ext _ (fun p : K * exact_sample K => v (coordinate (fst (snd p)) j))); [exact T|].
            intros p. cbn [snd]. unfold coordinate. rewrite <- (v_zero HK). apply map_nth.
          - rewrite (nth_overflow n) by (unfold n; rewrite repeat_length; exact J).
            eapply Rle_trans; [|apply (branch_zero a samples (length Ws))]. right. unfold branch. f_equal.
            apply map_ext_in. intros q Iq. unfold samples in Iq. apply in_map_iff in Iq as [p [<- Iq]].
            rewrite forallb_forall in B0. specialize (B0 p Iq). apply Nat.eqb_eq in B0.
            apply nth_overflow. cbn [snd]. rewrite map_length. rewrite <- B0 in J. exact J. }
        eapply Rle_trans; [eapply (row_single th (branch a samples)); eauto using branch_ext, branch_zero|].
        * unfold single in B1. rewrite forallb_forall in B1. apply Nat.leb_le, B1, I.
        * apply Rmult_le_compat_l; [apply Rabs_pos|]. eapply Rle_trans; [apply Rle_abs|].
          rewrite <- sqrt_Rsqr_abs. apply sqrt_le_1_alt. unfold Rsqr.
          pose proof (single_square (fun k => Rabs (th k)) (v U) n) as Q.
          assert (U0 : 0 <= v U) by lra.
          assert (Nb : forall r, In r n -> r * r <= v U)
            by (intros r Ir; apply repeat_spec in Ir; rewrite Ir; unfold b; rewrite sqrt_sqrt; lra).
          specialize (Q Nb U0 [row]). rewrite size_squares in Q.
          unfold matrix_parameters in Q. cbn [flat_map] in Q.
          rewrite app_nil_r in Q. unfold square in Q. cbn [matvec map rsum fold_right] in Q.
          rewrite Rplus_0_r in Q. apply Q. unfold single in *. cbn [forallb]. rewrite andb_true_r.
          rewrite forallb_forall in B1. apply B1, I.
  Qed.
End NormBound.

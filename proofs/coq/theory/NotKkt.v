(** [not-kkt]: a direction d with θ·d < 0 and y_i ∇Φ^s(θ;x_i)·d >= 0 for every active i and
    every pattern s that may be realizable, so that θ is no combination of such gradients.
    Patterns without interior are left out by Gordan's theorem. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common Near Sanity Class Points
  NotLocal Kkt Explore.
Import ListNotations.
Open Scope R_scope.

(** * Pre-activations under a pattern are continuous in θ *)
Definition values (th : point) (X : list (point -> R)) : list R := map (fun f => f th) X.
Fixpoint fgate a (s : list bool) (X : list (point -> R)) : list (point -> R) :=
  match X with
  | [] => []
  | f :: X' => (fun th => factor a (hd false s) * f th) :: fgate a (tl s) X'
  end.
Definition fmatvec (W : matrix) (X : list (point -> R)) : list (point -> R) :=
  map (fun row th => dot th row (values th X)) W.
Lemma fgate_values : forall a th X s, values th (fgate a s X) = gate a s (values th X).
Proof. induction X; simpl; intros; auto. f_equal. apply IHX. Qed.
Lemma fmatvec_values : forall th W X, values th (fmatvec W X) = matvec th W (values th X).
Proof. intros. unfold values at 1, fmatvec, matvec. rewrite map_map. reflexivity. Qed.
Section Continuous.
  Variables (net : network) (theta : point).
  Notation C := (cont net theta).
  Lemma dot_cont : forall row X, forallb (index_b (parameters net)) row = true -> Forall C X ->
    C (fun th => dot th row (values th X)).
  Proof.
    induction row as [|e row IH]; intros X H F; [simpl; apply cont_const|].
    destruct X as [|f X]; [simpl; apply cont_const|]. simpl in *. apply andb_prop in H as [H1 H2].
    inversion F; subst. apply cont_plus; [|apply IH; auto]. apply cont_mult; auto.
    destruct e as [|k]; simpl; [apply cont_const|]. apply cont_coordinate. apply Nat.ltb_lt, H1.
  Qed.
  Lemma fgate_cont : forall a X s, Forall C X -> Forall C (fgate a s X).
  Proof.
    induction X; intros s F; simpl; auto. inversion F; subst. constructor; auto.
    apply cont_mult; auto. apply cont_const.
  Qed.
  Lemma nth_holds_cont : forall X j, Forall C X -> C (fun th => nth j (values th X) 0).
  Proof.
    induction X as [|f X IH]; intros j F; [destruct j; simpl; apply cont_const|].
    inversion F; subst. destruct j as [|j]; [exact H1 | apply (IH j H2)].
  Qed.
  Lemma preactivation_cont : forall a Ws, forallb (forallb (forallb (index_b (parameters net)))) Ws = true ->
    forall s X, Forall C X -> forall l j,
    C (fun th => nth j (nth l (preactivations_pattern a s th Ws (values th X)) []) 0).
  Proof.
    intros a. induction Ws as [|W [|W' Ws] IH]; intros H s X F l j.
    - destruct l, j; simpl; apply cont_const.
    - destruct l, j; simpl; apply cont_const.
    - remember (W' :: Ws) as Ws1 eqn:E. simpl in H. apply andb_prop in H as [H1 H2].
      assert (P : forall th, preactivations_pattern a s th (W :: Ws1) (values th X) =
        values th (fmatvec W X) ::
        preactivations_pattern a (tl s) th Ws1 (values th (fgate a (hd [] s) (fmatvec W X)))).
      { intros th. rewrite fgate_values, !fmatvec_values, E. reflexivity. }
      assert (FW : Forall C (fmatvec W X)).
      { apply Forall_forall. intros f I. apply in_map_iff in I as [row [<- I]].
        apply dot_cont; auto. rewrite forallb_forall in H1. apply H1, I. }
      destruct l as [|l].
      + intros eps He. eapply near_weaken;
          [|apply (nth_holds_cont (fmatvec W X) j FW eps He)].
        cbv beta. intros x Hx. rewrite !P. cbn [nth]. exact Hx.
      + intros eps He. eapply near_weaken;
          [|apply (IH H2 (tl s) (fgate a (hd [] s) (fmatvec W X)) (fgate_cont _ _ _ FW) l j eps He)].
        cbv beta. intros x Hx. rewrite !P. exact Hx.
  Qed.
End Continuous.

(** A realizable pattern agrees weakly with its own pre-activations at θ. *)
Lemma realizable_agree : forall net x s theta,
  forallb (forallb (forallb (index_b (parameters net)))) (layers net) = true ->
  realizable net x s theta ->
  agree (act net) s (preactivations_pattern (act net) s theta (layers net) x).
Proof.
  intros net x s theta I R.
  assert (Cases : act net = Linear \/ act net <> Linear)
    by (destruct (act net); [left; reflexivity | right; discriminate | right; discriminate]).
  destruct Cases as [A|A]; [rewrite A; apply agree_linear|].
  destruct R as [R|R]; [contradiction|].
  apply agree_index. intros l j _ _. right.
  set (z := fun th => nth j (nth l (preactivations_pattern (act net) s th (layers net) x) []) 0).
  assert (Cz : cont net theta z).
  { pose proof (preactivation_cont net theta (act net) (layers net) I s (map (fun c _ => c) x)) as P.
    assert (E : forall th, values th (map (fun c (_ : point) => c) x) = x)
      by (intros; unfold values; rewrite map_map; apply map_id).
    assert (F : Forall (cont net theta) (map (fun c (_ : point) => c) x)).
    { apply Forall_forall. intros f Hf. apply in_map_iff in Hf as [c [<- _]]. apply cont_const. }
    intros eps He. eapply near_weaken; [|apply (P F l j eps He)]. cbv beta.
    intros y. rewrite !E. auto. }
  (* at the realizing points the sign is right *)
  assert (Sign : forall eps, 0 < eps -> exists th, dist net theta th <= eps /\
    (if on s l j then 0 <= z th else z th <= 0)).
  { intros eps He. destruct (R eps He) as [th [D S]]. exists th. split; auto.
    assert (G : agree (act net) s (preactivations (act net) th (layers net) x)).
    { apply agree_index. intros l' j' _ _. right. specialize (S l' j'). cbv zeta in S.
      unfold preactivation in S. destruct (on s l' j'); [lra|]. destruct S as [S|[d [Dp S]]]; [lra|].
      right. apply S. unfold dist. apply norm_bound; [lra|]. unfold norm2.
      rewrite (sum_ext _ _ (fun _ => 0)), sum_zero by (intros; ring). nra. }
    destruct (agree_true _ _ _ _ _ G) as [_ E]. rewrite <- E in G.
    pose proof (proj1 (agree_index _ _ _) G l j) as W.
    unfold z.
    destruct (Nat.lt_ge_cases l (length (preactivations_pattern (act net) s th (layers net) x))) as [L|L];
      [|rewrite (nth_overflow _ _ L); destruct (on s l j), j; simpl; lra].
    set (r := nth l (preactivations_pattern (act net) s th (layers net) x) []) in *.
    destruct (Nat.lt_ge_cases j (length r)) as [J|J];
      [|rewrite (nth_overflow _ _ J); destruct (on s l j); lra].
    destruct (W L J) as [A'|W']; [contradiction | exact W']. }
  fold (z theta).
  destruct (on s l j) eqn:O.
  - destruct (Rle_lt_dec 0 (z theta)) as [|N]; auto. exfalso.
    destruct (cont_positive net theta (fun th => (-1) * z th)) as [d [D P]];
      [apply cont_mult; [apply cont_const|exact Cz] | lra |].
    destruct (Sign d D) as [th [Dt St]]. specialize (P th Dt). cbv beta in P. lra.
  - destruct (Rle_lt_dec (z theta) 0) as [|N]; auto. exfalso.
    destruct (cont_positive net theta z Cz N) as [d [D P]].
    destruct (Sign d D) as [th [Dt St]]. specialize (P th Dt). lra.
Qed.

(** * Patterns of the network's shape *)
Fixpoint trim_row (n : nat) (s : list bool) : list bool :=
  match n with O => [] | S n' => hd false s :: trim_row n' (tl s) end.
Fixpoint trim (Ws : list matrix) (s : pattern) : pattern :=
  match Ws with
  | [] | _ :: [] => []
  | W :: Ws' => trim_row (length W) (hd [] s) :: trim Ws' (tl s)
  end.
Lemma gate_trim : forall a z s, gate a (trim_row (length z) s) z = gate a s z.
Proof. induction z; simpl; intros; auto. rewrite IHz. reflexivity. Qed.
Lemma forward_trim : forall a th Ws s x,
  forward_pattern a (trim Ws s) th Ws x = forward_pattern a s th Ws x.
Proof.
  induction Ws as [|W [|W' Ws] IH]; intros s x; auto.
  remember (W' :: Ws) as Ws1 eqn:E.
  assert (T : trim (W :: Ws1) s = trim_row (length W) (hd [] s) :: trim Ws1 (tl s))
    by (rewrite E; reflexivity).
  assert (F : forall r t, forward_pattern a t th (W :: Ws1) r =
    forward_pattern a (tl t) th Ws1 (gate a (hd [] t) (matvec th W r)))
    by (intros; rewrite E; reflexivity).
  rewrite T, !F. cbn [hd tl].
  replace (length W) with (length (matvec th W x)) by (unfold matvec; apply map_length).
  rewrite gate_trim. apply IH.
Qed.

Section NotKkt.
  Variables (K : ops) (v : K -> R).
  Hypothesis HK : reading K v.

  Fixpoint choose (z : list K) (k : list bool -> bool) : bool :=
    match z with
    | [] => k []
    | u :: z' => (pos K (neg K u) || choose z' (fun s => k (true :: s))) &&
                 (pos K u || choose z' (fun s => k (false :: s)))
    end.
  Fixpoint patterns a (th : nat -> self K) (Ws : list matrix) (x : list K) (k : pattern -> bool) : bool :=
    match Ws with
    | [] | _ :: [] => k []
    | W :: Ws' => let z := gmatvec K (self K) th W x in
      choose z (fun r => patterns a th Ws' (ggate K (self K) a r z) (fun s => k (r :: s)))
    end.

  (** An exclusion at one sample: units of the first layer, their signs, and weights. *)
  Definition exclusion := list (nat * bool * K).
  Definition first_unit net (x : list K) (j : nat) : poly K :=
    gdot K (polynomials K) (pvar K) (nth j (hd [] (layers net)) []) (start K (polynomials K) x).
  Definition oriented (b : bool) (p : poly K) : poly K := if b then p else pneg K p.
  Definition exclusion_ok net (tie : list K) (x : list K) (e : exclusion) : bool :=
    match e with [] => false | _ => true end && Nat.ltb 1 (length (layers net)) &&
    forallb (fun jbw => let '(j, b, w) := jbw in pos K w &&
      let c := at_exact K tie (first_unit net x j) in pos K c || pos K (neg K c)) e &&
    pzero K (fold_right (fun jbw p => let '(j, b, w) := jbw in
      padd K (pmul K (pconst K w) (oriented b (first_unit net x j))) p) [] e).
  Definition excluded_by (s : pattern) (e : exclusion) : bool :=
    forallb (fun jbw => let '(j, b, _) := jbw in Bool.eqb (on s 0 j) b) e.

  Definition rate net theta (dir : list K) s d : K :=
    ksum (parameters net) (fun k => mul K (coordinate dir k) (derivative K net theta s d k)).
  Definition ascends net theta dir tie (es : list exclusion) (d : exact_sample K) : bool :=
    forallb (exclusion_ok net tie (fst d)) es &&
    match act net with
    | Linear => nonneg K (rate net theta dir [] d)
    | _ => patterns (act net) (coordinate theta) (layers net) (fst d)
        (fun s => existsb (excluded_by s) es || nonneg K (rate net theta dir s d))
    end.
  Definition inactive net theta d : bool :=
    margin_test K (fun c => pos K c || pos K (neg K c)) net theta d.
  Fixpoint all_samples net theta dir tie (data : list (exact_sample K))
    (es : list (list exclusion)) : bool :=
    match data with
    | [] => true
    | d :: data' => (inactive net theta d || ascends net theta dir tie (hd [] es) d) &&
                    all_samples net theta dir tie data' (tl es)
    end.
  (** [es]: per sample, its exclusions; [tie]: a direction in which none of their units is 0. *)
  Definition check_not_kkt net data theta (dir tie : list K) (es : list (list exclusion)) : bool :=
    forallb (forallb (forallb (index_b (parameters net)))) (layers net) &&
    pos K (neg K (ksum (parameters net) (fun k => mul K (coordinate dir k) (coordinate theta k)))) &&
    all_samples net theta dir tie data es.

  Lemma choose_sound : forall a, a <> Linear -> forall z s k, agree_row a s (map v z) ->
    choose z k = true -> k (trim_row (length z) s) = true.
  Proof.
    intros a A. induction z as [|u z IH]; simpl; intros s k G H; auto.
    destruct G as [[G1|G1] G2]; [contradiction|]. apply andb_prop in H as [H1 H0].
    destruct (hd false s).
    - apply orb_prop in H1 as [H1|H1].
      + apply (v_pos HK) in H1. rewrite (v_neg K v HK) in H1. lra.
      + apply (IH (tl s) (fun r => k (true :: r)) G2 H1).
    - apply orb_prop in H0 as [H0|H0].
      + apply (v_pos HK) in H0. lra.
      + apply (IH (tl s) (fun r => k (false :: r)) G2 H0).
  Qed.
  Lemma patterns_sound : forall a th, a <> Linear -> forall Ws s x k,
    agree a s (preactivations_pattern a s (fun j => v (th j)) Ws (map v x)) ->
    patterns a th Ws x k = true -> k (trim Ws s) = true.
  Proof.
    intros a th A. induction Ws as [|W [|W' Ws] IH]; intros s x k G H; auto.
    remember (W' :: Ws) as Ws1 eqn:E.
    assert (P : patterns a th (W :: Ws1) x k = choose (gmatvec K (self K) th W x) (fun r =>
      patterns a th Ws1 (ggate K (self K) a r (gmatvec K (self K) th W x)) (fun s => k (r :: s))))
      by (rewrite E; reflexivity).
    assert (T : trim (W :: Ws1) s = trim_row (length W) (hd [] s) :: trim Ws1 (tl s))
      by (rewrite E; reflexivity).
    assert (Q : preactivations_pattern a s (fun j => v (th j)) (W :: Ws1) (map v x) =
      matvec (fun j => v (th j)) W (map v x) :: preactivations_pattern a (tl s) (fun j => v (th j)) Ws1
        (gate a (hd [] s) (matvec (fun j => v (th j)) W (map v x)))) by (rewrite E; reflexivity).
    rewrite Q in G. destruct G as [G1 G2]. rewrite P in H.
    pose proof (gmatvec_e K (self K) th v v HK (self_evaluation K v HK) W x) as M.
    change (acar K (self K)) with (car K) in M. rewrite <- M in G1, G2.
    apply (choose_sound a A _ (hd [] s)) in H; auto.
    rewrite T. replace (length W) with (length (gmatvec K (self K) th W x))
      by (unfold gmatvec; apply map_length).
    apply (IH (tl s) _ (fun t => k (trim_row (length (gmatvec K (self K) th W x)) (hd [] s) :: t))) in H; auto.
    assert (GG : map v (ggate K (self K) a (trim_row (length (gmatvec K (self K) th W x)) (hd [] s))
      (gmatvec K (self K) th W x)) = gate a (hd [] s) (map v (gmatvec K (self K) th W x))).
    { etransitivity; [apply (ggate_e K (self K) v v HK (self_evaluation K v HK))|].
      etransitivity; [|apply gate_trim]. rewrite map_length. reflexivity. }
    exact (eq_ind _ (fun q => agree a (tl s) (preactivations_pattern a (tl s)
      (fun j => v (th j)) Ws1 q)) G2 _ (eq_sym GG)).
  Qed.

  Lemma dot_affine : forall th e t row x,
    dot (fun k => th k + t * e k) row x = dot th row x + t * dot e row x.
  Proof.
    induction row as [|[|k] row IH]; destruct x; simpl; try lra; rewrite IH; lra.
  Qed.
  Lemma first_unit_v : forall net x j th,
    at_point K v th (first_unit net x j) = dot th (nth j (hd [] (layers net)) []) (map v x).
  Proof.
    intros. unfold first_unit.
    etransitivity; [apply (gdot_e K (polynomials K) (pvar K) v (at_point K v th) HK
      (polynomials_evaluation K v HK th))|].
    pose proof (start_e K (polynomials K) v (at_point K v th) (polynomials_evaluation K v HK th) x) as S.
    change (acar K (polynomials K)) with (poly K) in S. etransitivity; [apply f_equal; exact S|].
    pose proof (matvec_ext (fun k => at_point K v th (pvar K k)) th [nth j (hd [] (layers net)) []]
      (map v x) (fun k => pvar_v K v HK th k)) as E. injection E as E. exact E.
  Qed.
  Lemma first_preactivation : forall net x j th, (1 < length (layers net))%nat ->
    preactivation net x 0 j th = dot th (nth j (hd [] (layers net)) []) x.
  Proof.
    intros net x j th L. unfold preactivation. destruct (layers net) as [|W [|W' Ws]]; simpl in L; try lia.
    cbn [preactivations nth hd]. unfold matvec.
    change 0 with (dot th [] x). rewrite (map_nth (fun row => dot th row x)). reflexivity.
  Qed.
  Lemma on_trim : forall Ws s j, (1 < length Ws)%nat -> (j < length (hd [] Ws))%nat ->
    on (trim Ws s) 0 j = on s 0 j.
  Proof.
    intros Ws s j L J. destruct Ws as [|W [|W' Ws]]; simpl in L; try lia.
    unfold on. cbn [trim nth hd] in *. replace (nth 0 s []) with (hd [] s) by (destruct s; reflexivity).
    generalize (hd [] s). clear - J. revert j J. induction (length W) as [|n IH]; intros j J r; [lia|].
    destruct j as [|j]; simpl; [destruct r; reflexivity|]. rewrite IH by lia.
    destruct r; simpl; auto. destruct j; auto.
  Qed.
  Lemma exclusion_sound : forall net tie x e s theta, act net <> Linear ->
    exclusion_ok net tie x e = true -> realizable net (map v x) s theta ->
    excluded_by (trim (layers net) s) e = true -> False.
  Proof.
    intros net tie x e s theta A O R X. destruct R as [R|R]; [contradiction|].
    destruct (R 1 ltac:(lra)) as [th [_ S]].
    unfold exclusion_ok in O. apply andb_prop in O as [O Z]. apply andb_prop in O as [O W].
    apply andb_prop in O as [N L]. apply Nat.ltb_lt in L.
    apply (pzero_sound K v HK) with (th := th) in Z.
    unfold excluded_by in X. rewrite forallb_forall in X, W.
    assert (Positive : forall j b w, In (j, b, w) e ->
      0 < v w * at_point K v th (oriented b (first_unit net x j))).
    { intros j b w I. specialize (X _ I). specialize (W _ I). cbv beta iota in X, W.
      apply eqb_prop in X. apply andb_prop in W as [W1 W2]. apply (v_pos HK) in W1.
      apply Rmult_lt_0_compat; auto.
      set (row := nth j (hd [] (layers net)) []) in *.
      set (e0 := point_of v tie). set (c := dot e0 row (map v x)).
      assert (C : c <> 0).
      { unfold c, row. rewrite <- first_unit_v. unfold e0. rewrite <- (at_exact_v K v HK).
        apply orb_prop in W2 as [W2|W2]; apply (v_pos HK) in W2;
          rewrite ?(v_neg K v HK) in W2; lra. }
      destruct (Nat.lt_ge_cases j (length (hd [] (layers net)))) as [J|J];
        [|exfalso; apply C; unfold c, row; rewrite nth_overflow by exact J; reflexivity].
      rewrite (on_trim _ _ _ L J) in X. specialize (S 0%nat j). cbv zeta in S. rewrite X in S.
      rewrite first_preactivation in S by exact L.
      unfold oriented. destruct b; [rewrite first_unit_v; exact S|].
      rewrite (pneg_v K v HK), first_unit_v. destruct S as [S|[dl [D S]]]; [lra|]. exfalso.
      (* z is zero around th: contradiction with its value in the direction tie *)
      set (t := dl / (norm net e0 + 1)). pose proof (norm_nonneg net e0) as NN.
      assert (T : 0 < t) by (apply Rdiv_lt_0_compat; lra).
      assert (Z0 : dot th row (map v x) = 0).
      { unfold row. rewrite <- (first_preactivation net (map v x) j th L). apply S.
        unfold dist. apply norm_bound; [lra|]. unfold norm2.
        rewrite (sum_ext _ _ (fun _ => 0)), sum_zero by (intros; ring). nra. }
      assert (Z1 : dot (fun k => th k + t * e0 k) row (map v x) = 0).
      { unfold row. rewrite <- (first_preactivation net (map v x) j _ L). apply S.
        unfold dist. rewrite (norm_ext net _ (fun k => t * e0 k)) by (intros; ring).
        rewrite norm_scaling by lra. replace dl with (t * (norm net e0 + 1)) by (unfold t; field; lra).
        apply Rmult_le_compat_l; lra. }
      rewrite dot_affine, Z0 in Z1. fold c in Z1. apply C.
      destruct (Rmult_integral t c) as [Q|Q]; lra. }
    assert (Sum : forall l, (forall q, In q l -> In q e) ->
      0 <= at_point K v th (fold_right (fun jbw p => let '(j, b, w) := jbw in
        padd K (pmul K (pconst K w) (oriented b (first_unit net x j))) p) [] l)).
    { induction l as [|[[j b] w] l IH]; intros I; simpl; [lra|].
      rewrite (padd_v K v HK), (pmul_v K v HK), (pconst_v K v HK).
      pose proof (Positive j b w (I _ (or_introl eq_refl))).
      pose proof (IH (fun q Q => I q (or_intror Q))). lra. }
    destruct e as [|[[j b] w] e']; try discriminate. simpl in Z.
    rewrite (padd_v K v HK), (pmul_v K v HK), (pconst_v K v HK) in Z.
    pose proof (Positive j b w (or_introl eq_refl)).
    pose proof (Sum e' (fun q Q => or_intror Q)). lra.
  Qed.

  Lemma partial_unique : forall f g th k a b, (forall y, f y = g y) ->
    partial f th k a -> partial g th k b -> a = b.
  Proof.
    intros f g th k a b E P Q. eapply uniqueness_limite; [exact P|].
    intros eps He. destruct (Q eps He) as [d D]. exists d. intros h H0 Hd. rewrite !E. auto.
  Qed.
  (** The gradient of a realizable pattern has a non-negative product with the direction. *)
  Lemma ascends_sound : forall net theta dir tie es d s g,
    forallb (forallb (forallb (index_b (parameters net)))) (layers net) = true ->
    ascends net theta dir tie es d = true ->
    realizable net (input (sample_of v d)) s (point_of v theta) ->
    (forall k, (k < parameters net)%nat -> partial (fun th =>
       label (sample_of v d) * Phi_pattern net s th (input (sample_of v d))) (point_of v theta) k (g k)) ->
    0 <= sum (parameters net) (fun k => point_of v dir k * g k).
  Proof.
    intros net theta dir tie es d s g I H R P. apply andb_prop in H as [He H].
    assert (Rate : forall s', (forall th, Phi_pattern net s th (input (sample_of v d)) =
        Phi_pattern net s' th (input (sample_of v d))) -> nonneg K (rate net theta dir s' d) = true ->
        0 <= sum (parameters net) (fun k => point_of v dir k * g k)).
    { intros s' E N. apply (nonneg_sound K v HK) in N. unfold rate in N. rewrite (ksum_v _ _ HK) in N.
      rewrite (sum_ext _ _ (fun k => v (mul K (coordinate dir k) (derivative K net theta s' d k)))); auto.
      intros k L. rewrite (v_mul HK). unfold point_of at 1. f_equal.
      eapply partial_unique; [|apply (P k L)|apply (derivative_sound K v HK)].
      intros y. cbv beta. rewrite E. reflexivity. }
    assert (Cases : act net = Linear \/ act net <> Linear)
      by (destruct (act net); [left; reflexivity | right; discriminate | right; discriminate]).
    destruct Cases as [A|A].
    - rewrite A in H. apply (Rate []); auto. intros th.
      rewrite (proj1 (linear_has_one_piece net s th _ A)), (proj1 (linear_has_one_piece net [] th _ A)).
      reflexivity.
    - assert (H' : patterns (act net) (coordinate theta) (layers net) (fst d)
        (fun s => existsb (excluded_by s) es || nonneg K (rate net theta dir s d)) = true)
        by (destruct (act net); [contradiction | exact H | exact H]).
      apply (patterns_sound (act net) (coordinate theta) A (layers net) s (fst d)) in H';
        [|apply realizable_agree; auto].
      apply orb_prop in H' as [X|N].
      + exfalso. apply existsb_exists in X as [e [Ie X]]. rewrite forallb_forall in He.
        eapply (exclusion_sound net tie (fst d) e s); eauto.
      + apply (Rate (trim (layers net) s)); auto. intros th. unfold Phi_pattern.
        rewrite forward_trim. reflexivity.
  Qed.

  Lemma all_samples_sound : forall net theta dir tie data es,
    all_samples net theta dir tie data es = true -> forall d, In d data ->
    inactive net theta d = true \/ exists e, ascends net theta dir tie e d = true.
  Proof.
    induction data as [|d data IH]; simpl; intros es H d' I; [tauto|].
    apply andb_prop in H as [H1 H2]. destruct I as [<-|I]; [|eapply IH; eauto].
    apply orb_prop in H1 as [H1|H1]; eauto.
  Qed.
  Lemma sum_terms : forall n (dir : nat -> R) (terms : list term),
    (forall m, In m terms -> 0 <= mu m /\ 0 <= sum n (fun k => dir k * gradient m k)) ->
    0 <= sum n (fun k => dir k * fold_right Rplus 0 (map (fun m => mu m * gradient m k) terms)).
  Proof.
    induction terms as [|m terms IH]; intros H; simpl.
    - rewrite (sum_ext _ _ (fun _ => 0)), sum_zero by (intros; ring). lra.
    - rewrite (sum_ext _ _ (fun k => mu m * (dir k * gradient m k) +
        dir k * fold_right Rplus 0 (map (fun m => mu m * gradient m k) terms))) by (intros; ring).
      rewrite sum_plus, sum_scale. destruct (H m (or_introl eq_refl)) as [H1 H2].
      pose proof (Rmult_le_pos _ _ H1 H2). pose proof (IH (fun q Q => H q (or_intror Q))). lra.
  Qed.
  Theorem check_not_kkt_sound : forall net data theta dir tie es,
    check_not_kkt net data theta dir tie es = true ->
    ~ kkt net (samples_of v data) (point_of v theta).
  Proof.
    intros net data theta dir tie es H [_ [terms [T E]]]. apply andb_prop in H as [H A].
    apply andb_prop in H as [I D]. apply (v_pos HK) in D.
    rewrite (v_neg K v HK), (ksum_v _ _ HK) in D.
    rewrite (sum_ext _ _ (fun k => point_of v dir k * point_of v theta k)) in D
      by (intros; apply (v_mul HK)).
    enough (0 <= sum (parameters net) (fun k => point_of v dir k * point_of v theta k)) by lra.
    rewrite (sum_ext _ _ (fun k => point_of v dir k *
      fold_right Rplus 0 (map (fun m => mu m * gradient m k) terms))) by (intros; rewrite E; auto).
    apply sum_terms. intros m Im. destruct (T m Im) as [M [Is [Ac [R P]]]]. split; auto.
    apply in_map_iff in Is as [d [Ed Id]].
    destruct (all_samples_sound net theta dir tie data es A d Id) as [N|[e S]].
    - exfalso. apply (margin_test_sound K v HK) in N as [c [N1 N2]]. rewrite Ed, Ac in N2.
      apply orb_prop in N1 as [N1|N1]; apply (v_pos HK) in N1;
        rewrite ?(v_neg K v HK), (v_sub K v HK), (v_one K v HK) in N1; lra.
    - rewrite <- Ed in R, P. eapply ascends_sound; eauto.
  Qed.
End NotKkt.

(** Fully connected linear networks: at a KKT point every layer is an outer product b aᵀ of
    what it reads, a, and all layers have the same squared norm T; hence the vector
    u = Σ μ y x has T^m ‖u‖² <= T², and is what [svm-dual] asks for. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common Near Sanity Class SvmDual NotKkt
  Classes Layerwise DepthTwo.
Import ListNotations.
Open Scope R_scope.

Definition lin (th : point) (Ws : list matrix) (x : list R) : list R :=
  fold_left (fun y W => matvec th W y) Ws x.
Lemma forward_lin : forall th Ws x, forward Linear th Ws x = lin th Ws x.
Proof.
  induction Ws as [|W [|W' Ws] IH]; intros x; auto. rewrite forward_linear, IH. reflexivity.
Qed.
Lemma lin_vscale : forall th Ws c x, lin th Ws (vscale c x) = vscale c (lin th Ws x).
Proof. intros. rewrite <- !forward_lin. apply forward_vscale. Qed.

(** θ is an outer product in the layer that reads a. *)
Definition outer (th : point) (W : matrix) (a : list R) : Prop := exists b : nat -> R,
  forall j i, (j < length W)%nat -> (i < length a)%nat ->
    weight th (nth i (nth j W []) Zero) = b j * nth i a 0.
Lemma row_outer : forall th row a b, length row = length a ->
  (forall i, (i < length a)%nat -> weight th (nth i row Zero) = b * nth i a 0) ->
  dot th row a = b * square a /\ squares_of th (row_parameters row) = b * b * square a.
Proof.
  induction row as [|e row IH]; intros [|u a] b L H; try discriminate.
  - unfold squares_of, square. simpl. split; ring.
  - injection L as L. pose proof (H 0%nat ltac:(simpl; lia)) as H0. simpl in H0.
    destruct (IH a b L) as [I1 I2]; [intros i Li; apply (H (S i)); simpl; lia|].
    change (row_parameters (e :: row)) with
      (match e with Zero => [] | Param k => [k] end ++ row_parameters row).
    rewrite squares_of_app, I2. cbn [dot]. rewrite I1, H0.
    change (square (u :: a)) with (u * u + square a). split; [ring|].
    assert (W : squares_of th match e with Zero => [] | Param k => [k] end = weight th e * weight th e)
      by (destruct e; unfold squares_of; simpl; lra).
    rewrite W, H0. ring.
Qed.
Lemma layer_outer : forall th W a, Forall (fun row => length row = length a) W -> outer th W a ->
  square (matvec th W a) = squares_of th (matrix_parameters W) * square a.
Proof.
  intros th W a F [b B]. revert b B. induction W as [|row W IH]; intros b B.
  - unfold squares_of, square. simpl. ring.
  - inversion F; subst. cbn [matvec map].
    change (matrix_parameters (row :: W)) with (row_parameters row ++ matrix_parameters W).
    change (square (dot th row a :: map (fun r => dot th r a) W)) with
      (dot th row a * dot th row a + square (matvec th W a)).
    rewrite squares_of_app, (IH H2 (fun j => b (S j)))
      by (intros j i Lj Li; apply (B (S j) i); simpl; lia || auto).
    destruct (row_outer th row a (b 0%nat) H1) as [E1 E2];
      [intros i Li; apply (B 0%nat i); simpl; lia || auto|].
    rewrite E1, E2. ring.
Qed.
Lemma squares_cover : forall th p L, sum p (fun k => if existsb (Nat.eqb k) L then th k * th k else 0) <=
  squares_of th L.
Proof.
  intros th p L. induction L as [|q L IH]; unfold squares_of in *; cbn [existsb map rsum fold_right].
  - rewrite sum_zero. lra.
  - fold (rsum (map (fun k => th k * th k) L)).
    eapply Rle_trans; [|apply Rplus_le_compat_l; exact IH].
    assert (Q : sum p (fun k => if Nat.eqb k q then th k * th k else 0) <= th q * th q).
    { destruct (Nat.lt_ge_cases q p) as [Lq|Lq].
      - rewrite (sum_single p _ q Lq); [rewrite Nat.eqb_refl; lra|].
        intros i _ D. apply Nat.eqb_neq in D. rewrite D. reflexivity.
      - rewrite (sum_ext _ _ (fun _ => 0)), sum_zero; [apply Rle_0_sqr|].
        intros k Lk. destruct (Nat.eqb_spec k q); auto. lia. }
    eapply Rle_trans; [|apply Rplus_le_compat_r; exact Q]. rewrite <- sum_plus. apply sum_le.
    intros k _. pose proof (Rle_0_sqr (th k)) as S. unfold Rsqr in S.
    destruct (Nat.eqb k q), (existsb (Nat.eqb k) L); simpl; lra.
Qed.

(** Σ μ y x over the terms. *)
Definition combined (d : nat) (terms : list term) : list R := fold_right
  (fun m u => vadd (vscale (mu m * label (of_sample m)) (input (of_sample m))) u) (repeat 0 d) terms.
Lemma combined_zero : forall d, combined d [] = vscale 0 (repeat 0 d).
Proof.
  intros. unfold combined, vscale. simpl. rewrite <- (map_id (repeat 0 d)) at 1. apply map_ext_in.
  intros r I. apply repeat_spec in I. subst. unfold id. lra.
Qed.
Lemma combined_length : forall d terms, (forall m, In m terms -> length (input (of_sample m)) = d) ->
  length (combined d terms) = d.
Proof.
  induction terms as [|m ts IH]; intros V; cbn [combined fold_right]; [apply repeat_length|].
  fold (combined d ts). specialize (IH (fun q I => V q (or_intror I))).
  assert (E : length (vscale (mu m * label (of_sample m)) (input (of_sample m))) = d)
    by (unfold vscale; rewrite map_length; apply V; left; reflexivity).
  rewrite vadd_length; [exact E | rewrite E, IH; reflexivity].
Qed.
(** Layers in which two points agree. *)
Lemma lin_used : forall th th' Ws x, (forall W k, In W Ws -> used W k -> th k = th' k) ->
  lin th Ws x = lin th' Ws x.
Proof.
  induction Ws as [|W Ws IH]; intros x H; auto. unfold lin in *. cbn [fold_left].
  rewrite (matvec_used th th' W) by (intros; apply (H W); simpl; auto).
  apply IH. intros V k I. apply (H V). right. exact I.
Qed.
Lemma lin_app : forall th Ws1 Ws2 x, lin th (Ws1 ++ Ws2) x = lin th Ws2 (lin th Ws1 x).
Proof. intros. apply fold_left_app. Qed.
Lemma dot_unit_at : forall k row a i, length row = length a -> (i < length a)%nat ->
  nth i row Zero = Param k -> (forall i', nth i' row Zero = Param k -> i' = i) ->
  dot (unit_vector k) row a = nth i a 0.
Proof.
  intros k row a i L Li E O. rewrite (dot_sum _ _ _ (length row)) by auto.
  rewrite (sum_single _ _ i); [|rewrite L; exact Li|].
  - rewrite E. simpl. unfold unit_vector. rewrite Nat.eqb_refl. ring.
  - intros i' _ D. destruct (nth i' row Zero) as [|q] eqn:Q; simpl; [ring|]. unfold unit_vector.
    destruct (Nat.eqb_spec q k); [|ring]. subst. destruct D. apply O, Q.
Qed.

Lemma lin_shape : forall th Ws x, shapes (length x) Ws -> length (lin th Ws x) = 1%nat.
Proof.
  induction Ws as [|W Ws IH]; intros x H; [exact H|]. destruct H as [_ H].
  apply (IH (matvec th W x)). rewrite matvec_length. exact H.
Qed.
(** No parameter occurs twice. *)
Lemma nodup_app : forall l l' : list nat, NoDup l -> NoDup l' -> (forall k, In k l -> In k l' -> False) ->
  NoDup (l ++ l').
Proof.
  induction l as [|k l IH]; intros l' H H' D; auto. inversion H; subst. simpl. constructor.
  - intros I. apply in_app_or in I as [I|I]; [contradiction|]. apply (D k); simpl; auto.
  - apply IH; auto. intros q I I'. apply (D q); simpl; auto.
Qed.
Lemma nodup_flat_map : forall A (f : A -> list nat) (a : A) L,
  (forall j, (j < length L)%nat -> NoDup (f (nth j L a))) ->
  (forall j j' k, (j < length L)%nat -> (j' < length L)%nat ->
     In k (f (nth j L a)) -> In k (f (nth j' L a)) -> j = j') -> NoDup (flat_map f L).
Proof.
  intros A f a L. induction L as [|b L IH]; intros H D; simpl; [constructor|]. apply nodup_app.
  - apply (H 0%nat). simpl. lia.
  - apply IH; [intros j Lj; apply (H (S j)); simpl; lia|]. intros j j' k Lj Lj' I I'.
    assert (S j = S j') by (apply (D (S j) (S j') k); simpl; auto; lia). lia.
  - intros k I I'. apply in_flat_map in I' as [c [Ic I']]. apply (In_nth _ _ a) in Ic as [j [Lj <-]].
    assert (0%nat = S j) by (apply (D 0%nat (S j) k); simpl; auto; lia). discriminate.
Qed.
Lemma in_parameters : forall k row, In k (row_parameters row) -> exists i, nth i row Zero = Param k.
Proof.
  intros k row I. apply in_flat_map in I as [[|q] [I Q]]; simpl in Q; [tauto|]. destruct Q as [<-|[]].
  apply (In_nth _ _ Zero) in I as [i [_ E]]. exists i. exact E.
Qed.
Lemma unshared_nodup : forall net, no_shared_weights net -> NoDup (occurrences net).
Proof.
  intros net U. unfold occurrences. apply (nodup_flat_map _ _ []).
  - intros l _. unfold matrix_parameters. apply (nodup_flat_map _ _ []).
    + intros j _. unfold row_parameters. apply (nodup_flat_map _ _ Zero).
      * intros i _. destruct (nth i _ Zero); repeat constructor. simpl. tauto.
      * intros i i' k _ _ I I'.
        destruct (nth i _ Zero) eqn:E in I; simpl in I; [tauto|]. destruct I as [->|[]].
        destruct (nth i' _ Zero) eqn:E' in I'; simpl in I'; [tauto|]. destruct I' as [->|[]].
        apply (U k l j i l j i'); assumption.
    + intros j j' k _ _ I I'. apply in_parameters in I as [i E], I' as [i' E'].
      apply (U k l j i l j' i'); assumption.
  - intros l l' k _ _ I I'. apply in_flat_map in I as [r [Ir I]], I' as [r' [Ir' I']].
    apply (In_nth _ _ []) in Ir as [j [_ <-]], Ir' as [j' [_ <-]].
    apply in_parameters in I as [i E], I' as [i' E']. apply (U k l j i l' j' i'); assumption.
Qed.

Section FullyConnected.
  Variables (net : network) (d : nat) (data : list sample) (theta : point) (terms : list term).
  Hypothesis N : class_N net d.
  Hypothesis Linear_net : act net = Linear.
  Hypothesis Full : fully_connected net.
  Hypothesis Unshared : no_shared_weights net.
  Hypothesis Dimension : forall s, In s data -> length (input s) = d.
  Hypothesis Feasible : feasible net data theta.
  Hypothesis Valid : forall m, In m terms -> valid net data theta m.
  Hypothesis Stationary : stationary net theta terms.
  Let Ws := layers net.
  Let p := parameters net.
  Let U := combined d terms.
  
  Lemma weighed_U : forall th, weighed net terms th = hd 0 (lin th Ws U).
  Proof.
    intros th. unfold weighed, U, total, Ws. rewrite <- forward_lin.
    assert (V : forall m, In m terms -> length (input (of_sample m)) = d)
      by (intros m I; apply Dimension, (Valid m I)). clear - V Linear_net.
    induction terms as [|m ts IH]; cbn [map fold_right].
    - rewrite combined_zero, forward_vscale, hd_vscale. ring.
    - assert (V' : forall m, In m ts -> length (input (of_sample m)) = d) by (intros; apply V; right; auto).
      rewrite (IH V'). change (combined d (m :: ts)) with
        (vadd (vscale (mu m * label (of_sample m)) (input (of_sample m))) (combined d ts)).
      destruct (forward_vadd th (layers net) (vscale (mu m * label (of_sample m)) (input (of_sample m)))
        (combined d ts)) as [E L].
      { rewrite combined_length by exact V'. unfold vscale. rewrite map_length. apply V. left. reflexivity. }
      rewrite E, hd_vadd, forward_vscale, hd_vscale by exact L.
      rewrite (proj1 (linear_has_one_piece net (under m) th _ Linear_net)). unfold Phi.
      rewrite Linear_net. ring.
  Qed.
  Lemma theta_entry : forall l k, in_layer net (S l) k ->
    theta k = weighed net terms (mix net (S l) theta (unit_vector k)).
  Proof.
    intros l k I.
    assert (Ll : (S l <= length (layers net))%nat).
    { destruct I as [r [I _]]. destruct (Nat.lt_ge_cases l (length (layers net))) as [L|L]; [lia|].
      cbn [pred] in I. rewrite nth_overflow in I by exact L. destruct I. }
    assert (Lk : (k < p)%nat).
    { destruct I as [r [I J]]. destruct N as [_ [_ [P _]]].
      eapply P; [apply nth_In | exact I | exact J]. cbn [pred]. lia. }
    pose proof (layer_combination net d (S l) data theta terms N ltac:(lia) Valid Stationary (unit_vector k)) as E.
    rewrite sum_unit in E by exact Lk. apply in_layer_b_iff in I. rewrite I in E. exact E.
  Qed.
  Lemma layer_outer_product : forall Ws1 W Ws2, Ws = Ws1 ++ W :: Ws2 ->
    Forall (fun row => length row = length (lin theta Ws1 U)) W -> outer theta W (lin theta Ws1 U).
  Proof.
    intros Ws1 W Ws2 E Sh. set (a := lin theta Ws1 U) in *. set (l := length Ws1).
    assert (Wl : nth l (layers net) [] = W) by (fold Ws; rewrite E; apply nth_middle).
    exists (fun j => hd 0 (lin theta Ws2 (map (fun j' => if Nat.eqb j' j then 1 else 0) (seq 0 (length W))))).
    intros j i Lj Li.
    assert (Ri : (i < length (nth j W []))%nat).
    { rewrite Forall_forall in Sh. rewrite (Sh (nth j W [])); [exact Li | apply nth_In, Lj]. }
    assert (IW : In W (layers net)) by (fold Ws; rewrite E; apply in_elt).
    destruct (nth i (nth j W []) Zero) as [|k] eqn:En.
    { destruct (Full W (nth j W []) Zero IW); [apply nth_In, Lj | rewrite <- En; apply nth_In, Ri | reflexivity]. }
    assert (Ik : In (Param k) (nth j W [])) by (rewrite <- En; apply nth_In, Ri).
    assert (I : in_layer net (S l) k).
    { exists (nth j W []). cbn [pred]. rewrite Wl. split; [apply nth_In, Lj | exact Ik]. }
    assert (At : entry_at net l j i = Param k) by (unfold entry_at; rewrite Wl; exact En).
    cbn [weight]. rewrite (theta_entry l k I), weighed_U, E, lin_app.
    change (lin ?th (W :: Ws2) ?x) with (lin th Ws2 (matvec th W x)).
    assert (Outside : forall q r, q <> l -> used (nth q (layers net) []) r ->
      mix net (S l) theta (unit_vector k) r = theta r).
    { intros q r D Ur. unfold mix. destruct (in_layer_b net (S l) r) eqn:J; auto. exfalso.
      apply in_layer_b_iff in J. destruct N as [_ [_ [_ [Own _]]]]. apply D.
      assert (S q = S l) by (apply (Own (S q) (S l) r); auto; lia). lia. }
    rewrite (lin_used _ theta Ws1); [|intros V r IV; apply (In_nth _ _ []) in IV as [q [Lq <-]];
      intros Ur; apply (Outside q); [intros Q; subst q; exact (Nat.lt_irrefl _ Lq)|];
      fold Ws; rewrite E, app_nth1 by exact Lq; exact Ur].
    fold a. rewrite (lin_used _ theta Ws2); [|intros V r IV; apply (In_nth _ _ []) in IV as [q [Lq <-]];
      intros Ur; apply (Outside (l + S q)%nat); [lia|]; fold Ws; rewrite E, app_nth2 by apply Nat.le_add_r;
      replace (l + S q - length Ws1)%nat with (S q)
        by (rewrite Nat.add_comm; symmetry; apply Nat.add_sub); exact Ur].
    assert (Mid : matvec (mix net (S l) theta (unit_vector k)) W a =
      vscale (nth i a 0) (map (fun j' => if Nat.eqb j' j then 1 else 0) (seq 0 (length W)))).
    { rewrite (matvec_used _ (unit_vector k) W).
      - apply (nth_ext _ _ 0 0); unfold vscale; rewrite ?map_length, ?seq_length; [apply matvec_length|].
        rewrite matvec_length. intros j' Lj'. rewrite nth_matvec.
        rewrite (nth_indep _ 0 (nth i a 0 * (if Nat.eqb (length W) j then 1 else 0)))
          by (rewrite !map_length, seq_length; exact Lj').
        rewrite map_map, (map_nth (fun j' => nth i a 0 * (if Nat.eqb j' j then 1 else 0))), seq_nth by exact Lj'.
        simpl plus. destruct (Nat.eqb_spec j' j) as [->|D].
        + rewrite (dot_unit_at k _ a i); auto; [ring | |].
          * rewrite Forall_forall in Sh. apply Sh, nth_In, Lj.
          * intros i' E'. apply (Unshared k l j i' l j i); auto. unfold entry_at. rewrite Wl. exact E'.
        + rewrite dot_unit_out; [ring|]. intros J. apply (In_nth _ _ Zero) in J as [i' [_ J]].
          apply D, (Unshared k l j' i' l j i); auto. unfold entry_at. rewrite Wl. exact J.
      - intros r Ur. unfold mix. assert (J : in_layer net (S l) r)
          by (unfold in_layer; cbn [pred]; rewrite Wl; exact Ur).
        apply in_layer_b_iff in J. rewrite J. reflexivity. }
    rewrite Mid, lin_vscale, hd_vscale. ring.
  Qed.
  (** Each layer's squares add up to the same number, and lengths grow by it. *)
  Let T := weighed net terms theta.
  Lemma layer_total : forall l, (1 <= S l <= length (layers net))%nat ->
    sum (parameters net) (fun k => theta k * if in_layer_b net (S l) k then theta k else 0) = T.
  Proof.
    intros l L. rewrite (layer_combination net d (S l) data theta terms N L Valid Stationary theta).
    unfold T, weighed. apply total_ext. intros m _. f_equal. f_equal. apply (Phi_same net d N).
    intros k _. unfold mix. destruct (in_layer_b net (S l) k); reflexivity.
  Qed.
  Lemma layer_squares : forall Ws1 W Ws2, Ws = Ws1 ++ W :: Ws2 ->
    T <= squares_of theta (matrix_parameters W).
  Proof.
    intros Ws1 W Ws2 E. set (l := length Ws1).
    assert (Wl : nth l (layers net) [] = W) by (fold Ws; rewrite E; apply nth_middle).
    assert (Ll : (1 <= S l <= length (layers net))%nat)
      by (fold Ws; rewrite E, app_length; simpl; unfold l; lia).
    rewrite <- (layer_total l Ll).
    eapply Rle_trans; [|apply (squares_cover theta (parameters net))]. right. apply sum_ext. intros k _.
    assert (J : in_layer_b net (S l) k = existsb (Nat.eqb k) (matrix_parameters W)).
    { apply eq_true_iff_eq. rewrite in_layer_b_iff, existsb_exists. unfold in_layer, matrix_parameters.
      cbn [pred]. rewrite Wl. split.
      - intros [row [I1 I2]]. exists k. rewrite Nat.eqb_refl. split; auto. apply in_flat_map.
        exists row. split; auto. apply in_flat_map. exists (Param k). simpl. auto.
      - intros [q [I Q]]. apply Nat.eqb_eq in Q. subst q. apply in_flat_map in I as [row [I1 I2]].
        exists row. split; auto. apply in_flat_map in I2 as [[|q] [I2 Q]]; simpl in Q; [tauto|].
        destruct Q as [<-|[]]. exact I2. }
    rewrite <- J. destruct (in_layer_b net (S l) k); ring.
  Qed.
  Lemma lengths_grow : 0 <= T -> forall Ws2 Ws1, Ws = Ws1 ++ Ws2 ->
    shapes (length (lin theta Ws1 U)) Ws2 ->
    T ^ length Ws2 * square (lin theta Ws1 U) <= square (lin theta Ws U).
  Proof.
    intros T0. induction Ws2 as [|W Ws2 IH]; intros Ws1 E Sh.
    - rewrite app_nil_r in E. subst Ws1. simpl. lra.
    - destruct Sh as [Sh1 Sh2].
      pose proof (layer_outer theta W _ Sh1 (layer_outer_product Ws1 W Ws2 E Sh1)) as Q.
      pose proof (layer_squares Ws1 W Ws2 E) as G.
      assert (E' : Ws = (Ws1 ++ [W]) ++ Ws2) by (rewrite <- app_assoc; exact E).
      assert (A : lin theta (Ws1 ++ [W]) U = matvec theta W (lin theta Ws1 U)) by (rewrite lin_app; reflexivity).
      specialize (IH (Ws1 ++ [W]) E'). rewrite A, matvec_length in IH. specialize (IH Sh2). rewrite Q in IH.
      eapply Rle_trans; [|exact IH]. cbn [length pow].
      rewrite (Rmult_comm T), Rmult_assoc. apply Rmult_le_compat_l; [apply pow_le, T0|].
      apply Rmult_le_compat_r; [apply square_nonneg | exact G].
  Qed.
  Lemma norm_theta : norm2 net theta <= INR (length Ws) * T.
  Proof.
    assert (E : forall n, (n <= length Ws)%nat -> sum n (fun l => sum p (fun k =>
      theta k * if in_layer_b net (S l) k then theta k else 0)) = INR n * T).
    { induction n; intros L; [simpl; ring|]. cbn [sum]. rewrite IHn by lia.
      assert (Ll : (1 <= S n <= length (layers net))%nat) by (split; [lia | exact L]).
      unfold p. rewrite (layer_total n Ll), S_INR. ring. }
    rewrite <- E, sum_swap by auto. apply sum_le. intros k Lk.
    assert (Sq : forall l, 0 <= theta k * (if in_layer_b net (S l) k then theta k else 0)).
    { intros l. destruct (in_layer_b net (S l) k); [apply Rle_0_sqr | lra]. }
    destruct (existsb (fun l => in_layer_b net (S l) k) (seq 0 (length Ws))) eqn:X.
    - apply existsb_exists in X as [l [Il X]]. apply in_seq in Il.
      eapply Rle_trans; [|apply (sum_term _ _ l); [intros; apply Sq | lia]]. cbv beta. rewrite X. lra.
    - rewrite (unused_zero net data theta terms k Lk Valid Stationary).
      + rewrite Rmult_0_l. apply sum_nonneg. intros. lra.
      + intros W I Uk. apply (In_nth _ _ []) in I as [l [Ll <-]].
        assert (Y : existsb (fun l => in_layer_b net (S l) k) (seq 0 (length Ws)) = true); [|congruence].
        apply existsb_exists. exists l. split; [apply in_seq; split; [lia | exact Ll]|].
        apply in_layer_b_iff. exact Uk.
  Qed.
  Lemma weighed_mu : T = total mu terms.
  Proof.
    unfold T, weighed. apply total_ext. intros m I. destruct (Valid m I) as [_ [_ [A _]]].
    rewrite (proj1 (linear_has_one_piece net (under m) theta _ Linear_net)).
    unfold margin in A. rewrite A. ring.
  Qed.
  Lemma fully_connected_inequality : forall theta', feasible net data theta' ->
    norm net theta <= norm net theta'.
  Proof.
    intros theta' F.
    assert (T0 : 0 <= T).
    { rewrite weighed_mu, <- (total_zero terms). apply total_le. intros m I. apply (Valid m I). }
    assert (Sh : shapes (length U) Ws)
      by (unfold U; rewrite combined_length; [apply N | intros m I; apply Dimension, (Valid m I)]).
    assert (T1 : T <= hd 0 (lin theta' Ws U)).
    { rewrite weighed_mu, <- weighed_U. apply total_le. intros m I. destruct (Valid m I) as [Mu [Is _]].
      rewrite (proj1 (linear_has_one_piece net (under m) theta' _ Linear_net)).
      specialize (F _ Is). unfold margin in F. nra. }
    pose proof norm_theta as NT. pose proof (norm2_nonneg net theta) as N0.
    assert (Sq : T * T <= product (map (fun W => squares_of theta' (matrix_parameters W)) Ws) * square U).
    { eapply Rle_trans; [|apply (forward_square Linear); simpl; lra]. rewrite forward_lin.
      eapply Rle_trans; [|apply hd_square]. apply Rmult_le_compat; auto. }
    destruct (Req_dec T 0) as [Z|Z].
    { apply norm_le. pose proof (norm2_nonneg net theta'). rewrite Z in NT. lra. }
    assert (U0 : 0 < square U).
    { destruct (square_nonneg U) as [H|H]; auto. exfalso. rewrite <- H, Rmult_0_r in Sq. nra. }
    eapply (optimal_from_product net theta' theta T (square U)); auto.
    - apply unshared_nodup, Unshared.
    - intros k I. apply in_flat_map in I as [W [IW I]]. apply in_flat_map in I as [row [Ir I]].
      apply in_flat_map in I as [[|q] [Ie I]]; simpl in I; [tauto|]. destruct I as [<-|[]].
      destruct N as [_ [_ [P _]]]. eapply P; eauto.
    - destruct N as [NE _]. destruct (layers net); [contradiction | simpl; lia].
    - pose proof (lengths_grow T0 Ws [] eq_refl Sh) as G. cbn [lin fold_left] in G.
      change (fold_left (fun y W => matvec theta W y) [] U) with U in G.
      assert (One : square (lin theta Ws U) = T * T).
      { unfold T. rewrite weighed_U. pose proof (lin_shape theta Ws U Sh) as L1.
        destruct (lin theta Ws U) as [|b [|]]; try discriminate. unfold square. simpl. ring. }
      rewrite One in G. fold Ws.
      assert (Pw : norm2 net theta ^ length Ws <= (INR (length Ws) * T) ^ length Ws)
        by (apply pow_incr; split; assumption).
      rewrite Rpow_mult_distr in Pw.
      apply (Rmult_le_compat_r (square U)) in Pw; [|lra].
      assert (0 <= INR (length Ws) ^ length Ws) by (apply pow_le, pos_INR).
      apply (Rmult_le_compat_l (INR (length Ws) ^ length Ws)) in G; auto. lra.
  Qed.
End FullyConnected.

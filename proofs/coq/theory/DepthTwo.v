(** Depth 2 without shared weights: at a KKT point the terms give each hidden unit a unit
    vector u_j, and Σ_j v_j (w_j · u_j) <= ½ ‖θ'‖² for every θ'. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common Near Sanity Class SvmDual NotKkt
  Classes Layerwise.
Import ListNotations.
Open Scope R_scope.

Lemma entry_eq : forall e e' : entry, {e = e'} + {e <> e'}.
Proof. decide equality. apply Nat.eq_dec. Qed.
Lemma sum_shift : forall n f, sum (S n) f = f 0%nat + sum n (fun j => f (S j)).
Proof. induction n; intros f; [simpl; ring|]. cbn [sum] in *. rewrite IHn. ring. Qed.
Lemma sum_swap : forall n p (f : nat -> nat -> R),
  sum n (fun j => sum p (fun k => f j k)) = sum p (fun k => sum n (fun j => f j k)).
Proof.
  induction n; intros; simpl; [rewrite sum_zero; reflexivity|]. rewrite IHn, <- sum_plus. reflexivity.
Qed.
Lemma sum_single : forall n f j, (j < n)%nat -> (forall i, (i < n)%nat -> i <> j -> f i = 0) -> sum n f = f j.
Proof.
  intros n f j L H. rewrite (sum_out n f j L), (sum_ext n _ (fun _ => 0)), sum_zero; [ring|].
  intros i I. destruct (Nat.eqb_spec i j); auto.
Qed.
Lemma sum_unit : forall p k f, (k < p)%nat -> sum p (fun i => unit_vector k i * f i) = f k.
Proof.
  intros p k f L. rewrite (sum_single p _ k L); unfold unit_vector.
  - rewrite Nat.eqb_refl. ring.
  - intros i _ D. apply Nat.eqb_neq in D. rewrite D. ring.
Qed.
Lemma dot_sum : forall th row x n, (length row <= n)%nat ->
  dot th row x = sum n (fun j => weight th (nth j row Zero) * nth j x 0).
Proof.
  induction row as [|e row IH]; intros x n L.
  - simpl. rewrite (sum_ext _ _ (fun _ => 0)), sum_zero; auto. intros [|j] _; simpl; ring.
  - destruct n as [|n]; simpl in L; [lia|]. rewrite sum_shift. cbn [nth].
    destruct x as [|b x]; cbn [dot nth].
    + rewrite (sum_ext _ _ (fun _ => 0)), sum_zero; [ring|]. intros. destruct k; ring.
    + rewrite (IH x n) by lia. reflexivity.
Qed.
Lemma nth_gate : forall a z s j, nth j (gate a s z) 0 = factor a (nth j s false) * nth j z 0.
Proof.
  induction z as [|u z IH]; intros s [|j]; simpl; try ring.
  - destruct s; reflexivity.
  - rewrite IH. destruct s; simpl; [destruct j|]; reflexivity.
Qed.
Lemma dot_units : forall p eta row x, (forall k, In (Param k) row -> (k < p)%nat) ->
  dot eta row x = sum p (fun k => eta k * dot (unit_vector k) row x).
Proof.
  induction row as [|e row IH]; intros [|b x] H; simpl;
    try (rewrite (sum_ext _ _ (fun _ => 0)), sum_zero by (intros; ring); reflexivity).
  rewrite (IH x) by (intros; apply H; right; auto).
  assert (G : sum p (fun k => eta k * (weight (unit_vector k) e * b + dot (unit_vector k) row x)) =
    b * sum p (fun k => eta k * weight (unit_vector k) e) + sum p (fun k => eta k * dot (unit_vector k) row x))
    by (rewrite <- sum_scale, <- sum_plus; apply sum_ext; intros; ring).
  rewrite G.
  enough (E : weight eta e = sum p (fun k => eta k * weight (unit_vector k) e)) by (rewrite <- E; ring).
  destruct e as [|q]; simpl.
  - rewrite (sum_ext _ _ (fun _ => 0)), sum_zero by (intros; ring). reflexivity.
  - assert (Q : (q < p)%nat) by (apply H; left; reflexivity).
    rewrite <- (sum_unit p q eta Q). apply sum_ext. intros k _. unfold unit_vector. rewrite Nat.eqb_sym. ring.
Qed.
Lemma dot_unit_out : forall k row x, ~ In (Param k) row -> dot (unit_vector k) row x = 0.
Proof.
  intros k row x H. rewrite (dot_used _ (fun _ => 0)).
  - revert x. induction row as [|[|q] row IH]; intros [|b x]; simpl; auto;
      rewrite IH by (intros I; apply H; right; exact I); ring.
  - intros i I. unfold unit_vector. destruct (Nat.eqb_spec i k); auto. subst. contradiction.
Qed.
Lemma sum_indicator : forall n (b : nat -> bool),
  (forall i j, (i < n)%nat -> (j < n)%nat -> b i = true -> b j = true -> i = j) ->
  sum n (fun j => if b j then 1 else 0) <= 1.
Proof.
  induction n; intros b H; simpl; [lra|]. destruct (b n) eqn:B.
  - rewrite (sum_ext _ _ (fun _ => 0)), sum_zero; [lra|]. intros k L. destruct (b k) eqn:E; auto.
    assert (k = n) by (apply H; auto). lia.
  - specialize (IHn b ltac:(intros; apply H; auto)). lra.
Qed.

(** A parameter that stands nowhere is 0 at a KKT point. *)
Lemma unused_zero : forall net data theta terms k, (k < parameters net)%nat ->
  (forall m, In m terms -> valid net data theta m) -> stationary net theta terms ->
  (forall W, In W (layers net) -> ~ used W k) -> theta k = 0.
Proof.
  intros net data theta terms k L V S U. rewrite (S k L), <- (total_zero terms). apply total_ext.
  intros m I. destruct (V m I) as [_ [_ [_ [_ P]]]]. specialize (P k L).
  enough (E : gradient m k = 0) by (rewrite E; ring).
  eapply uniqueness_limite; [exact P|]. intros eps He. exists (mkposreal 1 Rlt_0_1). intros h H0 _.
  cbv beta. unfold Phi_pattern.
  rewrite (pattern_used _ (fun j => if Nat.eqb j k then theta k + h else theta j)
    (fun j => if Nat.eqb j k then theta k else theta j)).
  - match goal with |- Rabs ?e < _ => replace e with 0 by (field; exact H0) end.
    rewrite Rabs_R0. exact He.
  - intros W i IW J. destruct (Nat.eqb_spec i k); auto. subst. contradiction (U W IW J).
Qed.

Section DepthTwo.
  Variables (net : network) (d : nat) (data : list sample) (theta : point) (terms : list term).
  Variables (W1 : matrix) (row2 : list entry).
  Hypothesis N : class_N net d.
  Hypothesis Lay : layers net = [W1; [row2]].
  Hypothesis Unshared : no_shared_weights net.
  Hypothesis Valid : forall m, In m terms -> valid net data theta m.
  Hypothesis Stationary : stationary net theta terms.
  Hypothesis Weights : forall row, In row W1 -> exists k, In (Param k) row /\ theta k <> 0.

  Let n := length W1.
  Let p := parameters net.
  Let row j := nth j W1 [].
  Let out j := nth j row2 Zero.
  Definition weighed (th : point) : R := total (fun m => mu m * (label (of_sample m) *
    Phi_pattern net (under m) th (input (of_sample m)))) terms.
  (** What unit j collects from all terms, with incoming weights η. *)
  Definition collected (j : nat) (eta : point) : R := total (fun m => mu m * (label (of_sample m) *
    (factor (act net) (nth j (hd [] (under m)) false) * dot eta (nth j W1 []) (input (of_sample m))))) terms.

  Lemma row2_length : length row2 = n.
  Proof.
    destruct N as [_ [Sh _]]. rewrite Lay in Sh. simpl in Sh. destruct Sh as [_ [Sh _]].
    inversion Sh; subst. auto.
  Qed.
  Lemma row_in : forall j, (j < n)%nat -> In (row j) W1.
  Proof. intros. apply nth_In, H. Qed.
  Lemma first_layer : forall j k, (j < n)%nat -> In (Param k) (row j) -> in_layer net 1 k.
  Proof. intros j k L I. exists (row j). rewrite Lay. split; [apply row_in, L | exact I]. Qed.
  Lemma second_layer : forall j k, out j = Param k -> in_layer net 2 k.
  Proof.
    intros j k E. exists row2. rewrite Lay. split; [left; reflexivity|]. rewrite <- E. unfold out.
    destruct (Nat.lt_ge_cases j (length row2)) as [L|L]; [apply nth_In, L|].
    unfold out in E. rewrite nth_overflow in E by exact L. discriminate.
  Qed.
  Lemma disjoint : forall k, in_layer net 1 k -> in_layer net 2 k -> False.
  Proof.
    intros k I1 I2. destruct N as [_ [_ [_ [Own _]]]].
    assert (1 = 2)%nat by (apply (Own 1%nat 2%nat k); auto). discriminate.
  Qed.
  Lemma below_p : forall l k, in_layer net (S l) k -> (k < p)%nat.
  Proof.
    intros l k [r [I J]]. destruct N as [_ [_ [P _]]].
    destruct (Nat.lt_ge_cases l (length (layers net))) as [L|L].
    - eapply P; [apply nth_In, L | exact I | exact J].
    - cbn [pred] in I. rewrite nth_overflow in I by exact L. destruct I.
  Qed.
  Lemma one_row : forall j j' k, (j < n)%nat -> (j' < n)%nat ->
    In (Param k) (row j) -> In (Param k) (row j') -> j = j'.
  Proof.
    intros j j' k L L' I I'. apply (In_nth _ _ Zero) in I as [i [_ E]], I' as [i' [_ E']].
    apply (Unshared k 0%nat j i 0%nat j' i'); unfold entry_at; rewrite Lay; assumption.
  Qed.
  Lemma one_column : forall j j' k, out j = Param k -> out j' = Param k -> j = j'.
  Proof.
    intros j j' k E E'. apply (Unshared k 1%nat 0%nat j 1%nat 0%nat j'); unfold entry_at; rewrite Lay; assumption.
  Qed.

  Lemma piece_value : forall s th x, Phi_pattern net s th x = sum n (fun j => weight th (out j) *
    (factor (act net) (nth j (hd [] s) false) * dot th (row j) x)).
  Proof.
    intros. unfold Phi_pattern. rewrite Lay. cbn [forward_pattern hd matvec map].
    rewrite (dot_sum _ _ _ n) by (rewrite row2_length; auto). apply sum_ext. intros j _.
    rewrite nth_gate, nth_matvec. reflexivity.
  Qed.
  Lemma weighed_split : forall th alpha eta,
    (forall j, (j < n)%nat -> weight th (out j) = weight alpha (out j)) ->
    (forall j x, (j < n)%nat -> dot th (row j) x = dot eta (row j) x) ->
    weighed th = sum n (fun j => weight alpha (out j) * collected j eta).
  Proof.
    intros th alpha eta A E. unfold weighed, collected. rewrite sum_total. apply total_ext.
    intros m _. rewrite piece_value, <- sum_scale. f_equal. apply sum_ext. intros j L.
    rewrite A, E by exact L. fold (row j). ring.
  Qed.
  Lemma collected_units : forall j eta, (j < n)%nat ->
    collected j eta = sum p (fun k => eta k * collected j (unit_vector k)).
  Proof.
    intros j eta L. unfold collected. rewrite sum_total. apply total_ext. intros m _. f_equal.
    rewrite (dot_units p eta).
    - rewrite <- sum_scale, <- sum_scale. apply sum_ext. intros. ring.
    - intros k I. apply (below_p 0), (first_layer j); auto.
  Qed.
  Lemma collected_out : forall j k, ~ In (Param k) (row j) -> collected j (unit_vector k) = 0.
  Proof.
    intros j k H. unfold collected. rewrite <- (total_zero terms). apply total_ext. intros m _.
    rewrite dot_unit_out by exact H. ring.
  Qed.

  Lemma mix_first : forall eta, weighed (mix net 1 theta eta) =
    sum n (fun j => weight theta (out j) * collected j eta).
  Proof.
    intros. apply weighed_split.
    - intros j L. destruct (out j) eqn:E; auto. simpl. unfold mix.
      destruct (in_layer_b net 1 k) eqn:I; auto. apply in_layer_b_iff in I.
      destruct (disjoint k I (second_layer j k E)).
    - intros j x L. apply dot_used. intros k I. apply (first_layer j k L), in_layer_b_iff in I.
      unfold mix. rewrite I. reflexivity.
  Qed.
  Lemma mix_second : forall eta, weighed (mix net 2 theta eta) =
    sum n (fun j => weight eta (out j) * collected j theta).
  Proof.
    intros. apply weighed_split.
    - intros j L. destruct (out j) eqn:E; auto. simpl. unfold mix.
      apply second_layer, in_layer_b_iff in E. rewrite E. reflexivity.
    - intros j x L. apply dot_used. intros k I. apply (first_layer j k L) in I. unfold mix.
      destruct (in_layer_b net 2 k) eqn:J; auto. apply in_layer_b_iff in J. destruct (disjoint k I J).
  Qed.
  Lemma combination : forall l eta, (1 <= l <= 2)%nat ->
    sum p (fun k => eta k * if in_layer_b net l k then theta k else 0) = weighed (mix net l theta eta).
  Proof.
    intros. apply (layer_combination net d l data theta terms N); auto. rewrite Lay. exact H.
  Qed.
  Lemma incoming : forall j k, (j < n)%nat -> In (Param k) (row j) ->
    theta k = weight theta (out j) * collected j (unit_vector k).
  Proof.
    intros j k L I. pose proof (first_layer j k L I) as F. pose proof (below_p 0 k F) as P.
    apply in_layer_b_iff in F. pose proof (combination 1 (unit_vector k) ltac:(lia)) as E.
    rewrite sum_unit, F, mix_first in E by exact P. rewrite E, (sum_single n _ j L); auto.
    intros i Li D. rewrite collected_out; [ring|]. intros J. apply D, (one_row i j k); auto.
  Qed.
  Lemma outgoing : forall j k, (j < n)%nat -> out j = Param k -> theta k = collected j theta.
  Proof.
    intros j k L O. pose proof (second_layer j k O) as F. pose proof (below_p 1 k F) as P.
    apply in_layer_b_iff in F. pose proof (combination 2 (unit_vector k) ltac:(lia)) as E.
    rewrite sum_unit, F, mix_second in E by exact P. rewrite E, (sum_single n _ j L).
    - rewrite O. simpl. unfold unit_vector. rewrite Nat.eqb_refl. ring.
    - intros i Li D. destruct (out i) eqn:Oi; simpl; [ring|]. unfold unit_vector.
      destruct (Nat.eqb_spec k0 k); [|ring]. subst. destruct D. apply (one_column i j k); auto.
  Qed.
  (** At a KKT point each unit collects a unit vector. *)
  Lemma unit_length : forall j, (j < n)%nat ->
    sum p (fun k => collected j (unit_vector k) * collected j (unit_vector k)) = 1.
  Proof.
    intros j L. destruct (Weights (row j) (row_in j L)) as [k0 [I0 Z0]].
    set (c := weight theta (out j)). pose proof (incoming j k0 L I0) as E0. fold c in E0.
    assert (C : c <> 0) by (intros Z; rewrite Z in E0; apply Z0; rewrite E0; ring).
    assert (O : c = collected j theta).
    { unfold c in *. destruct (out j) as [|q] eqn:O; [contradiction C; reflexivity|]. simpl.
      apply outgoing; auto. }
    rewrite collected_units in O by exact L.
    rewrite (sum_ext _ _ (fun k => c * (collected j (unit_vector k) * collected j (unit_vector k)))) in O.
    - rewrite sum_scale in O. apply (Rmult_eq_reg_l c); [|exact C]. rewrite <- O. ring.
    - intros k _. destruct (in_dec entry_eq (Param k) (row j)) as [I|I].
      + rewrite (incoming j k L I). fold c. ring.
      + rewrite collected_out by exact I. ring.
  Qed.
  Let has j k := existsb (is_param k) (row j).
  Lemma has_iff : forall j k, has j k = true <-> In (Param k) (row j).
  Proof.
    intros. unfold has. rewrite existsb_exists. split.
    - intros [[|q] [I E]]; simpl in E; try discriminate. apply Nat.eqb_eq in E. subst. exact I.
    - intros I. exists (Param k). split; auto. simpl. apply Nat.eqb_refl.
  Qed.
  Lemma unit_bound : forall j th, (j < n)%nat -> 2 * (weight th (out j) * collected j th) <=
    sum p (fun k => if is_param k (out j) then th k * th k else 0) +
    sum p (fun k => if has j k then th k * th k else 0).
  Proof.
    intros j th L. set (t := fun k => collected j (unit_vector k)). set (r := collected j th).
    assert (Wt : weight th (out j) * weight th (out j) =
      sum p (fun k => if is_param k (out j) then th k * th k else 0)).
    { destruct (out j) as [|q] eqn:O; simpl.
      - rewrite sum_zero. ring.
      - rewrite (sum_single p _ q); [rewrite Nat.eqb_refl; reflexivity | apply (below_p 1), (second_layer j), O |].
        intros i _ D. apply Nat.eqb_neq in D. rewrite D. reflexivity. }
    rewrite <- Wt.
    assert (R : sum p (fun k => (if has j k then th k else 0) * t k) = r).
    { unfold r. rewrite collected_units by exact L. apply sum_ext. intros k _. unfold t.
      destruct (has j k) eqn:H; auto. rewrite collected_out; [ring|]. rewrite <- has_iff. congruence. }
    assert (U : sum p (fun k => t k * t k) = 1) by apply (unit_length j L).
    assert (Q : 0 <= sum p (fun k => ((if has j k then th k * th k else 0) +
      -2 * r * ((if has j k then th k else 0) * t k)) + r * r * (t k * t k))).
    { apply sum_nonneg. intros k _. set (a := if has j k then th k else 0).
      replace (if has j k then th k * th k else 0) with (a * a) by (unfold a; destruct (has j k); ring).
      replace (a * a + -2 * r * (a * t k) + r * r * (t k * t k)) with ((a - r * t k) * (a - r * t k)) by ring.
      apply Rle_0_sqr. }
    rewrite sum_plus, sum_plus, !sum_scale, R in Q.
    rewrite U in Q.
    pose proof (Rle_0_sqr (weight th (out j) - r)) as S. unfold Rsqr in S. lra.
  Qed.
  Lemma weighed_bound : forall th, 2 * weighed th <= norm2 net th.
  Proof.
    intros th. rewrite (weighed_split th th th) by auto. rewrite <- sum_scale.
    eapply Rle_trans; [apply (sum_le n); intros j L; apply (unit_bound j th L)|].
    rewrite sum_plus, (sum_swap n p (fun j k => if is_param k (out j) then th k * th k else 0)),
      (sum_swap n p (fun j k => if has j k then th k * th k else 0)), <- sum_plus. apply sum_le. intros k Lk.
    pose proof (Rle_0_sqr (th k)) as Q. unfold Rsqr in Q.
    rewrite (sum_ext n (fun j => if is_param k (out j) then th k * th k else 0)
      (fun j => th k * th k * (if is_param k (out j) then 1 else 0)))
      by (intros i _; destruct (is_param k (out i)); ring).
    rewrite (sum_ext n (fun j => if has j k then th k * th k else 0)
      (fun j => th k * th k * (if has j k then 1 else 0))) by (intros i _; destruct (has i k); ring).
    rewrite !sum_scale.
    assert (B2 : forall j, is_param k (out j) = true -> out j = Param k).
    { intros j. destruct (out j); simpl; [discriminate|]. intros E. apply Nat.eqb_eq in E. congruence. }
    assert (C2 : sum n (fun j => if is_param k (out j) then 1 else 0) <= 1).
    { apply sum_indicator. intros i j _ _ A B. apply (one_column i j k); auto. }
    assert (C1 : sum n (fun j => if has j k then 1 else 0) <= 1).
    { apply (sum_indicator n (fun j => has j k)). intros i j Li Lj A B.
      apply (one_row i j k); auto; apply has_iff; assumption. }
    destruct (in_layer_b net 1 k) eqn:I.
    - rewrite (sum_ext n (fun j => if is_param k (out j) then 1 else 0) (fun _ => 0)), sum_zero; [nra|].
      intros j _. destruct (is_param k (out j)) eqn:E; auto. apply in_layer_b_iff in I.
      destruct (disjoint k I (second_layer j k (B2 j E))).
    - rewrite (sum_ext n (fun j => if has j k then 1 else 0) (fun _ => 0)), sum_zero; [nra|].
      intros j Lj. destruct (has j k) eqn:E; auto.
      apply has_iff, (first_layer j k Lj), in_layer_b_iff in E. congruence.
  Qed.
  Lemma weighed_theta : norm2 net theta = 2 * weighed theta.
  Proof.
    assert (E : forall l, (1 <= l <= 2)%nat ->
      sum p (fun k => theta k * if in_layer_b net l k then theta k else 0) = weighed theta).
    { intros l L. rewrite combination by exact L. unfold weighed. apply total_ext. intros m _.
      rewrite (Phi_same net d N _ (mix net l theta theta) theta); auto.
      intros. unfold mix. destruct (in_layer_b net l k); reflexivity. }
    replace (2 * weighed theta) with (weighed theta + weighed theta) by ring.
    rewrite <- (E 1%nat) at 1 by lia. rewrite <- (E 2%nat) by lia. rewrite <- sum_plus.
    unfold norm2. apply sum_ext. intros k L.
    destruct (in_layer_b net 1 k) eqn:I1, (in_layer_b net 2 k) eqn:I2; try ring.
    - apply in_layer_b_iff in I1, I2. destruct (disjoint k I1 I2).
    - rewrite (unused_zero net data theta terms k L Valid Stationary); [ring|].
      intros W I U. rewrite Lay in I. destruct I as [<-|[<-|[]]].
      + assert (X : in_layer net 1 k) by (unfold in_layer; rewrite Lay; exact U).
        apply in_layer_b_iff in X. congruence.
      + assert (X : in_layer net 2 k) by (unfold in_layer; rewrite Lay; exact U).
        apply in_layer_b_iff in X. congruence.
  Qed.
  Lemma depth_two_inequality : forall theta', feasible net data theta' ->
    (forall m, In m terms -> on_piece net theta m /\ on_piece net theta' m) ->
    norm net theta <= norm net theta'.
  Proof.
    intros theta' F On. apply norm_le. rewrite weighed_theta.
    eapply Rle_trans; [|apply weighed_bound]. apply Rmult_le_compat_l; [lra|].
    apply total_le. intros m Im. destruct (Valid m Im) as [Mu [Is [Active _]]].
    apply Rmult_le_compat_l; auto. destruct (On m Im) as [O O']. unfold on_piece in *. rewrite O, O'.
    fold (margin net theta (of_sample m)) (margin net theta' (of_sample m)). rewrite Active. apply F, Is.
  Qed.
End DepthTwo.

Lemma two_layers : forall net d, class_N net d -> length (layers net) = 2%nat ->
  exists W row, layers net = [W; [row]].
Proof.
  intros net d [_ [Sh _]] L. destruct (layers net) as [|W [|V [|]]]; try discriminate.
  simpl in Sh. destruct Sh as [_ [_ Sh]]. destruct V as [|row [|]]; try discriminate. exists W, row. reflexivity.
Qed.
Lemma dot_nonzero : forall th row x, dot th row x <> 0 -> exists k, In (Param k) row /\ th k <> 0.
Proof.
  induction row as [|e row IH]; intros [|b x] H; simpl in H; try lra.
  destruct (Req_dec (dot th row x) 0) as [Z|Z].
  - destruct e as [|k]; simpl in H; [rewrite Z in H; lra|]. exists k. split; [left; reflexivity|].
    intros K. apply H. rewrite K, Z. ring.
  - destruct (IH x Z) as [k [I K]]. exists k. split; [right; exact I | exact K].
Qed.

(** KKT points and the problem of one layer: under a pattern Φ is linear in that layer's
    parameters, so that the multipliers of a KKT point prove it optimal wherever the
    patterns of its terms describe Φ. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common Near Sanity Class SvmDual NotKkt
  Classes.
Import ListNotations.
Open Scope R_scope.

(** * Under a pattern Φ is linear in the input, and in the parameters of one layer *)
Lemma gate_combine : forall a s c x y, length x = length y ->
  gate a s (vadd x (vscale c y)) = vadd (gate a s x) (vscale c (gate a s y)).
Proof.
  intros a s c x. revert s. induction x as [|u x IH]; intros s [|w y] E; try discriminate; auto.
  cbn [vadd vscale map gate]. fold (vscale c y) (vscale c (gate a (tl s) y)). f_equal; [ring|].
  apply IH. injection E. auto.
Qed.
Lemma gate_length : forall a z s, length (gate a s z) = length z.
Proof. induction z; simpl; auto. Qed.
Lemma matvec_length : forall th W x, length (matvec th W x) = length W.
Proof. intros. apply map_length. Qed.
Lemma matvec_combine : forall th W c x y, length x = length y ->
  matvec th W (vadd x (vscale c y)) = vadd (matvec th W x) (vscale c (matvec th W y)).
Proof.
  intros. rewrite matvec_vadd, matvec_vscale; auto. unfold vscale. rewrite map_length. exact H.
Qed.
Lemma pattern_cons : forall a s th W W' Ws x, forward_pattern a s th (W :: W' :: Ws) x =
  forward_pattern a (tl s) th (W' :: Ws) (gate a (hd [] s) (matvec th W x)).
Proof. reflexivity. Qed.
Lemma pattern_combine : forall a th Ws s c x y, length x = length y ->
  forward_pattern a s th Ws (vadd x (vscale c y)) =
  vadd (forward_pattern a s th Ws x) (vscale c (forward_pattern a s th Ws y)) /\
  length (forward_pattern a s th Ws x) = length (forward_pattern a s th Ws y).
Proof.
  induction Ws as [|W [|W' Ws] IH]; intros s c x y E; auto.
  - simpl. rewrite !matvec_length. split; auto. apply matvec_combine, E.
  - rewrite !pattern_cons, matvec_combine, gate_combine by (rewrite ?matvec_length; auto).
    apply IH. rewrite !gate_length, !matvec_length. reflexivity.
Qed.

(** th3 = th1 + c th2 in layer n (from 0), and the three agree in the other layers. *)
Definition used (W : matrix) (k : nat) : Prop := exists row, In row W /\ In (Param k) row.
Lemma dot_used : forall th th' row x, (forall k, In (Param k) row -> th k = th' k) ->
  dot th row x = dot th' row x.
Proof.
  induction row as [|e row IH]; intros [|b x] H; simpl; auto.
  rewrite (IH x) by (intros; apply H; right; auto). f_equal. f_equal.
  destruct e; simpl; auto. apply H. left. reflexivity.
Qed.
Lemma matvec_used : forall th th' W x, (forall k, used W k -> th k = th' k) ->
  matvec th W x = matvec th' W x.
Proof.
  intros. apply map_ext_in. intros row I. apply dot_used. intros k J. apply H. exists row. auto.
Qed.
Lemma pattern_used : forall a th th' Ws s x,
  (forall W k, In W Ws -> used W k -> th k = th' k) ->
  forward_pattern a s th Ws x = forward_pattern a s th' Ws x.
Proof.
  induction Ws as [|W [|W' Ws] IH]; intros s x H; auto.
  - apply matvec_used. intros. apply (H W); simpl; auto.
  - rewrite !pattern_cons, (matvec_used th th' W) by (intros; apply (H W); simpl; auto).
    apply IH. intros M k I. apply H. right. exact I.
Qed.
Lemma matvec_linear : forall th1 th2 th3 c W x,
  (forall k, used W k -> th3 k = th1 k + c * th2 k) ->
  matvec th3 W x = vadd (matvec th1 W x) (vscale c (matvec th2 W x)).
Proof.
  intros th1 th2 th3 c. induction W as [|row W IH]; intros x H; auto. cbn [matvec map vadd vscale].
  f_equal.
  - assert (R : forall k, In (Param k) row -> th3 k = th1 k + c * th2 k)
      by (intros; apply H; exists row; simpl; auto). clear -R. revert x.
    induction row as [|e row IH]; intros [|b x]; simpl; try ring.
    rewrite IH by (intros; apply R; right; auto).
    assert (E : weight th3 e = weight th1 e + c * weight th2 e); [|rewrite E; ring].
    destruct e; simpl; [ring|]. apply R. left. reflexivity.
  - apply IH. intros k [r [I J]]. apply H. exists r. simpl. auto.
Qed.
Lemma pattern_linear : forall a c th1 th2 th3 (Ws : list matrix) n s x, (n < length Ws)%nat ->
  (forall k, used (nth n Ws []) k -> th3 k = th1 k + c * th2 k) ->
  (forall j k, j <> n -> used (nth j Ws []) k -> th1 k = th2 k /\ th3 k = th2 k) ->
  forward_pattern a s th3 Ws x =
    vadd (forward_pattern a s th1 Ws x) (vscale c (forward_pattern a s th2 Ws x)) /\
  length (forward_pattern a s th1 Ws x) = length (forward_pattern a s th2 Ws x).
Proof.
  intros a c th1 th2 th3. induction Ws as [|W [|W' Ws] IH]; intros n s x L H O; simpl in L; try lia.
  - replace n with 0%nat in * by lia. simpl. rewrite !matvec_length. split; auto.
    apply matvec_linear, H.
  - rewrite !pattern_cons. destruct n as [|n].
    + assert (E1 : forall M k, In M (W' :: Ws) -> used M k -> th1 k = th2 k /\ th3 k = th2 k).
      { intros M k I U. apply (In_nth _ _ []) in I as [j [_ I]]. apply (O (S j)); [lia|].
        cbn [nth]. rewrite <- I in U. exact U. }
      rewrite (pattern_used a th3 th2) by (intros M k I U; apply (E1 M k I U)).
      rewrite (pattern_used a th1 th2) by (intros M k I U; apply (E1 M k I U)).
      rewrite (matvec_linear th1 th2 th3 c), gate_combine by (rewrite ?matvec_length; auto).
      apply pattern_combine. rewrite !gate_length, !matvec_length. reflexivity.
    + rewrite (matvec_used th3 th2 W), (matvec_used th1 th2 W)
        by (intros k U; apply (O 0%nat k); [lia | exact U]).
      apply (IH n); [simpl; lia | exact H |]. intros j k J. apply (O (S j)). lia.
Qed.

Section Layer.
  Variables (net : network) (d l : nat).
  Hypothesis N : class_N net d.
  Hypothesis Inside : (1 <= l <= length (layers net))%nat.
  (** θ outside layer l, η in it. *)
  Definition mix (theta eta : point) : point := fun k => if in_layer_b net l k then eta k else theta k.
  Definition unit_vector (k j : nat) : R := if Nat.eqb j k then 1 else 0.

  Lemma Phi_linear : forall s th eta zeta c x,
    Phi_pattern net s (mix th (fun k => eta k + c * zeta k)) x =
    Phi_pattern net s (mix th eta) x + c * Phi_pattern net s (mix th zeta) x.
  Proof.
    intros. unfold Phi_pattern. destruct N as [_ [_ [_ [Own _]]]].
    destruct (pattern_linear (act net) c (mix th eta) (mix th zeta)
      (mix th (fun k => eta k + c * zeta k)) (layers net) (pred l) s x) as [E L].
    - lia.
    - intros k U. assert (I : in_layer_b net l k = true) by (apply in_layer_b_iff; exact U).
      unfold mix. rewrite I. reflexivity.
    - intros j k J U. unfold mix. destruct (in_layer_b net l k) eqn:I; auto. exfalso.
      apply in_layer_b_iff in I. apply J.
      assert (S j = l) by (apply (Own (S j) l k); try lia; auto). subst l. reflexivity.
    - rewrite E, hd_vadd, hd_vscale by (unfold vscale; rewrite map_length; exact L). reflexivity.
  Qed.
  Lemma Phi_zero : forall s th x, Phi_pattern net s (mix th (fun _ => 0)) x = 0.
  Proof.
    intros. pose proof (Phi_linear s th (fun _ => 0) (fun _ => 0) 1 x) as E.
    assert (Z : Phi_pattern net s (mix th (fun _ => 0 + 1 * 0)) x =
      Phi_pattern net s (mix th (fun _ => 0)) x).
    { unfold Phi_pattern. f_equal. apply pattern_used. intros W k _ _. unfold mix.
      destruct (in_layer_b net l k); ring. }
    lra.
  Qed.
  (** What coordinates from [parameters] on are, and how η is written, plays no role. *)
  Lemma Phi_same : forall s th th' x, (forall k, (k < parameters net)%nat -> th k = th' k) ->
    Phi_pattern net s th x = Phi_pattern net s th' x.
  Proof.
    intros. unfold Phi_pattern. f_equal. apply pattern_used. intros W k I [row [J U]].
    apply H. destruct N as [_ [_ [P _]]]. eapply P; eauto.
  Qed.
  Lemma Phi_sum : forall s th eta x, Phi_pattern net s (mix th eta) x =
    sum (parameters net) (fun k => eta k * Phi_pattern net s (mix th (unit_vector k)) x).
  Proof.
    intros.
    assert (G : forall n, Phi_pattern net s (mix th (fun k => if Nat.ltb k n then eta k else 0)) x =
      sum n (fun k => eta k * Phi_pattern net s (mix th (unit_vector k)) x)).
    { induction n; simpl sum; [apply Phi_zero|]. rewrite <- IHn, <- Phi_linear. apply Phi_same.
      intros k _. unfold mix, unit_vector. destruct (in_layer_b net l k); auto.
      destruct (Nat.ltb_spec k (S n)), (Nat.ltb_spec k n), (Nat.eqb_spec k n); try lia; subst; ring. }
    rewrite <- G. apply Phi_same. intros k L. unfold mix.
    destruct (Nat.ltb_spec k (parameters net)); [reflexivity | lia].
  Qed.
  (** The partial derivatives in layer l. *)
  Lemma partial_value : forall s th x c k g, in_layer net l k ->
    partial (fun th => c * Phi_pattern net s th x) th k g ->
    g = c * Phi_pattern net s (mix th (unit_vector k)) x.
  Proof.
    intros s th x c k g I P. apply in_layer_b_iff in I. unfold partial in P.
    eapply uniqueness_limite; [exact P|]. clear P g.
    set (th0 := fun j => if Nat.eqb j k then 0 else th j).
    assert (E : forall u, c * Phi_pattern net s (fun j => if Nat.eqb j k then u else th j) x =
      c * Phi_pattern net s (mix th th0) x + u * (c * Phi_pattern net s (mix th (unit_vector k)) x)).
    { intros u. rewrite <- Rmult_assoc, (Rmult_comm u c), Rmult_assoc, <- Rmult_plus_distr_l, <- Phi_linear.
      f_equal. apply Phi_same. intros j _. unfold mix, th0, unit_vector.
      destruct (Nat.eqb_spec j k); [subst; rewrite I; ring|]. destruct (in_layer_b net l j); ring. }
    intros eps He. exists (mkposreal 1 Rlt_0_1). intros h H0 _. rewrite !E.
    match goal with |- Rabs ?e < _ => replace e with 0 by (field; exact H0) end.
    rewrite Rabs_R0. exact He.
  Qed.
End Layer.

(** * KKT points and the problem of one layer *)
Definition total (f : term -> R) (terms : list term) : R := fold_right Rplus 0 (map f terms).
Lemma total_ext : forall f g terms, (forall m, In m terms -> f m = g m) -> total f terms = total g terms.
Proof. intros. unfold total. f_equal. apply map_ext_in. exact H. Qed.
Lemma total_le : forall f g terms, (forall m, In m terms -> f m <= g m) -> total f terms <= total g terms.
Proof.
  unfold total. induction terms; simpl; intros H; [lra|]. apply Rplus_le_compat; auto.
Qed.
Lemma total_zero : forall terms, total (fun _ => 0) terms = 0.
Proof. unfold total. induction terms; simpl; lra. Qed.
Lemma sum_total : forall n (eta : nat -> R) c terms,
  sum n (fun k => eta k * total (fun m => mu m * c m k) terms) =
  total (fun m => mu m * sum n (fun k => eta k * c m k)) terms.
Proof.
  unfold total. induction terms as [|m terms IH]; simpl.
  - rewrite (sum_ext _ _ (fun _ => 0)), sum_zero by (intros; ring). reflexivity.
  - rewrite <- IH, <- sum_scale, <- sum_plus. apply sum_ext. intros. ring.
Qed.
(** What [kkt] says of a term, and of all. *)
Definition valid net data theta (m : term) : Prop :=
  0 <= mu m /\ In (of_sample m) data /\ margin net theta (of_sample m) = 1 /\
  realizable net (input (of_sample m)) (under m) theta /\
  forall k, (k < parameters net)%nat -> partial
    (fun th => label (of_sample m) * Phi_pattern net (under m) th (input (of_sample m)))
    theta k (gradient m k).
Definition stationary net theta (terms : list term) : Prop :=
  forall k, (k < parameters net)%nat -> theta k = total (fun m => mu m * gradient m k) terms.
(** At θ' the piece of the term is Φ. *)
Definition on_piece net (theta' : point) (m : term) : Prop :=
  Phi_pattern net (under m) theta' (input (of_sample m)) = Phi net theta' (input (of_sample m)).

Section LayerOptimum.
  Variables (net : network) (d l : nat) (data : list sample) (theta : point) (terms : list term).
  Hypothesis N : class_N net d.
  Hypothesis Inside : (1 <= l <= length (layers net))%nat.
  Hypothesis Valid : forall m, In m terms -> valid net data theta m.
  Hypothesis Stationary : stationary net theta terms.

  (** The layer's part of θ times η is a combination of the pieces, with η in the layer. *)
  Lemma layer_combination : forall eta,
    sum (parameters net) (fun k => eta k * if in_layer_b net l k then theta k else 0) =
    total (fun m => mu m * (label (of_sample m) *
      Phi_pattern net (under m) (mix net l theta eta) (input (of_sample m)))) terms.
  Proof.
    intros eta.
    rewrite (sum_ext _ _ (fun k => eta k * total (fun m => mu m * (label (of_sample m) *
      Phi_pattern net (under m) (mix net l theta (unit_vector k)) (input (of_sample m)))) terms)).
    - rewrite sum_total. apply total_ext. intros m _. f_equal.
      rewrite (Phi_sum net d l N Inside), <- sum_scale. apply sum_ext. intros. ring.
    - intros k L. f_equal. destruct (in_layer_b net l k) eqn:I.
      + rewrite (Stationary k L). apply total_ext. intros m Im.
        destruct (Valid m Im) as [_ [_ [_ [_ P]]]]. f_equal.
        apply (partial_value net d l N Inside _ theta); [apply in_layer_b_iff, I | apply P, L].
      + symmetry. rewrite (total_ext _ (fun _ => 0)).
        * apply total_zero.
        * intros m _. rewrite (Phi_same net d N _ _ (mix net l theta (fun _ => 0))).
          -- rewrite (Phi_zero net d l N Inside). ring.
          -- intros j _. unfold mix, unit_vector. destruct (in_layer_b net l j) eqn:J; auto.
             destruct (Nat.eqb_spec j k); auto. subst. congruence.
  Qed.
  Lemma layer_inequality : forall theta', feasible net data theta' ->
    moves_only net (Layer l) theta theta' ->
    (forall m, In m terms -> on_piece net theta m /\ on_piece net theta' m) ->
    norm net theta <= norm net theta'.
  Proof.
    intros theta' F M On. apply norm_le.
    pose proof (layer_combination theta) as E. pose proof (layer_combination theta') as E'.
    assert (Le : total (fun m => mu m * (label (of_sample m) *
        Phi_pattern net (under m) (mix net l theta theta) (input (of_sample m)))) terms <=
      total (fun m => mu m * (label (of_sample m) *
        Phi_pattern net (under m) (mix net l theta theta') (input (of_sample m)))) terms).
    { apply total_le. intros m Im. destruct (Valid m Im) as [Mu [Is [Active _]]].
      apply Rmult_le_compat_l; auto. destruct (On m Im) as [O O']. unfold on_piece in *.
      rewrite (Phi_same net d N _ (mix net l theta theta) theta), O
        by (intros; unfold mix; destruct (in_layer_b net l k); reflexivity).
      rewrite (Phi_same net d N _ (mix net l theta theta') theta'), O'.
      - fold (margin net theta (of_sample m)) (margin net theta' (of_sample m)). rewrite Active. apply F, Is.
      - intros k L. unfold mix. destruct (in_layer_b net l k) eqn:I; auto. symmetry. apply M; auto.
        simpl. rewrite <- in_layer_b_iff. congruence. }
    rewrite <- E, <- E' in Le. unfold norm2.
    assert (S : 0 <= sum (parameters net) (fun k => (theta' k * theta' k + -1 * (theta k * theta k)) +
      -2 * (theta' k * (if in_layer_b net l k then theta k else 0) +
            -1 * (theta k * if in_layer_b net l k then theta k else 0)))).
    { apply sum_nonneg. intros k L. destruct (in_layer_b net l k) eqn:I.
      - pose proof (Rle_0_sqr (theta' k - theta k)) as Q. unfold Rsqr in Q. lra.
      - rewrite (M k L); [lra|]. simpl. rewrite <- in_layer_b_iff. congruence. }
    rewrite sum_plus, sum_plus, sum_scale, sum_scale, sum_plus, sum_scale in S. lra.
  Qed.
End LayerOptimum.

(** A layer that is not there has nothing that moves; layer 0 is read as layer 1. *)
Lemma outside_layer : forall net l theta theta', (length (layers net) < l)%nat ->
  moves_only net (Layer l) theta theta' -> norm net theta <= norm net theta'.
Proof.
  intros net l theta theta' L M. right. apply norm_ext. intros k K. symmetry. apply M; auto.
  intros [row [I _]]. rewrite nth_overflow in I by lia. destruct I.
Qed.
Lemma layer_cases : forall net d l theta (P : point -> Prop), class_N net d ->
  (forall l', (1 <= l' <= length (layers net))%nat -> forall theta', P theta' ->
     moves_only net (Layer l') theta theta' -> norm net theta <= norm net theta') ->
  forall theta', P theta' -> moves_only net (Layer l) theta theta' -> norm net theta <= norm net theta'.
Proof.
  intros net d l theta P N H theta' Q M.
  assert (Len : (1 <= length (layers net))%nat)
    by (destruct N as [N _]; destruct (layers net); simpl; [contradiction | lia]).
  destruct l as [|l].
  - apply (H 1%nat); auto.
  - destruct (Nat.le_gt_cases (S l) (length (layers net))); [apply (H (S l)); auto; lia|].
    apply (outside_layer net (S l)); auto.
Qed.

(** * Where no input to a hidden neuron is zero *)
Lemma pattern_lengths : forall a s th Ws x,
  length (preactivations_pattern a s th Ws x) = pred (length Ws) /\
  forall l, (S l < length Ws)%nat ->
    length (nth l (preactivations_pattern a s th Ws x) []) = length (nth l Ws []).
Proof.
  intros a s th Ws. revert s. induction Ws as [|W [|W' Ws] IH]; intros s x;
    try (split; [reflexivity | simpl; intros; lia]).
  destruct (IH (tl s) (gate a (hd [] s) (matvec th W x))) as [E1 E2].
  assert (C : preactivations_pattern a s th (W :: W' :: Ws) x = matvec th W x ::
      preactivations_pattern a (tl s) th (W' :: Ws) (gate a (hd [] s) (matvec th W x))) by reflexivity.
  rewrite C. split; [cbn [length pred]; rewrite E1; reflexivity|].
  intros [|l] L; [apply matvec_length|]. apply E2. cbn [length] in *. lia.
Qed.
Lemma near_below : forall net th n (P : nat -> point -> Prop),
  (forall i, (i < n)%nat -> near net th (P i)) -> near net th (fun x => forall i, (i < n)%nat -> P i x).
Proof.
  induction n; intros P H; [apply near_always; intros; lia|].
  eapply near_weaken; [|apply (near_and net th _ _ (IHn P (fun i L => H i ltac:(lia))) (H n ltac:(lia)))].
  intros x [A B] i L. destruct (Nat.eq_dec i n) as [->|]; auto. apply A. lia.
Qed.
Lemma near_terms : forall net th (P : term -> point -> Prop) terms,
  (forall m, In m terms -> near net th (P m)) -> near net th (fun x => forall m, In m terms -> P m x).
Proof.
  induction terms as [|m terms IH]; intros H; [apply near_always; intros x m []|].
  eapply near_weaken; [|apply (near_and net th _ _ (H m (or_introl eq_refl))
    (IH (fun m' I => H m' (or_intror I))))].
  intros x [A B] m' [<-|I]; auto.
Qed.
Lemma class_N_index : forall net d, class_N net d ->
  forallb (forallb (forallb (index_b (parameters net)))) (layers net) = true.
Proof.
  intros net d [_ [_ [P _]]]. apply forallb_forall. intros W IW. apply forallb_forall. intros row IR.
  apply forallb_forall. intros [|k] IE; auto. apply Nat.ltb_lt. eapply P; eauto.
Qed.
(** A realizable pattern is the pattern of θ, and Φ is its piece around θ. *)
Lemma piece_near : forall net d data theta m, class_N net d -> nonzero_inputs net data theta ->
  valid net data theta m -> near net theta (fun th => on_piece net th m).
Proof.
  intros net d data theta m N Z [_ [Is [_ [R _]]]].
  assert (Cases : act net = Linear \/ act net <> Linear)
    by (destruct (act net); [left; reflexivity | right; discriminate | right; discriminate]).
  destruct Cases as [A|A]; [apply near_always; intros th; apply linear_has_one_piece, A|].
  set (s := under m) in *. set (x := input (of_sample m)) in *.
  set (z := fun l j th => nth j (nth l (preactivations_pattern (act net) s th (layers net) x) []) 0).
  assert (Cz : forall l j, cont net theta (z l j)).
  { intros l j eps He.
    assert (E : forall th, values th (map (fun c (_ : point) => c) x) = x)
      by (intros; unfold values; rewrite map_map; apply map_id).
    assert (F : Forall (cont net theta) (map (fun c (_ : point) => c) x)).
    { apply Forall_forall. intros f Hf. apply in_map_iff in Hf as [c [<- _]]. apply cont_const. }
    eapply near_weaken; [|apply (preactivation_cont net theta (act net) (layers net)
      (class_N_index net d N) s _ F l j eps He)].
    cbv beta. intros y. rewrite !E. auto. }
  apply (realizable_agree net x s theta (class_N_index net d N)) in R.
  destruct (agree_pattern _ _ _ _ _ R) as [_ E].
  assert (Keep : forall l j, (S l < length (layers net))%nat -> (j < length (nth l (layers net) []))%nat ->
    near net theta (fun th => agrees (act net) (on s l j) (z l j th))).
  { intros l j L J. pose proof (Z (of_sample m) l j Is L J) as NZ.
    assert (G : agrees (act net) (on s l j) (z l j theta)).
    { destruct (pattern_lengths (act net) s theta (layers net) x) as [P1 P2].
      apply (proj1 (agree_index _ _ _) R); [rewrite P1; lia | rewrite P2; auto]. }
    assert (V : z l j theta <> 0) by (unfold z; rewrite E; exact NZ).
    destruct G as [G|G]; [contradiction|]. destruct (on s l j).
    - eapply near_weaken; [|apply (cont_positive net theta (z l j)); auto; lra].
      intros th H. right. lra.
    - eapply near_weaken; [|apply (cont_positive net theta (fun th => (-1) * z l j th));
        [apply cont_mult; [apply cont_const | auto] | lra]].
      cbv beta. intros th H. right. lra. }
  eapply near_weaken; [|apply (near_below net theta (pred (length (layers net))) (fun l th =>
    forall j, (j < length (nth l (layers net) []))%nat -> agrees (act net) (on s l j) (z l j th)))].
  - cbv beta. intros th H. unfold on_piece, Phi_pattern, Phi. f_equal. apply agree_pattern, agree_index.
    destruct (pattern_lengths (act net) s th (layers net) x) as [P1 P2].
    intros l j L J. assert (L' : (l < pred (length (layers net)))%nat) by (rewrite <- P1; exact L).
    apply H; auto. rewrite <- P2; [exact J | lia].
  - intros l L. apply near_below. intros j J. apply Keep; auto. lia.
Qed.

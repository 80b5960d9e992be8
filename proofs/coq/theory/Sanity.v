(** Small facts that the definitions should satisfy, and do. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common.
Import ListNotations.
Open Scope R_scope.

(** Global implies local, strict local implies local, in every scope. *)
Lemma global_is_local : forall net data sc th,
  global_optimum net data sc th -> local_optimum net data sc th.
Proof. intros net data sc th [F G]. split; auto. exists 1. split; [lra|]. auto. Qed.
Lemma strict_is_local : forall net data sc th,
  strict_local_optimum net data sc th -> local_optimum net data sc th.
Proof.
  intros net data sc th [eps [E [F S]]]. split; auto. exists eps. split; auto.
  intros th' F' M D. destruct (Rlt_le_dec 0 (dist net th th')) as [P|P].
  - left. apply S; auto.
  - right. apply norm_ext. intros k L. unfold dist in *.
    pose proof (norm_coordinate net (fun k => th' k - th k) k L) as N.
    pose proof (Rabs_pos (th' k - th k)). cbv beta in N.
    assert (Z : Rabs (th' k - th k) = 0) by lra.
    destruct (Req_dec (th' k - th k) 0) as [Q|Q]; [lra|]. apply Rabs_no_R0 in Q. contradiction.
Qed.
Lemma global_whole_is_global_in_layers : forall net data l th,
  global_optimum net data Whole th -> global_optimum net data (Layer l) th.
Proof.
  intros net data l th [F G]. split; auto. intros th' F' _. apply G; auto.
  intros k L N. destruct N. exact I.
Qed.

(** σ is positively homogeneous, and Φ is, of degree the depth. *)
Lemma sigma_homogeneous : forall a c z, 0 <= c -> sigma a (c * z) = c * sigma a z.
Proof.
  intros a c z C. unfold sigma. destruct (Rle_dec 0 z) as [Z|Z], (Rle_dec 0 (c * z)) as [Y|Y]; try lra.
  - destruct Y. apply Rmult_le_pos; auto.
  - assert (c * z = 0) as E by nra. rewrite E. replace (c * (slope a * z)) with (slope a * (c * z)) by ring.
    rewrite E. lra.
Qed.
Lemma matvec_homogeneous : forall c b th W x,
  matvec (fun k => c * th k) W (map (Rmult b) x) = map (Rmult (c * b)) (matvec th W x).
Proof.
  intros. unfold matvec. rewrite map_map. apply map_ext. intros row. revert x.
  induction row as [|e row IH]; destruct x; simpl; try lra.
  rewrite IH. destruct e; simpl; lra.
Qed.
Lemma forward_homogeneous : forall a th c, 0 <= c -> forall Ws b x, 0 <= b ->
  forward a (fun k => c * th k) Ws (map (Rmult b) x) =
  map (Rmult (c ^ length Ws * b)) (forward a th Ws x).
Proof.
  intros a th c C. induction Ws as [|W [|W' Ws] IH]; intros b x B.
  - simpl. f_equal. f_equal. lra.
  - simpl. rewrite Rmult_1_r. apply matvec_homogeneous.
  - remember (W' :: Ws) as Ws1 eqn:E.
    assert (F : forall t y, forward a t (W :: Ws1) y = forward a t Ws1 (map (sigma a) (matvec t W y)))
      by (rewrite E; reflexivity).
    rewrite !F, matvec_homogeneous.
    rewrite (map_map (Rmult (c * b))), (map_ext _ (fun z => (c * b) * sigma a z)),
      <- (map_map (sigma a) (Rmult (c * b))).
    + rewrite IH by (apply Rmult_le_pos; auto). f_equal. simpl.
      replace (c ^ length Ws1 * (c * b)) with (c * c ^ length Ws1 * b) by ring. reflexivity.
    + intros z. apply sigma_homogeneous, Rmult_le_pos; auto.
Qed.
Theorem Phi_homogeneous : forall net th x c, 0 <= c ->
  Phi net (fun k => c * th k) x = c ^ length (layers net) * Phi net th x.
Proof.
  intros net th x c C. unfold Phi. rewrite <- (map_id x) at 1.
  rewrite (map_ext id (Rmult 1)) by (intros; unfold id; lra).
  rewrite (forward_homogeneous _ _ _ C _ 1) by lra. rewrite Rmult_1_r.
  destruct (forward (act net) th (layers net) x); simpl; lra.
Qed.
(** A feasible point may be scaled up. *)
Theorem feasible_scaling : forall net data th c, 1 <= c ->
  feasible net data th -> feasible net data (fun k => c * th k).
Proof.
  intros net data th c C F s I. specialize (F s I). unfold margin in *.
  rewrite Phi_homogeneous by lra. pose proof (pow_R1_Rle c (length (layers net)) C). nra.
Qed.
Lemma norm_scaling : forall net th c, 0 <= c -> norm net (fun k => c * th k) = c * norm net th.
Proof.
  intros net th c C. unfold norm.
  rewrite (sum_ext _ _ (fun k => (c * c) * (th k * th k))) by (intros; ring).
  rewrite sum_scale, sqrt_mult, sqrt_square; auto; [nra | apply norm2_nonneg].
Qed.

(** At a pattern that agrees with θ the pieces Φ^s and Φ take the same value. *)
Theorem Phi_pattern_agrees : forall net s th x,
  (forall l j, agrees (act net) (on s l j) (preactivation net x l j th)) ->
  Phi_pattern net s th x = Phi net th x.
Proof.
  intros net s th x H. unfold Phi_pattern, Phi. f_equal. apply agree_true, agree_index.
  intros l j _ _. apply H.
Qed.
(** For a linear network every pattern is realizable and gives the same Φ^s = Φ. *)
Theorem linear_has_one_piece : forall net s th x, act net = Linear ->
  Phi_pattern net s th x = Phi net th x /\ realizable net x s th.
Proof.
  intros net s th x A. split; [|left; exact A]. apply Phi_pattern_agrees.
  intros l j. left. exact A.
Qed.

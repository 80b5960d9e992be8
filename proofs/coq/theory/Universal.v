(** Theorems about whole classes of networks: where a KKT point is an optimum, whatever the
    network of the class, the data and the point.  Their words are those of [Definitions] and
    [Classes]. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Common Near Sanity SvmDual Classes Layerwise DepthTwo
  FullyConnected.
Import ListNotations.
Open Scope R_scope.

(** Fully connected linear networks, of any depth. *)
Theorem fully_connected_linear_kkt_global : forall net d data theta, class_N net d -> act net = Linear ->
  fully_connected net -> no_shared_weights net -> (forall s, In s data -> length (input s) = d) ->
  kkt net data theta -> global_optimum net data Whole theta.
Proof.
  intros net d data theta N A C U D [F [terms [V S]]]. split; auto. intros theta' F' _.
  apply (fully_connected_inequality net d data theta terms); auto.
Qed.

(** Linear networks of depth 2 without shared weights, at points with non-zero weights. *)
Theorem depth2_linear_kkt_global : forall net d data theta, class_N net d -> act net = Linear ->
  length (layers net) = 2%nat -> no_shared_weights net -> nonzero_weights net theta ->
  kkt net data theta -> global_optimum net data Whole theta.
Proof.
  intros net d data theta N A L U W [F [terms [V S]]]. split; auto. intros theta' F' _.
  destruct (two_layers net d N L) as [W1 [row2 Lay]]. unfold nonzero_weights in W. rewrite Lay in W.
  apply (depth_two_inequality net d data theta terms W1 row2); auto.
  intros m _. split; apply linear_has_one_piece, A.
Qed.

(** Networks of depth 2 without shared weights, any activation, at points with non-zero inputs. *)
Theorem depth2_nonzero_inputs_kkt_local : forall net d data theta, class_N net d ->
  length (layers net) = 2%nat -> no_shared_weights net -> nonzero_inputs net data theta ->
  kkt net data theta -> local_optimum net data Whole theta.
Proof.
  intros net d data theta N L U Z [F [terms [V S]]]. split; auto.
  destruct (two_layers net d N L) as [W1 [row2 Lay]].
  destruct data as [|s data].
  - exists 1. split; [lra|]. intros theta' _ _ _. apply norm_le. unfold norm2.
    rewrite (sum_ext (parameters net) (fun k => theta k * theta k) (fun _ => 0)), sum_zero; [apply norm2_nonneg|].
    intros k K. destruct terms as [|m terms]; [|destruct (V m (or_introl eq_refl)) as [_ [[] _]]].
    rewrite (S k K). simpl. ring.
  - destruct (near_terms net theta (fun m th => on_piece net th m) terms) as [eps [E H]].
    { intros m I. apply (piece_near net d (s :: data)); auto. apply V, I. }
    exists eps. split; auto. intros theta' F' _ D.
    apply (depth_two_inequality net d (s :: data) theta terms W1 row2); auto.
    + intros row I. apply (In_nth _ _ []) in I as [j [J <-]].
      apply (dot_nonzero theta _ (input s)).
      pose proof (Z s 0%nat j (or_introl eq_refl)) as P. rewrite Lay in P.
      specialize (P ltac:(simpl; lia) J). unfold preactivation in P. rewrite Lay in P.
      cbn [preactivations nth] in P. rewrite nth_matvec in P. exact P.
    + intros m Im. split; apply H; auto. unfold dist, norm.
      rewrite (sum_ext _ _ (fun _ => 0)), sum_zero, sqrt_0 by (intros; ring). lra.
Qed.

(** Each layer's own problem, in linear networks of any depth and with any shared weights. *)
Theorem linear_kkt_layer_global : forall net d data theta l, class_N net d -> act net = Linear ->
  kkt net data theta -> global_optimum net data (Layer l) theta.
Proof.
  intros net d data theta l N A [F [terms [V S]]]. split; auto. intros theta' F' M.
  apply (layer_cases net d l theta (feasible net data)); auto. intros l' I th F1 M1.
  apply (layer_inequality net d l' data theta terms); auto.
  intros m _. split; apply linear_has_one_piece, A.
Qed.

(** Each layer's own problem, in any network of class N, at points with non-zero inputs. *)
Theorem nonzero_inputs_kkt_layer_local : forall net d data theta l, class_N net d ->
  nonzero_inputs net data theta -> kkt net data theta -> local_optimum net data (Layer l) theta.
Proof.
  intros net d data theta l N Z [F [terms [V S]]]. split; auto.
  destruct (near_terms net theta (fun m th => on_piece net th m) terms) as [eps [E H]].
  { intros m I. apply (piece_near net d data); auto. apply V, I. }
  exists eps. split; auto. intros theta' F' M D.
  apply (layer_cases net d l theta
    (fun th => feasible net data th /\ dist net theta th <= eps)); auto.
  intros l' I th [F1 D1] M1. apply (layer_inequality net d l' data theta terms); auto.
  intros m Im. split; apply H; auto. unfold dist, norm.
  rewrite (sum_ext _ _ (fun _ => 0)), sum_zero, sqrt_0 by (intros; ring). lra.
Qed.

(** Norms, scopes and neighbourhoods: facts that several checkers share. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward.
Import ListNotations.
Open Scope R_scope.

(** * Sums and norms *)
Lemma sum_ext : forall n f g, (forall k, (k < n)%nat -> f k = g k) -> sum n f = sum n g.
Proof. induction n; simpl; intros; auto. rewrite (IHn f g), (H n); auto. Qed.
Lemma sum_plus : forall n f g, sum n (fun k => f k + g k) = sum n f + sum n g.
Proof. induction n; simpl; intros; try lra. rewrite IHn. lra. Qed.
Lemma sum_scale : forall n c f, sum n (fun k => c * f k) = c * sum n f.
Proof. induction n; simpl; intros; try lra. rewrite IHn. lra. Qed.
Lemma sum_le : forall n f g, (forall k, (k < n)%nat -> f k <= g k) -> sum n f <= sum n g.
Proof.
  induction n; simpl; intros; try lra. specialize (IHn f g ltac:(auto)).
  specialize (H n ltac:(auto)). lra.
Qed.
Lemma sum_zero : forall n, sum n (fun _ => 0) = 0.
Proof. induction n; simpl; lra. Qed.
Lemma sum_nonneg : forall n f, (forall k, (k < n)%nat -> 0 <= f k) -> 0 <= sum n f.
Proof. intros. rewrite <- (sum_zero n). apply sum_le. auto. Qed.
Lemma sum_term : forall n f k, (forall j, (j < n)%nat -> 0 <= f j) -> (k < n)%nat -> f k <= sum n f.
Proof.
  induction n; simpl; intros f k H L; [lia|].
  pose proof (H n ltac:(lia)). pose proof (sum_nonneg n f ltac:(auto)).
  destruct (Nat.eq_dec k n) as [->|N]; [lra|]. specialize (IHn f k ltac:(auto) ltac:(lia)). lra.
Qed.

Definition rsum (l : list R) : R := fold_right Rplus 0 l.
Lemma rsum_nonneg : forall l, (forall r, In r l -> 0 <= r) -> 0 <= rsum l.
Proof.
  induction l; simpl; intros H; [lra|]. pose proof (H a ltac:(auto)).
  assert (0 <= rsum l) by (apply IHl; auto). lra.
Qed.
Lemma rsum_zero : forall l, (forall r, In r l -> 0 <= r) -> rsum l = 0 ->
  forall r, In r l -> r = 0.
Proof.
  induction l; simpl; intros H E r I; [tauto|]. pose proof (H a ltac:(auto)).
  assert (0 <= rsum l) by (apply rsum_nonneg; auto).
  destruct I as [<-|I]; [lra|]. apply IHl; auto. lra.
Qed.

Definition norm2 net (theta : point) : R := sum (parameters net) (fun k => theta k * theta k).
Lemma norm2_nonneg : forall net th, 0 <= norm2 net th.
Proof. intros. apply sum_nonneg. intros. nra. Qed.
Lemma norm_nonneg : forall net th, 0 <= norm net th.
Proof. intros. apply sqrt_pos. Qed.
Lemma norm_sqr : forall net th, norm net th * norm net th = norm2 net th.
Proof. intros. apply sqrt_sqrt, norm2_nonneg. Qed.
Lemma norm_lt : forall net th th', norm2 net th < norm2 net th' -> norm net th < norm net th'.
Proof. intros. apply sqrt_lt_1; try apply norm2_nonneg. exact H. Qed.
Lemma norm_le : forall net th th', norm2 net th <= norm2 net th' -> norm net th <= norm net th'.
Proof. intros. apply sqrt_le_1; try apply norm2_nonneg. exact H. Qed.
Lemma norm_coordinate : forall net th k, (k < parameters net)%nat -> Rabs (th k) <= norm net th.
Proof.
  intros net th k L. rewrite <- sqrt_Rsqr_abs. apply sqrt_le_1; [apply Rle_0_sqr | apply norm2_nonneg |].
  unfold Rsqr. apply (sum_term _ (fun k => th k * th k)); auto. intros. nra.
Qed.
Lemma norm_bound : forall net th b, 0 <= b -> norm2 net th <= b * b -> norm net th <= b.
Proof.
  intros net th b B H. rewrite <- (sqrt_square b B).
  apply sqrt_le_1; [apply norm2_nonneg | nra | exact H].
Qed.
Lemma norm_ext : forall net th th', (forall k, (k < parameters net)%nat -> th k = th' k) ->
  norm net th = norm net th'.
Proof. intros. unfold norm. f_equal. apply sum_ext. intros. rewrite H; auto. Qed.

(** * Sums and norms over the exact field *)
Fixpoint ksum {K : ops} (n : nat) (f : nat -> K) : K :=
  match n with O => zero K | S n' => add K (ksum n' f) (f n') end.
Definition coordinate {K : ops} (p : list K) (k : nat) : K := nth k p (zero K).
Definition knorm2 {K : ops} (n : nat) (p : list K) : K :=
  ksum n (fun k => mul K (coordinate p k) (coordinate p k)).
Definition below (n : nat) (f : nat -> bool) : bool := forallb f (seq 0 n).
Lemma below_sound : forall n f, below n f = true -> forall k, (k < n)%nat -> f k = true.
Proof. intros n f H k L. unfold below in H. rewrite forallb_forall in H. apply H, in_seq. lia. Qed.

Lemma ksum_v : forall K v, reading K v -> forall n (f : nat -> K),
  v (ksum n f) = sum n (fun k => v (f k)).
Proof.
  induction n; simpl; intros; [apply (v_zero H)|]. rewrite (v_add H), IHn. reflexivity.
Qed.
Lemma knorm2_v : forall K v, reading K v -> forall net (p : list K),
  v (knorm2 (parameters net) p) = norm2 net (point_of v p).
Proof.
  intros. unfold knorm2. rewrite (ksum_v _ _ H). apply sum_ext. intros. apply (v_mul H).
Qed.

(** * Scopes *)
Definition is_param (k : nat) (e : entry) : bool :=
  match e with Zero => false | Param j => Nat.eqb k j end.
Definition in_layer_b net l k : bool :=
  existsb (existsb (is_param k)) (nth (pred l) (layers net) []).
Definition in_scope_b net sc k : bool :=
  match sc with Whole => true | Layer l => in_layer_b net l k end.
Lemma in_layer_b_iff : forall net l k, in_layer_b net l k = true <-> in_layer net l k.
Proof.
  intros. unfold in_layer_b, in_layer. rewrite existsb_exists. split.
  - intros [row [H1 H2]]. exists row. split; auto. rewrite existsb_exists in H2.
    destruct H2 as [[|j] [H2 H3]]; simpl in H3; try discriminate.
    apply Nat.eqb_eq in H3. subst. exact H2.
  - intros [row [H1 H2]]. exists row. split; auto. rewrite existsb_exists.
    exists (Param k). split; auto. simpl. apply Nat.eqb_refl.
Qed.
Lemma in_scope_b_iff : forall net sc k, in_scope_b net sc k = true <-> in_scope net sc k.
Proof. intros net [|l] k; simpl; [tauto | apply in_layer_b_iff]. Qed.
Lemma out_of_scope : forall net sc k b,
  in_scope_b net sc k || b = true -> ~ in_scope net sc k -> b = true.
Proof.
  intros net sc k b H N. apply orb_prop in H as [H|H]; auto.
  apply in_scope_b_iff in H. contradiction.
Qed.

(** * What holds near a point *)
Definition near net theta (P : point -> Prop) : Prop :=
  exists delta, 0 < delta /\ forall theta', dist net theta theta' <= delta -> P theta'.
Lemma near_and : forall net th P Q, near net th P -> near net th Q ->
  near net th (fun x => P x /\ Q x).
Proof.
  intros net th P Q [d [D H]] [d' [D' H']]. exists (Rmin d d'). split.
  - apply Rmin_glb_lt; auto.
  - intros x Hx. pose proof (Rmin_l d d'). pose proof (Rmin_r d d').
    split; [apply H | apply H']; lra.
Qed.
Lemma near_weaken : forall net th (P Q : point -> Prop), (forall x, P x -> Q x) ->
  near net th P -> near net th Q.
Proof. intros net th P Q H [d [D HP]]. exists d. auto. Qed.
Lemma near_always : forall net th (P : point -> Prop), (forall x, P x) -> near net th P.
Proof. intros. exists 1. split; auto. lra. Qed.

(** A network is of class N: decided by computation. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Common.
Import ListNotations.
Open Scope R_scope.

Fixpoint shapes_b (width : nat) (Ws : list matrix) : bool :=
  match Ws with
  | [] => Nat.eqb width 1
  | W :: Ws' => forallb (fun row => Nat.eqb (length row) width) W && shapes_b (length W) Ws'
  end.
Definition index_b (n : nat) (e : entry) : bool :=
  match e with Zero => true | Param k => Nat.ltb k n end.
Definition class_N_b (net : network) (d : nat) : bool :=
  match layers net with [] => false | _ => true end && shapes_b d (layers net) &&
  forallb (forallb (forallb (index_b (parameters net)))) (layers net) &&
  below (length (layers net)) (fun l => below (length (layers net)) (fun l' =>
    Nat.eqb l l' || below (parameters net) (fun k =>
      negb (in_layer_b net (S l) k && in_layer_b net (S l') k)))) &&
  match act net with
  | LeakyReLU q => Qpos q && Qpos (1 - q)
  | _ => true
  end.

Lemma shapes_b_sound : forall Ws d, shapes_b d Ws = true -> shapes d Ws.
Proof.
  induction Ws; simpl; intros d H; [apply Nat.eqb_eq, H|].
  apply andb_prop in H as [H1 H2]. split; auto. apply Forall_forall. intros row I.
  rewrite forallb_forall in H1. apply Nat.eqb_eq, H1, I.
Qed.
Theorem class_N_sound : forall net d, class_N_b net d = true -> class_N net d.
Proof.
  intros net d H. unfold class_N_b in H.
  apply andb_prop in H as [H H5]. apply andb_prop in H as [H H4].
  apply andb_prop in H as [H H3]. apply andb_prop in H as [H1 H2].
  assert (Index : forall W row k, In W (layers net) -> In row W -> In (Param k) row ->
    (k < parameters net)%nat).
  { intros W row k I1 I2 I3. rewrite forallb_forall in H3. specialize (H3 W I1).
    rewrite forallb_forall in H3. specialize (H3 row I2). rewrite forallb_forall in H3.
    apply Nat.ltb_lt. exact (H3 _ I3). }
  assert (Inside : forall l k, in_layer net l k ->
    (pred l < length (layers net))%nat /\ (k < parameters net)%nat).
  { intros l k [row [I1 I2]]. destruct (Nat.lt_ge_cases (pred l) (length (layers net))) as [L|L].
    - split; auto. eapply Index; eauto. apply nth_In, L.
    - rewrite nth_overflow in I1 by auto. destruct I1. }
  split; [destruct (layers net); discriminate|]. split; [apply shapes_b_sound, H2|].
  split; [exact Index|]. split.
  - intros l l' k L L' I I'. destruct (Inside l k I) as [P Pk], (Inside l' k I') as [P' _].
    pose proof (below_sound _ _ (below_sound _ _ H4 _ P) _ P') as B. cbv beta in B.
    apply orb_prop in B as [B|B]; [apply Nat.eqb_eq in B; lia|].
    pose proof (below_sound _ _ B k Pk) as C. cbv beta in C.
    replace (S (pred l)) with l in C by lia. replace (S (pred l')) with l' in C by lia.
    apply in_layer_b_iff in I, I'. rewrite I, I' in C. discriminate.
  - destruct (act net); auto. apply andb_prop in H5 as [A B].
    apply Qpos_sound in A, B. rewrite Q2R_minus, Q2R_1 in B. lra.
Qed.

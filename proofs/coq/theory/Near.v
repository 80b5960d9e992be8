(** Polynomials in θ keep their sign near a point; forward passes depend on the
    coordinates only. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common.
Import ListNotations.
Open Scope R_scope.

(** * Extensionality of the forward pass *)
Lemma matvec_ext : forall th th' W x, (forall k, th k = th' k) -> matvec th W x = matvec th' W x.
Proof.
  intros th th' W x H. unfold matvec. apply map_ext. intros row. revert x.
  induction row as [|e row IH]; destruct x; simpl; auto. rewrite IH. f_equal. f_equal.
  destruct e; simpl; auto.
Qed.
Lemma forward_pattern_ext : forall a th th' Ws s x, (forall k, th k = th' k) ->
  forward_pattern a s th Ws x = forward_pattern a s th' Ws x /\
  preactivations_pattern a s th Ws x = preactivations_pattern a s th' Ws x.
Proof.
  induction Ws as [|W [|W' Ws] IH]; intros s x H; auto.
  - split; auto. apply matvec_ext; auto.
  - cbn [forward_pattern preactivations_pattern].
    rewrite (matvec_ext th th' W x H).
    destruct (IH (tl s) (gate a (hd [] s) (matvec th' W x)) H) as [E1 E2].
    cbn [forward_pattern preactivations_pattern] in E1, E2. rewrite E1, E2. auto.
Qed.

Lemma forward_ext : forall a th th' Ws x, (forall k, th k = th' k) ->
  forward a th Ws x = forward a th' Ws x.
Proof.
  induction Ws as [|W [|W' Ws] IH]; intros x H; auto.
  - apply matvec_ext; auto.
  - cbn [forward]. rewrite (matvec_ext th th' W x H). apply (IH _ H).
Qed.
Lemma margin_ext : forall net th th' s, (forall k, th k = th' k) ->
  margin net th s = margin net th' s.
Proof. intros. unfold margin, Phi. rewrite (forward_ext _ th th'); auto. Qed.

(** * Continuity *)
Section Continuity.
  Variables (net : network) (theta : point).
  Definition cont (f : point -> R) : Prop :=
    forall eps, 0 < eps -> near net theta (fun x => Rabs (f x - f theta) <= eps).
  Lemma cont_const : forall c, cont (fun _ => c).
  Proof. intros c eps H. apply near_always. intros. rewrite Rminus_diag_eq, Rabs_R0; lra. Qed.
  Lemma cont_coordinate : forall k, (k < parameters net)%nat -> cont (fun x => x k).
  Proof.
    intros k L eps H. exists eps. split; auto. intros x D.
    pose proof (norm_coordinate net (fun k => x k - theta k) k L). unfold dist in D. lra.
  Qed.
  Lemma cont_plus : forall f g, cont f -> cont g -> cont (fun x => f x + g x).
  Proof.
    intros f g F G eps H. specialize (F (eps / 2) ltac:(lra)). specialize (G (eps / 2) ltac:(lra)).
    eapply near_weaken; [|exact (near_and _ _ _ _ F G)]. cbv beta. intros x [A B].
    replace (f x + g x - (f theta + g theta)) with ((f x - f theta) + (g x - g theta)) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. lra.
  Qed.
  Lemma cont_mult : forall f g, cont f -> cont g -> cont (fun x => f x * g x).
  Proof.
    intros f g F G eps H. set (b := Rabs (f theta) + Rabs (g theta) + 1).
    assert (Hb : 1 <= b) by (pose proof (Rabs_pos (f theta)); pose proof (Rabs_pos (g theta));
      unfold b; lra).
    set (e := Rmin 1 (eps / (2 * b))).
    assert (He : 0 < eps / (2 * b)) by (apply Rdiv_lt_0_compat; lra).
    assert (E0 : 0 < e) by (apply Rmin_glb_lt; lra).
    assert (E1 : e <= 1) by apply Rmin_l.
    assert (E2 : e * b <= eps / 2).
    { replace (eps / 2) with (eps / (2 * b) * b) by (field; lra).
      apply Rmult_le_compat_r; [lra | apply Rmin_r]. }
    eapply near_weaken; [|exact (near_and _ _ _ _ (F e E0) (G e E0))]. cbv beta. intros x [A B].
    replace (f x * g x - f theta * g theta)
      with ((f x - f theta) * g x + f theta * (g x - g theta)) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. rewrite !Rabs_mult.
    assert (Rabs (g x) <= b).
    { replace (g x) with ((g x - g theta) + g theta) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. pose proof (Rabs_pos (f theta)). unfold b. lra. }
    assert (Rabs (f theta) <= b) by (pose proof (Rabs_pos (g theta)); unfold b; lra).
    assert (Rabs (f x - f theta) * Rabs (g x) <= e * b)
      by (apply Rmult_le_compat; auto using Rabs_pos).
    assert (Rabs (f theta) * Rabs (g x - g theta) <= b * e)
      by (apply Rmult_le_compat; auto using Rabs_pos).
    lra.
  Qed.
  Lemma cont_positive : forall f, cont f -> 0 < f theta -> near net theta (fun x => 0 < f x).
  Proof.
    intros f F H. eapply near_weaken; [|apply (F (f theta / 2)); lra]. cbv beta. intros x A.
    pose proof (Rle_abs (- (f x - f theta))). rewrite Rabs_Ropp in H0. lra.
  Qed.

  Variables (K : ops) (v : K -> R).
  Definition variables_below (n : nat) (p : poly K) : bool :=
    forallb (fun mc => forallb (fun k => Nat.ltb k n) (fst mc)) p.
  Lemma at_point_cont : forall p, variables_below (parameters net) p = true ->
    cont (fun x => at_point K v x p).
  Proof.
    induction p as [|[m c] p IH]; simpl; intros H; [apply cont_const|].
    apply andb_prop in H as [H1 H2]. apply cont_plus; auto.
    apply cont_mult; [apply cont_const|]. clear IH H2.
    induction m as [|k m IH]; simpl in *; [apply cont_const|].
    apply andb_prop in H1 as [H1 H2]. apply Nat.ltb_lt in H1.
    apply cont_mult; auto. apply cont_coordinate; auto.
  Qed.
End Continuity.

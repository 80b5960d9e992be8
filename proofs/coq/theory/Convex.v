(** [bound] where one or two layers move: on every cell an identity
      ½(‖θ'‖² − ‖θ‖²) = Σ λ_i (y_iΦ − 1) + Σ ν_k c_k + Σ w c_j c_k + Σ D_r q_r²
    with non-negative λ, ν, w, D, where c_k >= 0 are the conditions of the cell. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common Points Near Explore Region.
Import ListNotations.
Open Scope R_scope.

Record cell_proof (K : ops) := { lambdas : list K; nus : list K;
  products : list (nat * nat * K); squares : list (K * poly K) }.
Arguments lambdas {K}. Arguments nus {K}. Arguments products {K}. Arguments squares {K}.
Arguments Build_cell_proof {K}.

Section Convex.
  Variables (K : ops) (v : K -> R).
  Hypothesis HK : reading K v.
  Notation at_point := (at_point K v).

  Definition less_one (m : poly K) : poly K := minus K m (pconst K (one K)).
  Definition square_sum (l : list (K * poly K)) : poly K :=
    fold_right (fun wp s => padd K (pmul K (pconst K (fst wp)) (pmul K (snd wp) (snd wp))) s) [] l.
  Definition product_sum (cs : list (poly K)) (l : list (nat * nat * K)) : poly K :=
    fold_right (fun jkw s => let '(j, k, w) := jkw in
      padd K (pmul K (pconst K w) (pmul K (nth j cs []) (nth k cs []))) s) [] l.
  Definition convex_leaf (grow : poly K) (ms cs : list (poly K)) (w : cell_proof K) : bool :=
    let cs := rev cs in
    forallb (nonneg K) (lambdas w) && forallb (nonneg K) (nus w) &&
    forallb (fun jkw => nonneg K (snd jkw)) (products w) &&
    forallb (fun wp => nonneg K (fst wp)) (squares w) &&
    pzero K (minus K (pmul K (pconst K (half K)) grow)
      (padd K (combine_with K (lambdas w) (map less_one ms))
      (padd K (combine_with K (nus w) cs)
      (padd K (product_sum cs (products w)) (square_sum (squares w)))))).

  Definition check_convex net data sc theta origin ball tie used (t : tree K (cell_proof K)) : bool :=
    check_feasible K net data theta &&
    explore K (cell_proof K) (act net) (layers net) (moving_parameters K net sc theta origin)
      (decided K (parameters net) ball) tie (convex_leaf (growth K net sc theta origin))
      (map snd (filter fst (combine used data))) [] [] t.
  (** Everywhere, in absolute coordinates; in the ball of radius r, in displacements. *)
  Definition check_global net data sc theta tie used t : bool :=
    check_convex net data sc theta [] None tie used t.
  Definition check_local net data sc theta r tie used t : bool :=
    pos K r && check_convex net data sc theta theta (Some r) tie used t.

  Lemma square_sum_v : forall x l, forallb (fun wp => nonneg K (fst wp)) l = true ->
    0 <= at_point x (square_sum l).
  Proof.
    induction l as [|[w q] l IH]; simpl; intros H; [lra|]. apply andb_prop in H as [H1 H2].
    rewrite (padd_v K v HK), !(pmul_v K v HK), (pconst_v K v HK).
    apply (nonneg_sound K v HK) in H1. specialize (IH H2).
    pose proof (Rle_0_sqr (at_point x q)). unfold Rsqr in H.
    pose proof (Rmult_le_pos _ _ H1 H). lra.
  Qed.
  Lemma nth_holds : forall (P : poly K -> Prop) cs k, P [] -> Forall P cs -> P (nth k cs []).
  Proof.
    intros P cs k N F. revert k. induction F; destruct k; simpl; auto.
  Qed.
  Lemma product_sum_v : forall x cs l, Forall (fun c => 0 <= at_point x c) cs ->
    forallb (fun jkw => nonneg K (snd jkw)) l = true -> 0 <= at_point x (product_sum cs l).
  Proof.
    intros x cs l F. induction l as [|[[j k] w] l IH]; simpl; intros H; [lra|].
    apply andb_prop in H as [H1 H2]. rewrite (padd_v K v HK), !(pmul_v K v HK), (pconst_v K v HK).
    apply (nonneg_sound K v HK) in H1. specialize (IH H2).
    pose proof (nth_holds _ cs j (Rle_refl 0) F) as Hj.
    pose proof (nth_holds _ cs k (Rle_refl 0) F) as Hk.
    pose proof (Rmult_le_pos _ _ H1 (Rmult_le_pos _ _ Hj Hk)). lra.
  Qed.
  Lemma combine_with_nonneg : forall x ws ps, forallb (nonneg K) ws = true ->
    Forall (fun c => 0 <= at_point x c) ps -> 0 <= at_point x (combine_with K ws ps).
  Proof.
    induction ws; destruct ps; simpl; intros H F; try lra. apply andb_prop in H as [H1 H2].
    inversion F; subst. rewrite (padd_v K v HK), (pmul_v K v HK), (pconst_v K v HK).
    apply (nonneg_sound K v HK) in H1. specialize (IHws ps H2 H4).
    pose proof (Rmult_le_pos _ _ H1 H3). lra.
  Qed.
  Lemma convex_leaf_sound : forall x grow ms cs w, Forall (fun m => 1 <= at_point x m) ms ->
    Forall (fun c => 0 <= at_point x c) cs -> convex_leaf grow ms cs w = true ->
    0 <= at_point x grow.
  Proof.
    intros x grow ms cs w Hm Hc H. unfold convex_leaf in H.
    apply andb_prop in H as [H H5]. apply andb_prop in H as [H H4].
    apply andb_prop in H as [H H3]. apply andb_prop in H as [H1 H2].
    apply Forall_rev in Hc. apply (pzero_sound K v HK) with (th := x) in H5.
    rewrite (minus_v K v HK), !(padd_v K v HK), (pmul_v K v HK), (pconst_v K v HK),
      (v_half K v HK) in H5.
    pose proof (combine_with_nonneg x _ _ H2 Hc).
    pose proof (product_sum_v x _ _ Hc H3). pose proof (square_sum_v x _ H4).
    assert (Hm' : Forall (fun c => 0 <= at_point x c) (map less_one ms)).
    { apply Forall_map. eapply Forall_impl; [|exact Hm]. intros m M. cbv beta.
      unfold less_one. rewrite (minus_v K v HK), (pconst_v K v HK), (v_one K v HK). lra. }
    pose proof (combine_with_nonneg x _ _ H1 Hm'). lra.
  Qed.
  (** The margins at a leaf are those of θ', which is feasible. *)
  Lemma leaf_margins : forall x net (data : list (exact_sample K)) used th theta' ms,
    (forall k, th k = theta' k) -> feasible net (samples_of v data) theta' ->
    map (at_point x) ms = map (fun d => margin net th (sample_of v d))
      (map snd (filter fst (combine used data))) ->
    Forall (fun m => 1 <= at_point x m) ms.
  Proof.
    intros x net data used th theta' ms E F H. apply Forall_forall. intros m Hm.
    apply (in_map (at_point x)) in Hm. rewrite H in Hm. apply in_map_iff in Hm as [d [<- Hd]].
    apply mask_in in Hd. rewrite (margin_ext net th theta' _ E). apply F, in_map, Hd.
  Qed.
  Lemma check_convex_sound : forall net data sc theta origin ball tie used t theta',
    check_convex net data sc theta origin ball tie used t = true ->
    (forall r, ball = Some r -> 0 <= v r /\ forall k, (k < parameters net)%nat ->
       Rabs (displacement K v net sc origin theta' k) <= v r) ->
    feasible net (samples_of v data) theta' -> moves_only net sc (point_of v theta) theta' ->
    norm net (point_of v theta) <= norm net theta'.
  Proof.
    intros net data sc theta origin ball tie used t theta' H B F M.
    apply andb_prop in H as [_ H]. apply norm_le.
    set (x := displacement K v net sc origin theta') in *.
    assert (G : 0 <= at_point x (growth K net sc theta origin)).
    { eapply (explore_sound K v HK) with (x := x) (net := net); try reflexivity; [| |exact H].
      - intros p b. apply decided_sound; auto.
      - intros ms cs w C E L. eapply convex_leaf_sound; [| |exact L].
        + eapply leaf_margins; [|exact F|exact E]. intros k. apply moving_parameters_v; auto.
        + eapply Forall_impl; [|exact C]. intros c [A _]. exact A. }
    unfold x in G. rewrite (growth_v K v HK) in G; auto. lra.
  Qed.
  Theorem check_global_sound : forall net data sc theta tie used t,
    check_global net data sc theta tie used t = true ->
    global_optimum net (samples_of v data) sc (point_of v theta).
  Proof.
    intros net data sc theta tie used t H. split.
    - apply andb_prop in H as [H _]. apply check_feasible_sound; auto.
    - intros theta' F M. eapply check_convex_sound; eauto. discriminate.
  Qed.
  Theorem check_local_sound : forall net data sc theta r tie used t,
    check_local net data sc theta r tie used t = true ->
    local_optimum net (samples_of v data) sc (point_of v theta).
  Proof.
    intros net data sc theta r tie used t H. apply andb_prop in H as [P H]. split.
    - apply andb_prop in H as [H _]. apply check_feasible_sound; auto.
    - apply (v_pos HK) in P. exists (v r). split; auto. intros theta' F M D.
      eapply check_convex_sound; eauto. intros r' E. injection E as <-. split; [lra|].
      apply displacement_small. exact D.
  Qed.
End Convex.

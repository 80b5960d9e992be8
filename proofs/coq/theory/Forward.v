(** The forward pass, once over ℝ under a pattern and once over any exact algebra,
    and the lemma that connects the two: a pattern whose signs agree with the
    pre-activations computes Φ. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra.
Import ListNotations.
Open Scope R_scope.

(** * Over ℝ *)
Definition agrees (a : activation) (b : bool) (z : R) : Prop :=
  a = Linear \/ if b then 0 <= z else z <= 0.
Fixpoint agree_row a (s : list bool) (z : list R) : Prop :=
  match z with [] => True | u :: z' => agrees a (hd false s) u /\ agree_row a (tl s) z' end.
Fixpoint agree a (s : pattern) (zs : list (list R)) : Prop :=
  match zs with [] => True | z :: zs' => agree_row a (hd [] s) z /\ agree a (tl s) zs' end.

Fixpoint preactivations_pattern a (s : pattern) theta (Ws : list matrix) (x : list R) :=
  match Ws with
  | [] | _ :: [] => []
  | W :: Ws' => let z := matvec theta W x in
    z :: preactivations_pattern a (tl s) theta Ws' (gate a (hd [] s) z)
  end.

Lemma sigma_factor : forall a b z, agrees a b z -> sigma a z = factor a b * z.
Proof.
  intros a b z [->|H]; unfold sigma, factor.
  - destruct (Rle_dec 0 z), b; simpl; lra.
  - destruct (Rle_dec 0 z), b; simpl; try lra.
    assert (z = 0) by lra. subst. lra.
Qed.
Lemma gate_sigma : forall a z s, agree_row a s z -> gate a s z = map (sigma a) z.
Proof.
  induction z; simpl; intros s H; auto. destruct H as [H1 H2].
  rewrite (sigma_factor _ _ _ H1), IHz by exact H2. reflexivity.
Qed.
Lemma agree_pattern : forall a theta Ws s x,
  agree a s (preactivations_pattern a s theta Ws x) ->
  forward_pattern a s theta Ws x = forward a theta Ws x /\
  preactivations_pattern a s theta Ws x = preactivations a theta Ws x.
Proof.
  induction Ws as [|W [|W' Ws] IH]; intros s x H; auto.
  cbn [preactivations_pattern forward_pattern forward preactivations agree] in *.
  destruct H as [H1 H2]. rewrite <- (gate_sigma _ _ _ H1). apply IH in H2 as [-> ->]. auto.
Qed.
Lemma agree_true : forall a theta Ws s x, agree a s (preactivations a theta Ws x) ->
  forward_pattern a s theta Ws x = forward a theta Ws x /\
  preactivations_pattern a s theta Ws x = preactivations a theta Ws x.
Proof.
  induction Ws as [|W [|W' Ws] IH]; intros s x H; auto.
  cbn [preactivations_pattern forward_pattern forward preactivations agree] in *.
  destruct H as [H1 H2]. rewrite <- (gate_sigma _ _ _ H1) in *. apply IH in H2 as [-> ->]. auto.
Qed.
Lemma agree_row_index : forall a z s,
  agree_row a s z <-> forall j, (j < length z)%nat -> agrees a (nth j s false) (nth j z 0).
Proof.
  induction z as [|u z IH]; simpl; intros s.
  - split; auto. intros _ j H. lia.
  - rewrite IH. assert (T : forall j, nth j (tl s) false = nth (S j) s false).
    { destruct s; simpl; intros; auto. destruct j; auto. }
    assert (Z : hd false s = nth 0 s false) by (destruct s; auto).
    rewrite Z. split.
    + intros [H1 H2] [|j] L; auto. specialize (H2 j ltac:(lia)). rewrite T in H2. exact H2.
    + intros H. split. { apply (H 0%nat). lia. }
      intros j L. rewrite T. apply (H (S j)). lia.
Qed.
Lemma agree_index : forall a zs s, agree a s zs <->
  forall l j, (l < length zs)%nat -> (j < length (nth l zs []))%nat ->
    agrees a (on s l j) (nth j (nth l zs []) 0).
Proof.
  unfold on. induction zs as [|z zs IH]; simpl; intros s.
  - split; auto. intros _ l j H. lia.
  - rewrite agree_row_index, IH.
    assert (T : forall l, nth l (tl s) [] = nth (S l) s []).
    { destruct s; simpl; intros; auto. destruct l; auto. }
    assert (Z : hd [] s = nth 0 s []) by (destruct s; auto).
    rewrite Z. split.
    + intros [H1 H2] [|l] j L J; auto. rewrite <- T. apply H2; auto. lia.
    + intros H. split. { intros j J. apply (H 0%nat j); auto. lia. }
      intros l j L J. rewrite T. apply (H (S l) j); auto. lia.
Qed.

(** * Over an exact algebra *)
Definition exact_sample (K : ops) := (list K * bool)%type.
Definition sample_of {K : ops} (v : K -> R) (d : exact_sample K) : sample :=
  {| input := map v (fst d); positive := snd d |}.
Definition samples_of {K : ops} (v : K -> R) (d : list (exact_sample K)) : list sample :=
  map (sample_of v) d.
Definition point_of {K : ops} (v : K -> R) (p : list K) : point := fun k => v (nth k p (zero K)).

Section Exact.
  Variables (K : ops) (A : algebra K) (th : nat -> A).

  Definition gweight (e : entry) : A := match e with Zero => inj A (zero K) | Param k => th k end.
  Fixpoint gdot (row : list entry) (x : list A) : A :=
    match row, x with
    | Zero :: row', _ :: x' => gdot row' x'
    | Param k :: row', a :: x' => aadd A (amul A (th k) a) (gdot row' x')
    | _, _ => inj A (zero K)
    end.
  Definition gmatvec (W : matrix) (x : list A) : list A := map (fun row => gdot row x) W.
  Definition gslope (a : activation) : K :=
    match a with Linear => of_Q K 1 | ReLU => zero K | LeakyReLU q => of_Q K q end.
  Fixpoint ggate a (s : list bool) (z : list A) : list A :=
    match z with
    | [] => []
    | u :: z' => (if hd false s then u else amul A (inj A (gslope a)) u) :: ggate a (tl s) z'
    end.
  Fixpoint run a (s : pattern) (Ws : list matrix) (x : list A) : list (list A) * list A :=
    match Ws with
    | [] => ([], x)
    | W :: [] => ([], gmatvec W x)
    | W :: Ws' => let z := gmatvec W x in
      let (zs, o) := run a (tl s) Ws' (ggate a (hd [] s) z) in (z :: zs, o)
    end.
  Definition start (x : list K) : list A := map (inj A) x.
  Definition output (o : list A) : A := hd (inj A (zero K)) o.
  Definition signed_by (b : bool) (o : A) : A := if b then o else amul A (inj A (of_Q K (-1))) o.

  (** A guess of the pattern (not trusted) and the check that its signs are right. *)
  Fixpoint guess a (decide : A -> bool) (Ws : list matrix) (x : list A) : pattern :=
    match Ws with
    | [] | _ :: [] => []
    | W :: Ws' => let z := gmatvec W x in let s := map decide z in
      s :: guess a decide Ws' (ggate a s z)
    end.
  Fixpoint row_ok (ok : bool -> A -> bool) (s : list bool) (z : list A) : bool :=
    match z with [] => true | u :: z' => ok (hd false s) u && row_ok ok (tl s) z' end.
  Fixpoint all_ok (ok : bool -> A -> bool) (s : pattern) (zs : list (list A)) : bool :=
    match zs with [] => true | z :: zs' => row_ok ok (hd [] s) z && all_ok ok (tl s) zs' end.
  Definition pattern_ok a ok s zs : bool :=
    match a with Linear => true | _ => all_ok ok s zs end.
  Definition exact_margin net (ok : bool -> A -> bool) (s : pattern) (d : exact_sample K)
    : option A :=
    let (zs, o) := run (act net) s (layers net) (start (fst d)) in
    if pattern_ok (act net) ok s zs then Some (signed_by (snd d) (output o)) else None.
  Definition pattern_margin net (s : pattern) (d : exact_sample K) : A :=
    signed_by (snd d) (output (snd (run (act net) s (layers net) (start (fst d))))).
  Definition pattern_of net decide (d : exact_sample K) : pattern :=
    guess (act net) decide (layers net) (start (fst d)).

  Variables (v : K -> R) (e : A -> R).
  Hypothesis HK : reading K v.
  Hypothesis He : evaluation v A e.
  Let theta : point := fun k => e (th k).

  Lemma gdot_e : forall row x, e (gdot row x) = dot theta row (map e x).
  Proof.
    induction row as [|[|k] row IH]; destruct x; simpl;
      rewrite ?(e_inj He), ?(v_zero HK), ?(e_add He), ?(e_mul He), ?IH; auto; unfold theta; lra.
  Qed.
  Lemma gmatvec_e : forall W x, map e (gmatvec W x) = matvec theta W (map e x).
  Proof. intros. unfold gmatvec, matvec. rewrite map_map. apply map_ext. intros. apply gdot_e. Qed.
  Lemma gslope_v : forall a, v (gslope a) = slope a.
  Proof.
    destruct a; simpl; rewrite ?(v_of_Q HK), ?(v_zero HK); auto. apply Q2R_1.
  Qed.
  Lemma ggate_e : forall a z s, map e (ggate a s z) = gate a s (map e z).
  Proof.
    induction z; simpl; intros; auto. rewrite IHz. f_equal.
    destruct (hd false s); simpl; rewrite ?(e_mul He), ?(e_inj He), ?gslope_v; lra.
  Qed.
  Lemma run_e : forall a Ws s x,
    map (map e) (fst (run a s Ws x)) = preactivations_pattern a s theta Ws (map e x) /\
    map e (snd (run a s Ws x)) = forward_pattern a s theta Ws (map e x).
  Proof.
    induction Ws as [|W [|W' Ws] IH]; intros s x.
    - split; reflexivity.
    - split; [reflexivity | apply gmatvec_e].
    - cbn [run preactivations_pattern forward_pattern].
      specialize (IH (tl s) (ggate a (hd [] s) (gmatvec W x))).
      rewrite ggate_e, gmatvec_e in IH. cbn [run] in IH.
      destruct (match Ws with [] => _ | _ => _ end) as [zs o]. cbn [fst snd map] in *.
      destruct IH as [-> ->]. rewrite gmatvec_e. auto.
  Qed.
  Lemma start_e : forall x, map e (start x) = map v x.
  Proof. intros. unfold start. rewrite map_map. apply map_ext. intros. apply (e_inj He). Qed.
  Lemma output_e : forall o, e (output o) = hd 0 (map e o).
  Proof. intros []; simpl; auto. rewrite (e_inj He), (v_zero HK). auto. Qed.
  Lemma signed_by_e : forall b o, e (signed_by b o) = (if b then 1 else -1) * e o.
  Proof.
    intros [] o; simpl; rewrite ?(e_mul He), ?(e_inj He), ?(v_of_Q HK); lra.
  Qed.
  Lemma pattern_margin_e : forall net s d, e (pattern_margin net s d)
    = label (sample_of v d) * Phi_pattern net s theta (input (sample_of v d)).
  Proof.
    intros. unfold pattern_margin. rewrite signed_by_e, output_e.
    destruct (run_e (act net) (layers net) s (start (fst d))) as [_ ->].
    rewrite start_e. reflexivity.
  Qed.
  Lemma row_ok_agree : forall a (ok : bool -> A -> bool),
    (forall b u, ok b u = true -> if b then 0 <= e u else e u <= 0) ->
    forall z s, row_ok ok s z = true -> agree_row a s (map e z).
  Proof.
    induction z; simpl; intros s Hs; auto. apply andb_prop in Hs as [H1 H2].
    split; auto. right. apply H in H1. exact H1.
  Qed.
  Lemma all_ok_agree : forall a (ok : bool -> A -> bool),
    (forall b u, ok b u = true -> if b then 0 <= e u else e u <= 0) ->
    forall zs s, all_ok ok s zs = true -> agree a s (map (map e) zs).
  Proof.
    induction zs; simpl; intros s Hs; auto. apply andb_prop in Hs as [H1 H2].
    split; auto. eapply row_ok_agree; eauto.
  Qed.
  Lemma agree_row_linear : forall z s, agree_row Linear s z.
  Proof. induction z; simpl; intros; auto. split; auto. left. reflexivity. Qed.
  Lemma agree_linear : forall zs s, agree Linear s zs.
  Proof. induction zs; simpl; intros; auto. split; auto. apply agree_row_linear. Qed.
  Lemma pattern_ok_agree : forall a (ok : bool -> A -> bool),
    (forall b u, ok b u = true -> if b then 0 <= e u else e u <= 0) ->
    forall zs s, pattern_ok a ok s zs = true -> agree a s (map (map e) zs).
  Proof.
    intros a ok H zs s Hs. destruct a; [apply agree_linear | |];
      eapply all_ok_agree; eauto.
  Qed.
  Lemma exact_margin_e : forall net (ok : bool -> A -> bool) s d o,
    (forall b u, ok b u = true -> if b then 0 <= e u else e u <= 0) ->
    exact_margin net ok s d = Some o -> e o = margin net theta (sample_of v d).
  Proof.
    intros net ok s d o Hok H. unfold exact_margin in H.
    destruct (run (act net) s (layers net) (start (fst d))) as [zs os] eqn:E.
    destruct (pattern_ok (act net) ok s zs) eqn:P; try discriminate. injection H as <-.
    destruct (run_e (act net) (layers net) s (start (fst d))) as [H1 H2].
    rewrite E in H1, H2. cbn [fst snd] in *. rewrite start_e in *.
    apply pattern_ok_agree in P; auto. rewrite H1 in P. apply agree_pattern in P as [P _].
    rewrite signed_by_e, output_e, H2, P. reflexivity.
  Qed.
End Exact.

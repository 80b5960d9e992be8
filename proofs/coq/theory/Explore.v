(** Sign choices: the forward passes of all samples over polynomials in the parameters
    that may move.  A pre-activation may have one sign in the whole region, or one that
    follows from the signs of the weights and values that it sums; elsewhere both choices
    are explored, each with its closed condition; evidence is a tree of the same shape.
    Every point of the region reaches a leaf that describes it. *)
From Coq Require Import Reals QArith Qreals List Arith Lia Lra Bool.
From MarginCert Require Import Definitions Exact Algebra Forward Common.
Import ListNotations.
Open Scope R_scope.

Section Explore.
  Variables (K : ops) (v : K -> R).
  Hypothesis HK : reading K v.
  Notation polynomial := (poly K).
  Notation at_point := (at_point K v).

  (** [Split]: both signs of the next undecided pre-activation.  [Gone]: a choice without
      interior, by Gordan's theorem: weights of the conditions on the way (latest first)
      under which they sum to zero.  At a leaf, [Cut] distinguishes the sign of one more
      polynomial, and [Know] adds one that is positive in the whole region. *)
  Inductive tree (W : Type) :=
    | Leaf (w : W) | Split (on off : tree W) | Gone (weights : list K)
    | Cut (p : poly K) (on off : tree W) | Know (p : poly K) (t : tree W).
  Arguments Leaf {W}. Arguments Split {W}. Arguments Gone {W}.
  Arguments Cut {W}. Arguments Know {W}.

  Section Pass.
    Variables (W : Type) (a : activation) (Ws : list matrix) (th : nat -> polynomials K).
    Variable decide : polynomial -> option bool.
    Variable tie : list K.   (* a direction that decides between choices where z = 0 *)
    Variable leaf : list polynomial -> list polynomial -> W -> bool.  (* margins, conditions *)

    Definition pneg (p : polynomial) : polynomial := pmul K (pconst K (of_Q K (-1))) p.
    Fixpoint at_exact (x : list K) (p : polynomial) : K :=
      match p with
      | [] => zero K
      | (m, c) :: p' =>
          add K (mul K c (fold_right (fun k r => mul K (coordinate x k) r) (one K) m)) (at_exact x p')
      end.
    Fixpoint combine_with (ws : list K) (ps : list polynomial) : polynomial :=
      match ws, ps with
      | w :: ws', p :: ps' => padd K (pmul K (pconst K w) p) (combine_with ws' ps')
      | _, _ => []
      end.
    Fixpoint moves (ws : list K) (ps : list polynomial) : bool :=
      match ws, ps with
      | w :: ws', p :: ps' =>
          (pos K w && (pos K (at_exact tie p) || pos K (neg K (at_exact tie p)))) || moves ws' ps'
      | _, _ => false
      end.
    Definition gone (ws : list K) (cs : list polynomial) : bool :=
      forallb (nonneg K) ws && pzero K (combine_with ws cs) && moves ws cs.

    Fixpoint visit (ms cs : list polynomial) (t : tree W) : bool :=
      match t with
      | Leaf w => leaf ms cs w
      | Gone ws => gone ws cs
      | Split _ _ => false
      | Cut p t1 t0 => visit ms (p :: cs) t1 && visit ms (pneg p :: cs) t0
      | Know p t => match decide p with Some true => visit ms (p :: cs) t | _ => false end
      end.
    (** Which units can influence the output: those that a non-zero weight leads on from. *)
    Definition nonzero (e : entry) : bool :=
      match e with Zero => false | Param k => match th k with [] => false | _ => true end end.
    Fixpoint either (a b : list bool) : list bool :=
      match a, b with
      | [], _ => b | _, [] => a
      | x :: a', y :: b' => (x || y) :: either a' b'
      end.
    Fixpoint columns (M : matrix) (up : list bool) : list bool :=
      match M, up with
      | row :: M', b :: up' =>
          if b then either (map nonzero row) (columns M' up') else columns M' up'
      | _, _ => []
      end.
    Fixpoint needs (Ws : list matrix) : list bool :=
      match Ws with
      | [] => []
      | M :: [] => columns M (map (fun _ => true) M)
      | M :: Ws' => columns M (needs Ws')
      end.
    (** A value and its sign, where that is known: true for >= 0, false for <= 0. *)
    Definition value := (polynomial * option bool)%type.
    (** Every term of the sum has the sign b. *)
    Fixpoint terms_have (b : bool) (row : list entry) (h : list value) : bool :=
      match row, h with
      | Zero :: row', _ :: h' => terms_have b row' h'
      | Param k :: row', (p, s) :: h' =>
          match th k, p with
          | [], _ | _, [] => true
          | _, _ => match decide (th k), s with
                    | Some c, Some e => Bool.eqb (Bool.eqb c e) b | _, _ => false end
          end && terms_have b row' h'
      | _, _ => true
      end.
    Definition preactivation_of (h : list value) (row : list entry) : value :=
      let u := gdot K (polynomials K) th row (map fst h) in
      (u, match decide u with
          | Some b => Some b
          | None => if terms_have true row h then Some true
                    else if terms_have false row h then Some false else None end).
    Definition on_value (u : polynomial) : value := (u, Some true).
    Definition off_value (u : polynomial) : value :=
      (pmul K (pconst K (gslope K a)) u, if nonneg K (gslope K a) then Some false else None).
    Fixpoint units (z : list value) (need : list bool) (cs : list polynomial) (t : tree W)
      (k : list value -> list polynomial -> tree W -> bool) : bool :=
      match z with
      | [] => k [] cs t
      | (u, s) :: z' =>
        if negb (hd false need) then units z' (tl need) cs t (fun h => k (([], None) :: h)) else
        match s with
        | Some true => units z' (tl need) cs t (fun h => k (on_value u :: h))
        | Some false => units z' (tl need) cs t (fun h => k (off_value u :: h))
        | None => match t with
          | Gone ws => gone ws cs
          | Split t1 t0 => units z' (tl need) (u :: cs) t1 (fun h => k (on_value u :: h)) &&
                           units z' (tl need) (pneg u :: cs) t0 (fun h => k (off_value u :: h))
          | _ => false
          end
        end
      end.
    Fixpoint pass (Ws : list matrix) (x : list value) (cs : list polynomial) (t : tree W)
      (k : list polynomial -> list polynomial -> tree W -> bool) : bool :=
      match Ws with
      | [] => k (map fst x) cs t
      | M :: [] => k (gmatvec K (polynomials K) th M (map fst x)) cs t
      | M :: Ws' =>
        match a with
        | Linear => pass Ws' (map (fun u => (u, None)) (gmatvec K (polynomials K) th M (map fst x))) cs t k
        | _ => units (map (preactivation_of x) M) (needs Ws') cs t (fun h cs t => pass Ws' h cs t k)
        end
      end.
    Definition inputs_of (x : list K) : list value :=
      map (fun p => (p, decide p)) (start K (polynomials K) x).
    Fixpoint explore (data : list (exact_sample K)) (ms cs : list polynomial) (t : tree W) : bool :=
      match data with
      | [] => visit (rev ms) cs t
      | d :: data' => match Ws with [] => false | _ => true end && pass Ws (inputs_of (fst d)) cs t (fun o =>
          explore data' (signed_by K (polynomials K) (snd d) (output K (polynomials K) o) :: ms))
      end.

    (** Soundness at a point x of the region. *)
    Variable x : point.
    Hypothesis decide_sound : forall p b, decide p = Some b ->
      if b then 0 < at_point x p else at_point x p <= 0.
    Let theta : point := fun k => at_point x (th k).
    Let e0 : point := point_of v tie.
    Definition holds (c : polynomial) : Prop :=
      0 <= at_point x c /\ (at_point x c = 0 -> 0 <= at_point e0 c).
    Variables (net : network) (data : list (exact_sample K)) (Goal : Prop).
    Hypothesis net_act : act net = a.
    Hypothesis net_layers : layers net = Ws.
    Hypothesis leaf_sound : forall ms cs w, Forall holds cs ->
      map (at_point x) ms = map (fun d => margin net theta (sample_of v d)) data ->
      leaf ms cs w = true -> Goal.

    Lemma pneg_v : forall y p, at_point y (pneg p) = - at_point y p.
    Proof.
      intros. unfold pneg. rewrite (pmul_v K v HK), (pconst_v K v HK), (v_of_Q HK).
      change (-1)%Q with (- (1))%Q. rewrite Q2R_opp, Q2R_1. lra.
    Qed.
    Lemma off_v : forall y u, at_point y (fst (off_value u)) = slope a * at_point y u.
    Proof. intros. unfold off_value. cbn [fst]. rewrite (pmul_v K v HK), (pconst_v K v HK), (gslope_v K v HK). lra. Qed.
    Lemma at_exact_v : forall p y, v (at_exact y p) = at_point (point_of v y) p.
    Proof.
      induction p as [|[m c] p IH]; simpl; intros y; [apply (v_zero HK)|].
      rewrite (v_add HK), (v_mul HK), IH. f_equal. f_equal. induction m; simpl.
      - apply (v_one K v HK).
      - rewrite (v_mul HK), IHm. reflexivity.
    Qed.
    Lemma combine_with_v : forall y ws ps, at_point y (combine_with ws ps) =
      rsum (map (fun wp => v (fst wp) * at_point y (snd wp)) (combine ws ps)).
    Proof.
      induction ws; destruct ps; simpl; auto.
      rewrite (padd_v K v HK), (pmul_v K v HK), (pconst_v K v HK), IHws. reflexivity.
    Qed.
    Lemma gone_sound : forall ws cs, Forall holds cs -> gone ws cs = true -> False.
    Proof.
      intros ws cs H G. apply andb_prop in G as [G M]. apply andb_prop in G as [N Z].
      pose proof (pzero_sound K v HK _ x Z) as Zx. pose proof (pzero_sound K v HK _ e0 Z) as Ze.
      rewrite combine_with_v in Zx, Ze. clear Z.
      (* at x every weighted condition is 0, hence at e0 every one is >= 0, hence 0 *)
      rewrite Forall_forall in H. rewrite forallb_forall in N.
      assert (Nw : forall w c, In (w, c) (combine ws cs) -> 0 <= v w).
      { intros w c I. apply in_combine_l in I. apply (nonneg_sound K v HK), N, I. }
      assert (Ax : forall w c, In (w, c) (combine ws cs) -> v w * at_point x c = 0).
      { intros w c I. eapply rsum_zero; [|exact Zx|apply in_map_iff; exists (w, c); split; eauto].
        intros r Hr. apply in_map_iff in Hr as [[w' c'] [<- I']]. simpl. pose proof (Nw w' c' I').
        apply in_combine_r in I'. destruct (H c' I'). apply Rmult_le_pos; auto. }
      assert (Ae : forall w c, In (w, c) (combine ws cs) -> v w * at_point e0 c = 0).
      { intros w c I. eapply rsum_zero; [|exact Ze|apply in_map_iff; exists (w, c); split; eauto].
        intros r Hr. apply in_map_iff in Hr as [[w' c'] [<- I']]. simpl. pose proof (Nw w' c' I').
        pose proof (Ax w' c' I') as X0. apply in_combine_r in I'. destruct (H c' I') as [_ T].
        destruct (Rmult_integral _ _ X0) as [E|E]; [rewrite E; lra | apply Rmult_le_pos; auto]. }
      clear - HK M Ae. revert cs M Ae. induction ws as [|w ws IH]; destruct cs as [|c cs];
        simpl; intros M Ae; try discriminate.
      apply orb_prop in M as [M|M].
      - apply andb_prop in M as [M1 M2]. apply (v_pos HK) in M1.
        specialize (Ae w c (or_introl eq_refl)). unfold e0 in Ae. rewrite <- at_exact_v in Ae.
        apply orb_prop in M2 as [M2|M2]; apply (v_pos HK) in M2;
          rewrite ?(v_neg K v HK) in M2; nra.
      - apply (IH cs M). intros u q I. apply Ae. right. exact I.
    Qed.

    Lemma sigma_true : forall z, 0 <= z -> sigma a z = z.
    Proof. intros. unfold sigma. destruct (Rle_dec 0 z); lra. Qed.
    Lemma sigma_false : forall z, z <= 0 -> sigma a z = slope a * z.
    Proof. intros. unfold sigma. destruct (Rle_dec 0 z); auto. assert (z = 0) by lra. subst. lra. Qed.

    (** At x one of the two signs of any polynomial holds. *)
    Lemma sides : forall u cs, Forall holds cs ->
      (0 <= at_point x u /\ Forall holds (u :: cs)) \/
      (at_point x u <= 0 /\ Forall holds (pneg u :: cs)).
    Proof.
      intros u cs Hcs.
      destruct (Rlt_le_dec 0 (at_point x u)) as [P|P]; [|destruct (Req_dec (at_point x u) 0) as [Z|Z];
        [destruct (Rle_lt_dec 0 (at_point e0 u)) as [E|E]|]].
      - left. split; [lra|]. constructor; auto. split; intros; lra.
      - left. split; [lra|]. constructor; auto. split; intros; lra.
      - right. split; [lra|]. constructor; auto. split; rewrite !pneg_v; intros; lra.
      - right. split; [lra|]. constructor; auto. split; rewrite !pneg_v; intros; lra.
    Qed.
    (** Computed values and signs agree with the true ones wherever they are needed. *)
    Definition has_sign (s : option bool) (b : R) : Prop :=
      match s with Some true => 0 <= b | Some false => b <= 0 | None => True end.
    Fixpoint rel (need : list bool) (h : list value) (y : list R) : Prop :=
      match h, y with
      | [], [] => True
      | (p, s) :: h', b :: y' =>
          (hd false need = true -> at_point x p = b /\ has_sign s b) /\ rel (tl need) h' y'
      | _, _ => False
      end.
    Lemma decide_weak : forall p, has_sign (decide p) (at_point x p).
    Proof.
      intros p. destruct (decide p) as [[]|] eqn:D; simpl; auto; apply decide_sound in D; lra.
    Qed.
    Lemma rel_all : forall h need, rel need (map (fun p => (p, decide p)) h) (map (at_point x) h).
    Proof. induction h; simpl; auto. intros need. split; auto using decide_weak. Qed.
    Lemma rel_plain : forall need h y, rel need h y -> rel need (map (fun u => (fst u, None)) h) y.
    Proof.
      intros need h. revert need. induction h as [|[p s] h IH]; intros need [|b y] R; simpl in *; auto.
      destruct R as [R1 R2]. split; auto. intros N. split; [apply R1, N | exact I].
    Qed.
    Fixpoint covered (row : list entry) (need : list bool) : Prop :=
      match row with
      | [] => True
      | e :: row' => (nonzero e = true -> hd false need = true) /\ covered row' (tl need)
      end.
    Fixpoint covers (M : matrix) (need up : list bool) : Prop :=
      match M with
      | [] => True
      | row :: M' => (hd false up = true -> covered row need) /\ covers M' need (tl up)
      end.
    Lemma covered_left : forall row l, covered row (either (map nonzero row) l).
    Proof.
      induction row as [|e row IH]; simpl; auto. intros [|y l]; simpl.
      - split; auto. specialize (IH []). destruct (map nonzero row); exact IH.
      - split; [intros ->; reflexivity | apply IH].
    Qed.
    Lemma covered_right : forall row m l, covered row l -> covered row (either m l).
    Proof.
      induction row as [|e row IH]; simpl; auto. intros [|y m] [|z l] [H1 H2]; simpl in *; auto.
      - split; [intros E; specialize (H1 E); discriminate|].
        specialize (IH m [] H2). destruct m; exact IH.
      - split; [intros E; rewrite (H1 E), orb_true_r; reflexivity | apply IH, H2].
    Qed.
    Lemma covers_right : forall M m l up, covers M l up -> covers M (either m l) up.
    Proof.
      induction M; simpl; intros m l up H; auto. destruct H as [H1 H2].
      split; [intros E; apply covered_right, H1, E | apply IHM, H2].
    Qed.
    Lemma columns_cover : forall M up, covers M (columns M up) up.
    Proof.
      induction M as [|row M IH]; simpl; intros [|[] up]; simpl; auto.
      - split; [discriminate|]. clear IH. induction M; simpl; auto. split; auto. discriminate.
      - split; [intros _; apply covered_left | apply covers_right, IH].
      - split; [discriminate | apply IH].
    Qed.
    Lemma gdot_rel : forall row need h y, rel need h y -> covered row need ->
      at_point x (gdot K (polynomials K) th row (map fst h)) = dot theta row y.
    Proof.
      induction row as [|e row IH]; intros need h y R C.
      - simpl. rewrite (pconst_v K v HK), (v_zero HK). reflexivity.
      - destruct h as [|[p s] h], y as [|b y]; simpl in R; try contradiction.
        + destruct e; simpl; rewrite (pconst_v K v HK), (v_zero HK); reflexivity.
        + destruct R as [R1 R2], C as [C1 C2]. destruct e as [|k].
          * cbn [map fst gdot dot weight]. rewrite (IH _ _ _ R2 C2). lra.
          * cbn [map fst gdot dot weight].
            change (aadd (polynomials K)) with (padd K). change (amul (polynomials K)) with (pmul K).
            rewrite (padd_v K v HK), (pmul_v K v HK), (IH _ _ _ R2 C2).
            change (at_point x (th k)) with (theta k). simpl in C1.
            destruct (th k) as [|mc q] eqn:T.
            -- assert (Z : theta k = 0) by (unfold theta; rewrite T; reflexivity). rewrite Z. lra.
            -- destruct (R1 (C1 eq_refl)) as [<- _]. reflexivity.
    Qed.
    Lemma terms_sound : forall b row need h y, rel need h y -> covered row need ->
      terms_have b row h = true -> has_sign (Some b) (dot theta row y).
    Proof.
      intros b. induction row as [|e row IH]; intros need h y R C T; [destruct b; simpl; lra|].
      destruct h as [|[p s] h], y as [|r y]; simpl in R; try contradiction.
      { destruct e; simpl; destruct b; simpl; lra. }
      destruct R as [R1 R2], C as [C1 C2]. destruct e as [|k].
      - specialize (IH _ _ _ R2 C2 T). cbn [dot weight] in *. destruct b; simpl in *; lra.
      - cbn [terms_have] in T. apply andb_prop in T as [T1 T2]. specialize (IH _ _ _ R2 C2 T2).
        cbn [dot weight]. enough (S : has_sign (Some b) (theta k * r)) by (destruct b; simpl in *; lra).
        clear IH T2. simpl in C1. pose proof (decide_weak (th k)) as Dk. change (at_point x (th k)) with (theta k) in Dk.
        destruct (th k) as [|mc q] eqn:E.
        { replace (theta k) with 0 by (unfold theta; rewrite E; reflexivity). destruct b; simpl; lra. }
        destruct (R1 (C1 eq_refl)) as [R0 Rs]. destruct p as [|mc' q'].
        { replace r with 0 by (rewrite <- R0; reflexivity). destruct b; simpl; lra. }
        destruct (decide (mc :: q)) as [c|]; try discriminate. destruct s as [e|]; try discriminate.
        apply eqb_prop in T1. subst b. destruct c, e; simpl in *; nra.
    Qed.
    Lemma preactivation_rel : forall row need h y, rel need h y -> covered row need ->
      at_point x (fst (preactivation_of h row)) = dot theta row y /\
      has_sign (snd (preactivation_of h row)) (dot theta row y).
    Proof.
      intros row need h y R C. pose proof (gdot_rel row need h y R C) as E.
      unfold preactivation_of. cbn [fst snd]. split; [exact E|].
      pose proof (decide_weak (gdot K (polynomials K) th row (map fst h))) as D.
      rewrite E in D. destruct (decide (gdot K (polynomials K) th row (map fst h))) as [b|]; [exact D|].
      destruct (terms_have true row h) eqn:T; [eapply terms_sound; eauto|].
      destruct (terms_have false row h) eqn:F; [eapply terms_sound; eauto | exact I].
    Qed.
    Lemma preactivations_rel : forall M need up h y, rel need h y -> covers M need up ->
      rel up (map (preactivation_of h) M) (matvec theta M y).
    Proof.
      induction M as [|row M IH]; intros need up h y R C; [exact I|]. destruct C as [C1 C2].
      cbn [map matvec rel]. destruct (preactivation_of h row) as [u s] eqn:P.
      split; [|eapply IH; eauto]. intros E.
      pose proof (preactivation_rel row need h y R (C1 E)) as Q. rewrite P in Q. exact Q.
    Qed.
    Lemma preactivations_plain : forall M h,
      map (fun u => (fst u, None)) (map (preactivation_of h) M) =
      map (fun u : polynomial => (u, @None bool)) (gmatvec K (polynomials K) th M (map fst h)).
    Proof. intros. unfold gmatvec. rewrite !map_map. reflexivity. Qed.
    Lemma rel_full : forall (M : matrix) h y, length h = length M ->
      rel (map (fun _ => true) M) h y -> map (at_point x) (map fst h) = y.
    Proof.
      induction M; intros [|[p s] h] [|b y] L R; simpl in *; try discriminate; try contradiction; auto.
      destruct R as [R1 R2]. f_equal; auto. apply R1. reflexivity.
    Qed.
    Lemma units_sound : forall z need y cs t k, rel need z y ->
      (forall h cs t, rel need h (map (sigma a) y) ->
        Forall holds cs -> k h cs t = true -> Goal) ->
      Forall holds cs -> units z need cs t k = true -> Goal.
    Proof.
      induction z as [|[u s] z IH]; simpl; intros need y cs t k R Hk Hcs H.
      - destruct y; [|contradiction]. apply (Hk [] cs t); simpl; auto.
      - destruct y as [|b y]; [contradiction|]. destruct R as [R1 R2].
        destruct (hd false need) eqn:N; simpl in H.
        + destruct (R1 eq_refl) as [E S]. clear R1. subst b.
          assert (On : 0 <= at_point x u -> forall cs t, Forall holds cs ->
            units z (tl need) cs t (fun h => k (on_value u :: h)) = true -> Goal).
          { intros P cs' t' Hcs' U. eapply IH; [exact R2| |exact Hcs'|exact U]. intros h cs'' t'' E Hc Kk.
            eapply Hk; [|exact Hc|exact Kk]. simpl. split; auto. intros _.
            rewrite sigma_true; auto. }
          assert (Off : at_point x u <= 0 -> forall cs t, Forall holds cs ->
            units z (tl need) cs t (fun h => k (off_value u :: h)) = true -> Goal).
          { intros P cs' t' Hcs' U. eapply IH; [exact R2| |exact Hcs'|exact U]. intros h cs'' t'' E Hc Kk.
            eapply Hk; [|exact Hc|exact Kk]. cbn [map rel]. unfold off_value at 1. split; auto. intros _.
            rewrite sigma_false by exact P. split; [apply off_v|].
            destruct (nonneg K (gslope K a)) eqn:G; [|exact I].
            apply (nonneg_sound K v HK) in G. rewrite (gslope_v K v HK) in G. simpl. nra. }
          destruct s as [[]|]; [eapply On; eauto | eapply Off; eauto |].
          destruct t as [w|t1 t0|ws|p t1 t0|p t]; try discriminate.
          * apply andb_prop in H as [H1 H0].
            destruct (sides u cs Hcs) as [[P F]|[P F]]; [eapply On | eapply Off]; eauto.
          * destruct (gone_sound ws cs); auto.
        + eapply IH; [exact R2| |exact Hcs|exact H]. intros h cs'' t'' E Hc Kk.
          eapply Hk; [|exact Hc|exact Kk]. simpl. split; auto. rewrite N. discriminate.
    Qed.
    Lemma sigma_linear : forall z, map (sigma Linear) z = z.
    Proof.
      intros z. rewrite <- (map_id z) at 2. apply map_ext. intros u. unfold sigma. simpl.
      destruct (Rle_dec 0 u); lra.
    Qed.
    Lemma pass_sound : forall Ws h y cs t k, Ws <> [] -> rel (needs Ws) h y ->
      (forall o cs t, map (at_point x) o = forward a theta Ws y ->
        Forall holds cs -> k o cs t = true -> Goal) ->
      Forall holds cs -> pass Ws h cs t k = true -> Goal.
    Proof.
      induction Ws0 as [|M [|M' Ws'] IH]; intros h y cs t k Ne R Hk Hcs H; [contradiction| |].
      - eapply Hk; [|exact Hcs|exact H]. cbn [forward].
        rewrite <- (rel_full M (map (preactivation_of h) M) (matvec theta M y)).
        + unfold gmatvec. rewrite !map_map. reflexivity.
        + apply map_length.
        + eapply preactivations_rel; [exact R | apply columns_cover].
      - remember (M' :: Ws') as Ws1 eqn:EW.
        assert (Ne1 : Ws1 <> []) by (rewrite EW; discriminate).
        assert (F : forall y, forward a theta (M :: Ws1) y =
          forward a theta Ws1 (map (sigma a) (matvec theta M y))) by (rewrite EW; reflexivity).
        assert (P : pass (M :: Ws1) h cs t k = match a with
          | Linear => pass Ws1 (map (fun u => (u, None)) (gmatvec K (polynomials K) th M (map fst h))) cs t k
          | _ => units (map (preactivation_of h) M) (needs Ws1) cs t
                   (fun h cs t => pass Ws1 h cs t k) end) by (rewrite EW; reflexivity).
        assert (Nd : needs (M :: Ws1) = columns M (needs Ws1)) by (rewrite EW; reflexivity).
        rewrite P in H. clear P. rewrite Nd in R.
        pose proof (preactivations_rel M _ (needs Ws1) _ _ R (columns_cover M (needs Ws1))) as RM.
        assert (U : units (map (preactivation_of h) M) (needs Ws1) cs t
          (fun h cs t => pass Ws1 h cs t k) = true -> Goal).
        { intros U. eapply units_sound; [exact RM| |exact Hcs|exact U].
          intros h' cs' t' E Hc Q. cbv beta in Q.
          eapply IH; [exact Ne1|exact E| |exact Hc|exact Q]. intros o cs2 t2 E2. eapply Hk.
          rewrite F, E2. reflexivity. }
        destruct a eqn:A; auto.
        apply rel_plain in RM. rewrite preactivations_plain in RM.
        eapply IH; [exact Ne1|exact RM| |exact Hcs|exact H]. intros o cs2 t2 E2. eapply Hk.
        rewrite F, E2, sigma_linear. reflexivity.
    Qed.
    Lemma visit_sound : forall ms t cs, Forall holds cs ->
      map (at_point x) ms = map (fun d => margin net theta (sample_of v d)) data ->
      visit ms cs t = true -> Goal.
    Proof.
      intros ms t. induction t as [w|t1 IH1 t0 IH0|ws|p t1 IH1 t0 IH0|p t IH];
        intros cs H E V; simpl in V; try discriminate; [eauto| | |].
      - destruct (gone_sound ws cs); auto.
      - apply andb_prop in V as [V1 V0]. destruct (sides p cs H) as [[_ F]|[_ F]]; eauto.
      - destruct (decide p) as [[]|] eqn:D; try discriminate. apply decide_sound in D.
        eapply IH; [|exact E|exact V]. constructor; auto. split; intros; lra.
    Qed.
    Lemma explore_from : forall todo done ms cs t, data = done ++ todo -> Forall holds cs ->
      map (at_point x) (rev ms) = map (fun d => margin net theta (sample_of v d)) done ->
      explore todo ms cs t = true -> Goal.
    Proof.
      induction todo as [|d todo IH]; simpl; intros done ms cs t D H E V.
      - rewrite app_nil_r in D. subst done. eapply visit_sound; eauto.
      - apply andb_prop in V as [Ne V].
        eapply pass_sound; [| apply rel_all | |exact H|exact V];
          [destruct Ws; discriminate|]. intros o cs' t' Eo H' V'. cbv beta in V'.
        eapply (IH (done ++ [d])); [|exact H'| |exact V'].
        + rewrite <- app_assoc. exact D.
        + simpl. rewrite !map_app, E. f_equal. simpl. f_equal.
          etransitivity; [apply (signed_by_e K (polynomials K) v (at_point x) HK
            (polynomials_evaluation K v HK x))|].
          unfold margin, Phi, label. f_equal. etransitivity; [apply (output_e K (polynomials K) v
            (at_point x) HK (polynomials_evaluation K v HK x))|]. f_equal.
          etransitivity; [exact Eo|]. rewrite net_act, net_layers. f_equal.
          apply (start_e K (polynomials K) v (at_point x) (polynomials_evaluation K v HK x)).
    Qed.
    Theorem explore_sound : forall t, explore data [] [] t = true -> Goal.
    Proof. intros t V. apply (explore_from data [] [] [] t); auto. Qed.
  End Pass.
End Explore.
Arguments Leaf {K W}. Arguments Split {K W}. Arguments Gone {K W}.
Arguments Cut {K W}. Arguments Know {K W}.

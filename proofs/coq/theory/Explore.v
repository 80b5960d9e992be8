(** Sign choices: the forward passes of all samples over polynomials in the parameters
    that may move.  Where the sign of a pre-activation is not decided, both choices are
    explored, each with its closed condition; evidence is a tree of the same shape.
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
    Definition off (u : polynomial) : polynomial := pmul K (pconst K (gslope K a)) u.
    Fixpoint units (z : list polynomial) (need : list bool) (cs : list polynomial) (t : tree W)
      (k : list polynomial -> list polynomial -> tree W -> bool) : bool :=
      match z with
      | [] => k [] cs t
      | u :: z' =>
        if negb (hd false need) then units z' (tl need) cs t (fun h => k ([] :: h)) else
        match decide u with
        | Some true => units z' (tl need) cs t (fun h => k (u :: h))
        | Some false => units z' (tl need) cs t (fun h => k (off u :: h))
        | None => match t with
          | Gone ws => gone ws cs
          | Split t1 t0 => units z' (tl need) (u :: cs) t1 (fun h => k (u :: h)) &&
                           units z' (tl need) (pneg u :: cs) t0 (fun h => k (off u :: h))
          | _ => false
          end
        end
      end.
    Fixpoint pass (Ws : list matrix) (x : list polynomial) (cs : list polynomial) (t : tree W)
      (k : list polynomial -> list polynomial -> tree W -> bool) : bool :=
      match Ws with
      | [] => k x cs t
      | M :: [] => k (gmatvec K (polynomials K) th M x) cs t
      | M :: Ws' => let z := gmatvec K (polynomials K) th M x in
        match a with
        | Linear => pass Ws' z cs t k
        | _ => units z (needs Ws') cs t (fun h cs t => pass Ws' h cs t k)
        end
      end.
    Fixpoint explore (data : list (exact_sample K)) (ms cs : list polynomial) (t : tree W) : bool :=
      match data with
      | [] => visit (rev ms) cs t
      | d :: data' => match Ws with [] => false | _ => true end && pass Ws (start K (polynomials K) (fst d)) cs t (fun o =>
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
    Lemma off_v : forall y u, at_point y (off u) = slope a * at_point y u.
    Proof. intros. unfold off. rewrite (pmul_v K v HK), (pconst_v K v HK), (gslope_v K v HK). lra. Qed.
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
    (** Computed values agree with the true ones wherever they are needed. *)
    Fixpoint rel (need : list bool) (h : list polynomial) (y : list R) : Prop :=
      match h, y with
      | [], [] => True
      | p :: h', b :: y' => (hd false need = true -> at_point x p = b) /\ rel (tl need) h' y'
      | _, _ => False
      end.
    Lemma rel_all : forall h need, rel need h (map (at_point x) h).
    Proof. induction h; simpl; auto. Qed.
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
      at_point x (gdot K (polynomials K) th row h) = dot theta row y.
    Proof.
      induction row as [|e row IH]; intros need h y R C.
      - simpl. rewrite (pconst_v K v HK), (v_zero HK). reflexivity.
      - destruct h as [|p h], y as [|b y]; simpl in R; try contradiction.
        + destruct e; simpl; rewrite (pconst_v K v HK), (v_zero HK); reflexivity.
        + destruct R as [R1 R2], C as [C1 C2]. destruct e as [|k].
          * cbn [gdot dot weight]. rewrite (IH _ _ _ R2 C2). lra.
          * cbn [gdot dot weight].
            change (aadd (polynomials K)) with (padd K). change (amul (polynomials K)) with (pmul K).
            rewrite (padd_v K v HK), (pmul_v K v HK), (IH _ _ _ R2 C2).
            change (at_point x (th k)) with (theta k). simpl in C1.
            destruct (th k) as [|mc q] eqn:T.
            -- assert (Z : theta k = 0) by (unfold theta; rewrite T; reflexivity). rewrite Z. lra.
            -- rewrite (R1 (C1 eq_refl)). reflexivity.
    Qed.
    Lemma gmatvec_rel : forall M need up h y, rel need h y -> covers M need up ->
      rel up (gmatvec K (polynomials K) th M h) (matvec theta M y).
    Proof.
      induction M as [|row M IH]; simpl; intros need up h y R C; auto. destruct C as [C1 C2].
      split; [intros E; eapply gdot_rel; eauto | eapply IH; eauto].
    Qed.
    Lemma rel_full : forall (M : matrix) h y, length h = length M ->
      rel (map (fun _ => true) M) h y -> map (at_point x) h = y.
    Proof.
      induction M; intros [|p h] [|b y] L R; simpl in *; try discriminate; try contradiction; auto.
      destruct R as [R1 R2]. f_equal; auto.
    Qed.
    Lemma units_sound : forall z need y cs t k, rel need z y ->
      (forall h cs t, rel need h (map (sigma a) y) ->
        Forall holds cs -> k h cs t = true -> Goal) ->
      Forall holds cs -> units z need cs t k = true -> Goal.
    Proof.
      induction z as [|u z IH]; simpl; intros need y cs t k R Hk Hcs H.
      - destruct y; [|contradiction]. apply (Hk [] cs t); simpl; auto.
      - destruct y as [|b y]; [contradiction|]. destruct R as [R1 R2].
        destruct (hd false need) eqn:N; simpl in H.
        + specialize (R1 eq_refl).
          assert (On : 0 <= at_point x u -> forall cs t, Forall holds cs ->
            units z (tl need) cs t (fun h => k (u :: h)) = true -> Goal).
          { intros P cs' t' Hcs' U. eapply IH; [exact R2| |exact Hcs'|exact U]. intros h cs'' t'' E Hc Kk.
            eapply Hk; [|exact Hc|exact Kk]. simpl. split; auto. intros _.
            rewrite <- R1, sigma_true; auto. }
          assert (Off : at_point x u <= 0 -> forall cs t, Forall holds cs ->
            units z (tl need) cs t (fun h => k (off u :: h)) = true -> Goal).
          { intros P cs' t' Hcs' U. eapply IH; [exact R2| |exact Hcs'|exact U]. intros h cs'' t'' E Hc Kk.
            eapply Hk; [|exact Hc|exact Kk]. simpl. split; auto. intros _.
            rewrite <- R1, sigma_false, off_v; auto. }
          destruct (decide u) as [[]|] eqn:D;
            [apply decide_sound in D; eapply On; eauto; lra
            |apply decide_sound in D; eapply Off; eauto |].
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
      - eapply Hk; [|exact Hcs|exact H]. simpl.
        apply (rel_full M); [unfold gmatvec; apply map_length|].
        eapply gmatvec_rel; [exact R | apply columns_cover].
      - remember (M' :: Ws') as Ws1 eqn:EW.
        assert (Ne1 : Ws1 <> []) by (rewrite EW; discriminate).
        assert (F : forall y, forward a theta (M :: Ws1) y =
          forward a theta Ws1 (map (sigma a) (matvec theta M y))) by (rewrite EW; reflexivity).
        assert (P : pass (M :: Ws1) h cs t k = match a with
          | Linear => pass Ws1 (gmatvec K (polynomials K) th M h) cs t k
          | _ => units (gmatvec K (polynomials K) th M h) (needs Ws1) cs t
                   (fun h cs t => pass Ws1 h cs t k) end) by (rewrite EW; reflexivity).
        assert (Nd : needs (M :: Ws1) = columns M (needs Ws1)) by (rewrite EW; reflexivity).
        rewrite P in H. clear P. rewrite Nd in R.
        pose proof (gmatvec_rel M _ (needs Ws1) _ _ R (columns_cover M (needs Ws1))) as RM.
        assert (U : units (gmatvec K (polynomials K) th M h) (needs Ws1) cs t
          (fun h cs t => pass Ws1 h cs t k) = true -> Goal).
        { intros U. eapply units_sound; [exact RM| |exact Hcs|exact U].
          intros h' cs' t' E Hc Q. cbv beta in Q.
          eapply IH; [exact Ne1|exact E| |exact Hc|exact Q]. intros o cs2 t2 E2. eapply Hk.
          rewrite F, E2. reflexivity. }
        destruct a eqn:A; auto.
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

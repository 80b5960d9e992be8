(** What is claimed: the margin-maximisation problem (P) of a network of class N, its optima, and
    its KKT points in the sense of Clarke, over the real numbers of Coq's standard library.
    Nothing here mentions a certificate or a checker; every instance's theorems use these words. *)
From Coq Require Import Reals QArith Qreals List Arith.
Import ListNotations.
Open Scope R_scope.

(** * Networks of class N *)

(** An entry of a weight matrix is 0 or a named parameter (its index); a parameter
    that occurs in several places is a shared weight. *)
Inductive entry := Zero | Param (k : nat).
Definition matrix := list (list entry).
Inductive activation := Linear | ReLU | LeakyReLU (slope : Q).
Record network := { parameters : nat; layers : list matrix; act : activation }.

(** θ assigns a value to every parameter; coordinates from [parameters] on play no role. *)
Definition point := nat -> R.

Definition weight (theta : point) (e : entry) : R :=
  match e with Zero => 0 | Param k => theta k end.
Fixpoint dot (theta : point) (row : list entry) (x : list R) : R :=
  match row, x with
  | e :: row', a :: x' => weight theta e * a + dot theta row' x'
  | _, _ => 0
  end.
Definition matvec theta (W : matrix) (x : list R) := map (fun row => dot theta row x) W.

(** The activation's factor on the negative side, and the activation itself. *)
Definition slope (a : activation) : R :=
  match a with Linear => 1 | ReLU => 0 | LeakyReLU q => Q2R q end.
Definition sigma a (z : R) : R := if Rle_dec 0 z then z else slope a * z.

(** Φ(θ;x): hidden layers with activation, the last layer without. *)
Fixpoint forward a theta (Ws : list matrix) (x : list R) : list R :=
  match Ws with
  | [] => x
  | W :: [] => matvec theta W x
  | W :: Ws' => forward a theta Ws' (map (sigma a) (matvec theta W x))
  end.
Definition Phi net theta (x : list R) : R := hd 0 (forward (act net) theta (layers net) x).

Definition in_layer (net : network) (l k : nat) : Prop :=  (* layers count from 1 *)
  exists row, In row (nth (pred l) (layers net) []) /\ In (Param k) row.

Fixpoint shapes (width : nat) (Ws : list matrix) : Prop :=
  match Ws with
  | [] => width = 1%nat
  | W :: Ws' => Forall (fun row => length row = width) W /\ shapes (length W) Ws'
  end.
(** Class N for inputs of dimension d: shapes fit, the output is a scalar, every entry
    is one of the parameters, no parameter belongs to two layers, 0 < leaky slope < 1. *)
Definition class_N (net : network) (d : nat) : Prop :=
  layers net <> [] /\ shapes d (layers net) /\
  (forall W row k, In W (layers net) -> In row W -> In (Param k) row ->
     (k < parameters net)%nat) /\
  (forall l l' k, (1 <= l)%nat -> (1 <= l')%nat ->
     in_layer net l k -> in_layer net l' k -> l = l') /\
  match act net with LeakyReLU q => 0 < Q2R q < 1 | _ => True end.

(** * The problem (P), and (P_l) where only layer l may move *)

Record sample := { input : list R; positive : bool }.
Definition label (s : sample) : R := if positive s then 1 else -1.
Definition margin net theta s := label s * Phi net theta (input s).
Definition feasible net (data : list sample) theta : Prop :=
  forall s, In s data -> 1 <= margin net theta s.

Fixpoint sum (n : nat) (f : nat -> R) : R :=
  match n with O => 0 | S n' => sum n' f + f n' end.
Definition norm net (theta : point) := sqrt (sum (parameters net) (fun k => theta k * theta k)).
Definition dist net (theta theta' : point) := norm net (fun k => theta' k - theta k).

Inductive scope := Whole | Layer (l : nat).
Definition in_scope net sc k : Prop :=
  match sc with Whole => True | Layer l => in_layer net l k end.
Definition moves_only net sc (theta theta' : point) : Prop :=
  forall k, (k < parameters net)%nat -> ~ in_scope net sc k -> theta' k = theta k.

Definition local_optimum net data sc theta : Prop :=
  feasible net data theta /\
  exists eps, 0 < eps /\ forall theta', feasible net data theta' ->
    moves_only net sc theta theta' -> dist net theta theta' <= eps ->
    norm net theta <= norm net theta'.
Definition strict_local_within r net data sc theta : Prop :=
  feasible net data theta /\ forall theta', feasible net data theta' ->
    moves_only net sc theta theta' -> 0 < dist net theta theta' <= r ->
    norm net theta < norm net theta'.
Definition strict_local_optimum net data sc theta : Prop :=
  exists eps, 0 < eps /\ strict_local_within eps net data sc theta.
Definition global_optimum net data sc theta : Prop :=
  feasible net data theta /\ forall theta', feasible net data theta' ->
    moves_only net sc theta theta' -> norm net theta <= norm net theta'.

(** * KKT in the sense of Clarke *)

(** A pattern says for each hidden neuron whether it is on (default: off);
    Φ^s is Φ with every activation replaced by the factor that s prescribes. *)
Definition pattern := list (list bool).
Definition on (s : pattern) (l j : nat) : bool := nth j (nth l s []) false.
Definition factor a (b : bool) : R := if b then 1 else slope a.
Fixpoint gate a (s : list bool) (z : list R) : list R :=
  match z with [] => [] | u :: z' => factor a (hd false s) * u :: gate a (tl s) z' end.
Fixpoint forward_pattern a (s : pattern) theta (Ws : list matrix) (x : list R) : list R :=
  match Ws with
  | [] => x
  | W :: [] => matvec theta W x
  | W :: Ws' => forward_pattern a (tl s) theta Ws' (gate a (hd [] s) (matvec theta W x))
  end.
Definition Phi_pattern net s theta x := hd 0 (forward_pattern (act net) s theta (layers net) x).

(** The pre-activation of neuron j of hidden layer l (both from 0), as a function of θ. *)
Fixpoint preactivations a theta (Ws : list matrix) (x : list R) : list (list R) :=
  match Ws with
  | [] | _ :: [] => []
  | W :: Ws' => let z := matvec theta W x in z :: preactivations a theta Ws' (map (sigma a) z)
  end.
Definition preactivation net x l j (theta : point) : R :=
  nth j (nth l (preactivations (act net) theta (layers net) x) []) 0.

Definition zero_around net (z : point -> R) theta : Prop :=
  exists delta, 0 < delta /\ forall theta', dist net theta theta' <= delta -> z theta' = 0.
(** s is realizable at θ: arbitrarily near θ are points at which every pre-activation
    that is not identically zero around that point is non-zero and has the sign that s
    says; an identically zero one counts as off.  A linear network has no kinks. *)
Definition realizable net x s theta : Prop :=
  act net = Linear \/
  forall eps, 0 < eps -> exists theta', dist net theta theta' <= eps /\
    forall l j, let z := preactivation net x l j in
      if on s l j then 0 < z theta' else z theta' < 0 \/ zero_around net z theta'.

(** g is the k-th partial derivative of f at θ. *)
Definition partial (f : point -> R) theta k (g : R) : Prop :=
  derivable_pt_lim (fun u => f (fun j => if Nat.eqb j k then u else theta j)) (theta k) g.

(** θ is the combination, with multipliers μ ≥ 0, of gradients of y_i Φ^s(·;x_i) over
    active samples i and patterns s realizable for them. *)
Record term := { mu : R; of_sample : sample; under : pattern; gradient : nat -> R }.
Definition kkt net data theta : Prop :=
  feasible net data theta /\ exists terms : list term,
  (forall m, In m terms -> 0 <= mu m /\ In (of_sample m) data /\
     margin net theta (of_sample m) = 1 /\
     realizable net (input (of_sample m)) (under m) theta /\
     forall k, (k < parameters net)%nat -> partial
       (fun th => label (of_sample m) * Phi_pattern net (under m) th (input (of_sample m)))
       theta k (gradient m k)) /\
  forall k, (k < parameters net)%nat ->
    theta k = fold_right Rplus 0 (map (fun m => mu m * gradient m k) terms).

(** Everything that an instance needs. *)
From MarginCert Require Export Definitions Sanity Exact Algebra Forward Common Near Class Points
  NotLocal NotStrict Kkt Explore Region Convex Strict SvmDual NormBound NotKkt.

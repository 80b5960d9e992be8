(** Everything that an instance needs. *)
From MarginCert Require Export Definitions Sanity Exact Algebra Forward Common Near Class Points
  NotLocal Kkt Explore Region Convex Strict SvmDual NormBound NotKkt.

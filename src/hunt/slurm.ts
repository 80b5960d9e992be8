/** The batch script of a campaign for Slurm: an array of shards, and the merge after them. */

export interface SlurmRequest {
  readonly name: string;
  readonly shards: number;
  readonly campaign: string;
  readonly folder: string;
  /** How margincert is called on the cluster. */
  readonly command: string;
}

/** `sbatch` takes it; it submits the merge itself, which waits for all shards however they end. */
export function slurmScript({ name, shards, campaign, folder, command }: SlurmRequest): string {
  return `#!/bin/bash
#SBATCH --job-name=${name.replace(/[^\w.-]/g, "_")}
#SBATCH --array=1-${shards}
#SBATCH --cpus-per-task=1
#SBATCH --output=${quoted(`${folder}/slurm-%A-%a.out`)}
#SBATCH --requeue
#SBATCH --open-mode=append
# margincert hunt: shard $SLURM_ARRAY_TASK_ID of ${shards}. A shard that is requeued, or submitted again, goes on where it was.
set -euo pipefail
if [ "\${1:-}" = merge ]; then
  exec ${command} hunt merge ${quoted(folder)} --workers "\${SLURM_CPUS_PER_TASK:-1}"
fi
if [ "\${SLURM_ARRAY_TASK_ID}" = "\${SLURM_ARRAY_TASK_MIN}" ] && [ "\${SLURM_RESTART_COUNT:-0}" = 0 ]; then
  sbatch --array=0 --dependency="afterany:\${SLURM_ARRAY_JOB_ID}" --job-name="\${SLURM_JOB_NAME}-merge" "$0" merge
fi
exec ${command} hunt ${quoted(campaign)} --shard "\${SLURM_ARRAY_TASK_ID}/${shards}" --resume --workers "\${SLURM_CPUS_PER_TASK:-1}" --out ${quoted(folder)}
`;
}

/** For bash, whatever is in it. */
function quoted(text: string): string {
  return /^[\w./:%@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

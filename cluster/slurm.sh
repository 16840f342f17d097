#!/usr/bin/env bash
# One experiment on the nodes of a Slurm allocation.
#
#   ray get-auth-token --generate > /dev/null          # once; ~/.ray/auth_token
#   sbatch cluster/slurm.sh configs/quickstart.yaml    # and further arguments of `raysal run`
#   tail -f raysal-JOB.log
#
# Submit it from a checkout with its environment in .venv, on storage that all nodes mount. If it is
# submitted again or requeued by Slurm, it resumes the run. If the nodes cannot reach each other at
# the address that `hostname` prints, use slurm-by-hand.sh.
#
#SBATCH --job-name=raysal
#SBATCH --output=raysal-%j.log
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --exclusive
#SBATCH --cpus-per-task=32
#SBATCH --gpus-per-node=4
#SBATCH --time=12:00:00
#SBATCH --requeue
set -euo pipefail

# symmetric-run ends with `ray stop`, which stops all your Ray processes on a node: --exclusive.
cd "${SLURM_SUBMIT_DIR:-.}"
export PATH="$PWD/.venv/bin:$PATH"
export RAY_AUTH_MODE=token

head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | sed -n 1p)
address=$(srun --nodes=1 --ntasks=1 --nodelist="$head" hostname --ip-address | awk '{print $1}')

# Starts Ray on every node, waits for all of them, and runs the command on the first.
srun ray symmetric-run \
  --address "$address:6379" \
  --min-nodes "$SLURM_JOB_NUM_NODES" \
  --num-cpus "${SLURM_CPUS_PER_TASK:-1}" \
  --num-gpus "${SLURM_GPUS_ON_NODE:-0}" \
  -- raysal run "$@" --set engine.address=auto

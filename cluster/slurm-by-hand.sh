#!/usr/bin/env bash
# As slurm.sh, but it starts Ray on each node by itself: for sites where `ray symmetric-run` finds
# the wrong address, or where nodes are shared with other users.
#
#   ray get-auth-token --generate > /dev/null
#   sbatch cluster/slurm-by-hand.sh configs/quickstart.yaml
#
# Put INTERFACE=ib0 (or eth1, ...) before `sbatch` to choose the network between the nodes.
#
#SBATCH --job-name=raysal
#SBATCH --output=raysal-%j.log
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=32
#SBATCH --gpus-per-node=4
#SBATCH --time=12:00:00
#SBATCH --requeue
set -euo pipefail

cd "${SLURM_SUBMIT_DIR:-.}"
export PATH="$PWD/.venv/bin:$PATH"
export RAY_AUTH_MODE=token
port=$((20000 + SLURM_JOB_ID % 20000)) # Other users may run Ray on the node.

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
if [ -n "${INTERFACE:-}" ]; then
  look="ip -4 -o address show $INTERFACE | awk '{sub(\"/.*\", \"\", \$4); print \$4}'"
else
  look="hostname --ip-address | awk '{print \$1}'"
fi
address_of() { srun --overlap --nodes=1 --ntasks=1 --nodelist="$1" bash -c "$look"; }
start() { # NODE, further arguments of `ray start`; Ray runs until the job ends
  local node=$1
  shift
  srun --overlap --nodes=1 --ntasks=1 --nodelist="$node" \
    ray start --block --node-ip-address="$(address_of "$node")" \
    --num-cpus="${SLURM_CPUS_PER_TASK:-1}" --num-gpus="${SLURM_GPUS_ON_NODE:-0}" "$@" &
}

head=$(address_of "${nodes[0]}")
start "${nodes[0]}" --head --port="$port"
until ray health-check --address "$head:$port" > /dev/null 2>&1; do sleep 2; done
for node in "${nodes[@]:1}"; do start "$node" --address="$head:$port"; done

until [ "$(ray status --address "$head:$port" | grep -c ' node_')" -ge "${#nodes[@]}" ]; do
  sleep 2
done

# This script runs on the first node.
raysal run "$@" --set engine.address="$head:$port"

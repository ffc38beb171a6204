"""Which job of a batch system this process belongs to: Slurm, PBS, LSF or Kubernetes."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Optional


def batch(environ: Mapping[str, str]) -> tuple[dict[str, str], Optional[str]]:
    """The labels and the external id of the batch job that this process belongs to."""
    for read in (_slurm, _pbs, _lsf, _kubernetes):
        found = read(environ)
        if found is not None:
            labels, external_id = found
            return {name: text for name, text in labels.items() if text}, external_id
    return {}, None


_Job = Optional["tuple[dict[str, str], Optional[str]]"]


def _slurm(environ: Mapping[str, str]) -> _Job:
    def get(name: str) -> str:
        return environ.get(name, "")

    job, array, task = get("SLURM_JOB_ID"), get("SLURM_ARRAY_JOB_ID"), get("SLURM_ARRAY_TASK_ID")
    if not job:
        return None
    labels = {"batch": "slurm", "batch.job": array or job, "batch.task": task, "batch.name": get("SLURM_JOB_NAME")}
    labels |= {"batch.queue": get("SLURM_JOB_PARTITION"), "batch.cluster": get("SLURM_CLUSTER_NAME")}
    return labels, f"slurm-{array}_{task}" if array and task else f"slurm-{job}"


def _pbs(environ: Mapping[str, str]) -> _Job:
    job = environ.get("PBS_JOBID", "")
    if not job:
        return None
    # An array's task is in the job's id already, as in 1234[7].server, but for old versions of Torque.
    task = environ.get("PBS_ARRAY_INDEX") or environ.get("PBS_ARRAYID") or ""
    named = job if not task or "[" in job or f"-{task}" in job else f"{job}_{task}"
    labels = {"batch": "pbs", "batch.job": job, "batch.task": task, "batch.name": environ.get("PBS_JOBNAME", "")}
    return {**labels, "batch.queue": environ.get("PBS_QUEUE", "")}, f"pbs-{named}"


def _lsf(environ: Mapping[str, str]) -> _Job:
    job, task = environ.get("LSB_JOBID", ""), environ.get("LSB_JOBINDEX", "0")
    if not job:
        return None
    task = "" if task == "0" else task
    labels = {"batch": "lsf", "batch.job": job, "batch.task": task, "batch.name": environ.get("LSB_JOBNAME", "")}
    return {**labels, "batch.queue": environ.get("LSB_QUEUE", "")}, f"lsf-{job}_{task}" if task else f"lsf-{job}"


def _kubernetes(environ: Mapping[str, str]) -> _Job:
    if "KUBERNETES_SERVICE_HOST" not in environ:
        return None
    pod = environ.get("POD_NAME") or environ.get("HOSTNAME") or socket.gethostname()
    # A pod's uid outlives no pod, while the name of a StatefulSet's comes again.
    known = environ.get("POD_UID")
    labels = {"batch": "kubernetes", "batch.pod": pod, "batch.job": environ.get("JOB_NAME", "")}
    return {**labels, "batch.task": environ.get("JOB_COMPLETION_INDEX", "")}, f"k8s-{known or pod}"

"""Kubernetes, Compose and Prometheus accept the examples in deploy/, as far as their schemas and checkers say."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
MANIFESTS = [file for file in sorted((DEPLOY / "kubernetes").glob("*.yaml")) if file.name != "kustomization.yaml"]
OLDEST, NEWEST = "1.30", "1.37.0"
"""The versions of Kubernetes that the manifests are for."""


def checked(version: str, *files: Path) -> "subprocess.CompletedProcess[str]":
    command = [str(ROOT / ".venv-deployment/bin/kubernetes-validate"), "--strict", "-k", version]
    return subprocess.run([*command, *map(str, files)], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("version", [OLDEST, NEWEST])
def test_every_manifest_is_valid(version: str) -> None:
    done = checked(version, *MANIFESTS)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_member_that_kubernetes_does_not_know_is_found(tmp_path: Path) -> None:
    (deployment, *_) = [file for file in MANIFESTS if "readinessProbe:" in file.read_text()]
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(deployment.read_text().replace("readinessProbe:", "readinesProbe:"))
    done = checked(NEWEST, wrong)
    assert done.returncode != 0
    assert "readinesProbe" in done.stdout + done.stderr


def test_what_kustomize_makes_of_the_manifests_is_valid(tmp_path: Path) -> None:
    if kubectl := shutil.which("kubectl"):
        command = [kubectl, "kustomize", str(DEPLOY / "kubernetes")]
        made = tmp_path / "made.yaml"
        made.write_text(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
        done = checked(NEWEST, made)
        assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_its_rules_and_configuration() -> None:
    if promtool := shutil.which("promtool"):
        command = [promtool, "check", "config", str(DEPLOY / "prometheus/prometheus.yml")]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("wrong", [False, True])
def test_compose_has_a_schema(tmp_path: Path, *, wrong: bool) -> None:
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    if wrong:
        compose["services"]["goatfish"]["heathcheck"] = {}
    file = tmp_path / "compose.yaml"
    file.write_text(yaml.safe_dump(compose))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
    assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == int(wrong)

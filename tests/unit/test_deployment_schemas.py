"""Kubernetes, Compose and Prometheus accept the examples in deploy/, as far as their schemas and checkers say."""

import copy
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # -- it has no types
import pytest
import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
MANIFESTS = [
    manifest
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    if file.name != "kustomization.yaml"
    for manifest in yaml.safe_load_all(file.read_text())
]
VERSIONS = ("1.30", kubernetes_validate.latest_version())
"""The oldest and the newest version of Kubernetes that the manifests are for."""


def check(manifest: dict[str, Any], version: str) -> None:
    kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda each: f"{each['kind']} {each['metadata']['name']}")
def test_every_manifest_is_valid(manifest: dict[str, Any], version: str) -> None:
    check(manifest, version)


def test_a_member_that_kubernetes_does_not_know_is_found() -> None:
    wrong = copy.deepcopy(next(each for each in MANIFESTS if each["kind"] == "Deployment"))
    wrong["spec"]["template"]["spec"]["containers"][0]["readinesProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        check(wrong, VERSIONS[-1])


def test_what_kustomize_makes_of_the_manifests_is_valid() -> None:
    if kubectl := shutil.which("kubectl"):
        command = [kubectl, "kustomize", str(DEPLOY / "kubernetes")]
        made = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        manifests = [*yaml.safe_load_all(made.stdout)]
        assert len(manifests) == len(MANIFESTS) + 1  # the settings, which it makes
        for manifest in manifests:
            check(manifest, VERSIONS[-1])


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

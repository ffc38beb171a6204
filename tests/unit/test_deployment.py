"""The examples in deploy/ agree with the settings, the API, the command line and each other."""

import configparser
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from app.cli.commands import commands as cli
from app.http_server.draining_server import STOP_TIME
from app.supervisor import MARGIN
from config.ignored_settings import _OF_A_SERVICE
from config.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file() and path.parent.name != "secrets")
DOCKERFILE, UNIT = ((DEPLOY / name).read_text() for name in ("Dockerfile", "goatfish.service"))
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
KUSTOMIZATION = yaml.safe_load((DEPLOY / "kubernetes/kustomization.yaml").read_text())
RESOURCES = {
    name: [*yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text())] for name in KUSTOMIZATION["resources"]
}
DELIVERER, DELIVERERS_NETWORK = RESOURCES.pop("deliver.yaml")
MANIFESTS = {each["kind"]: each for resources in RESOURCES.values() for each in resources}
PODS = {kind: MANIFESTS[kind]["spec"]["template"]["spec"] for kind in ("Deployment", "Job")}
PODS["deliverer"] = DELIVERER["spec"]["template"]["spec"]
PATHS = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]
METRICS_PORT = 9464
EXPOSURE_MAX = 20  # tenths, as systemd rates a unit


def stage(name: str) -> str:
    """The lines of a stage of the Dockerfile."""
    (found,) = re.findall(rf"^FROM \S+ AS {name}$(.*?)(?=^FROM|\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
    return str(found)


def commands() -> Iterator[list[str]]:
    """The arguments of every goatfish that the examples start."""
    yield json.loads(re.findall(r"^CMD (.*)$", stage("goatfish"), re.MULTILINE)[0])
    for service in COMPOSE["services"].values():
        if service["image"].startswith("goatfish:") and service["command"]:
            yield service["command"]
    yield COMPOSE["services"]["database"]["entrypoint"][-1].partition("exec goatfish ")[2].split()
    for pod in PODS.values():
        yield pod["containers"][0]["args"]
    for line in re.findall(r"^ExecStart(?:Pre)?=/opt/goatfish/bin/goatfish (.*)$", UNIT, re.MULTILINE):
        yield line.split()


@pytest.mark.parametrize("command_line", sorted({" ".join(each) for each in commands()}))
def test_commands_and_their_options_exist(command_line: str) -> None:
    arguments = command_line.split()
    command: Any = typer.main.get_command(cli)
    context = command.make_context("goatfish", list(arguments))
    name, found, rest = command.resolve_command(context, list(arguments))
    while hasattr(found, "commands"):
        name, found, rest = found.resolve_command(found.make_context(name, list(rest)), rest)
    if name == "create":
        rest = ["--administrator-url", "postgresql://", *rest]
    parameters = found.make_context(name, rest).params
    assert parameters.get("port", 8000) == 8000


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_settings_exist(path: Path) -> None:
    named = set(re.findall(rf"{PREFIX}[A-Z_]+", path.read_text()))
    assert {name for name in named if not _OF_A_SERVICE.fullmatch(name)} <= {
        PREFIX + name.upper() for name in Settings.model_fields
    }


def test_the_image_runs_as_a_user_from_what_is_locked() -> None:
    stages = re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)
    assert [name for _, name in stages] == ["pgbouncer", "build", "goatfish"]
    assert all("/" not in image and ":" in image for image, _ in stages)
    assert "--require-hashes --requirement requirements/$LOCK.txt" in stage("build")
    assert "ARG LOCK=base" in stage("build")
    assert "--no-deps --no-build-isolation ." in stage("build")
    for name in ("pgbouncer", "goatfish"):
        assert re.findall(r"^USER (\d+):(\d+)$", stage(name), re.MULTILINE) == [("10001", "10001")]
    assert re.findall(r"^EXPOSE (\d+)$", stage("goatfish"), re.MULTILINE) == ["8000"]
    assert "COPY --from=build /opt/goatfish /opt/goatfish" in stage("goatfish")


def test_the_health_check_asks_for_a_path_of_the_api() -> None:
    (check,) = re.findall(r"^HEALTHCHECK.*\\\n\s+CMD (.*)$", stage("goatfish"), re.MULTILINE)
    program = json.loads(check)
    compile(program[2], "HEALTHCHECK", "exec")
    (path,) = re.findall(r"http://127\.0\.0\.1:8000(/\w+)", program[2])
    assert path in PATHS


def test_what_the_image_copies_is_sent_to_the_builder() -> None:
    sent = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[0] == "!"}
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.*)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    assert sent == copied
    assert all((ROOT / source).exists() for source in sent)


def test_compose_migrates_before_it_serves() -> None:
    services = COMPOSE["services"]
    assert services["goatfish"]["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert services["migrate"]["depends_on"]["database"] == {"condition": "service_completed_successfully"}
    assert services["database"]["depends_on"]["postgres"] == {"condition": "service_healthy"}
    assert services["goatfish"]["ports"] == ["127.0.0.1:8000:8000"]
    for name, service in services.items():
        assert set(service["secrets"]) <= set(COMPOSE["secrets"])
        assert set(service.get("depends_on", {})) <= set(services)
        assert service.get("read_only", False) or name == "postgres"
        assert set(service.get("profiles", ())) <= {"monitoring"}
        for value in service.get("environment", {}).values():
            if value.startswith("/run/secrets/"):
                assert Path(value).name in service["secrets"]
    assert "administrator_url" not in services["goatfish"]["secrets"]


def test_pgbouncer_is_in_transaction_mode_with_prepared_statements() -> None:
    parser = configparser.ConfigParser()
    parser.read(DEPLOY / "pgbouncer.ini")
    bouncer = parser["pgbouncer"]
    assert (bouncer["pool_mode"], bouncer.getint("max_prepared_statements")) == ("transaction", 200)
    assert bouncer["listen_port"] in re.findall(r"^EXPOSE (\d+)$", stage("pgbouncer"), re.MULTILINE)
    assert Path(bouncer["auth_file"]).name in COMPOSE["services"]["pgbouncer"]["secrets"]
    assert "host=postgres " in parser["databases"]["goatfish"]


@pytest.mark.parametrize("pod", [*PODS.values()], ids=[*PODS])
def test_pods_are_confined(pod: dict[str, Any]) -> None:
    (container,) = pod["containers"]
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, 10001)
    assert container["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {each["name"] for each in container["volumeMounts"]} == {each["name"] for each in pod["volumes"]}
    (config,) = KUSTOMIZATION["configMapGenerator"]
    assert container["envFrom"] == [{"configMapRef": {"name": config["name"]}}]
    mounted = container["volumeMounts"][0]["mountPath"]
    assert all(mounted in each for each in config["literals"] if "_FILE=" in each)


def test_probes_ask_for_paths_of_the_api() -> None:
    (container,) = PODS["Deployment"]["containers"]
    probes = {name: container[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {name: probe["path"] for name, probe in probes.items()} == {
        "startup": "/livez",
        "liveness": "/livez",
        "readiness": "/readyz",
    }
    assert all(probe["path"] in PATHS and probe["port"] == "http" for probe in probes.values())
    assert container["ports"] == [{"name": "http", "containerPort": 8000}, {"name": "metrics", "containerPort": 9464}]


def test_manifests_select_the_pods_of_the_deployment() -> None:
    deployment = MANIFESTS["Deployment"]["spec"]
    labels = deployment["template"]["metadata"]["labels"]
    assert deployment["replicas"] == 2
    assert deployment["selector"]["matchLabels"] == MANIFESTS["Service"]["spec"]["selector"] == labels
    assert MANIFESTS["PodDisruptionBudget"]["spec"] == {"minAvailable": 1, "selector": {"matchLabels": labels}}
    policy = MANIFESTS["NetworkPolicy"]["spec"]
    selected = policy["podSelector"]["matchExpressions"][0]["values"]
    assert selected == [labels["app"], MANIFESTS["Job"]["spec"]["template"]["metadata"]["labels"]["app"]]
    assert [each["ports"] for each in policy["ingress"]] == [
        [{"protocol": "TCP", "port": port}] for port in (8000, METRICS_PORT)
    ]


def test_metrics_are_scraped_where_they_are_served_and_not_published() -> None:
    (config,) = KUSTOMIZATION["configMapGenerator"]
    assert f"GOATFISH_METRICS_PORT={METRICS_PORT}" in config["literals"]
    annotations = MANIFESTS["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == str(METRICS_PORT)
    settings = COMPOSE["x-goatfish"]["environment"]
    (job,) = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"]
    port = settings["GOATFISH_METRICS_PORT"]
    assert job["static_configs"] == [{"targets": [f"goatfish:{port}", f"deliver:{port}"]}]
    pod = DELIVERER["spec"]["template"]
    assert pod["metadata"]["annotations"] == annotations
    assert pod["spec"]["containers"][0]["ports"] == [{"name": "metrics", "containerPort": METRICS_PORT}]
    assert DELIVERERS_NETWORK["spec"]["ingress"][0]["ports"] == [{"protocol": "TCP", "port": METRICS_PORT}]
    assert settings["GOATFISH_METRICS_PORT"] == str(METRICS_PORT)
    published = [port for service in COMPOSE["services"].values() for port in service.get("ports", ())]
    assert all(port.startswith("127.0.0.1:") and str(METRICS_PORT) not in port for port in published)
    assert "GOATFISH_METRICS_HOST" not in UNIT


def test_the_deliverer_has_no_credentials_of_operators() -> None:
    deliver = COMPOSE["services"]["deliver"]
    assert set(deliver["secrets"]) == {"database_url", "secret_key"}
    assert deliver["environment"]["GOATFISH_OPERATOR_DATABASE_URL_FILE"] == ""
    pod = PODS["deliverer"]
    (container,) = pod["containers"]
    assert {each["key"] for each in pod["volumes"][0]["secret"]["items"]} == set(deliver["secrets"])
    assert container["env"] == [{"name": "GOATFISH_OPERATOR_DATABASE_URL_FILE", "value": ""}]
    labels = DELIVERER["spec"]["template"]["metadata"]["labels"]
    assert DELIVERER["spec"]["selector"] == DELIVERERS_NETWORK["spec"]["podSelector"] == {"matchLabels": labels}


def test_the_systemd_unit_reads_the_credentials_that_it_loads() -> None:
    loaded = re.findall(r"^LoadCredential=(\w+):/etc/goatfish/\1$", UNIT, re.MULTILINE)
    assert re.findall(r"^Environment=GOATFISH_\w+_FILE=%d/(\w+)$", UNIT, re.MULTILINE) == loaded


def test_systemd_finds_the_unit_valid_and_confined(tmp_path: Path) -> None:
    assert {"DynamicUser=yes", "ProtectSystem=strict", "NoNewPrivileges=yes"} <= set(UNIT.splitlines())
    if analyze := shutil.which("systemd-analyze"):
        unit = tmp_path / "goatfish.service"
        unit.write_text(UNIT.replace("/opt/goatfish/bin/goatfish", sys.executable))
        for command in (["verify"], ["security", "--offline=true", f"--threshold={EXPOSURE_MAX}"]):
            done = subprocess.run([analyze, *command, unit], capture_output=True, text=True, timeout=60, check=False)
            assert done.returncode == 0, done.stdout + done.stderr


def seconds(text: str, pattern: str) -> float:
    """The number of seconds that a pattern finds."""
    return float(re.findall(pattern, text)[0])


@pytest.mark.parametrize(
    ("name", "keeps", "waits"),
    [
        ("nginx.conf", r"keepalive_timeout (\d+)s", r"proxy_read_timeout (\d+)s"),
        ("Caddyfile", r"keepalive (\d+)s", r"response_header_timeout (\d+)s"),
    ],
)
def test_proxies_agree_with_the_defaults(name: str, keeps: str, waits: str) -> None:
    text, fields = (DEPLOY / name).read_text(), Settings.model_fields
    assert seconds(text, keeps) < fields["keep_alive"].default
    assert seconds(text, waits) > fields["request_timeout"].default
    assert "127.0.0.1:8000" in text
    assert re.search(r"X-Forwarded-For (\$remote_addr|\{remote_host\})", text)


def test_haproxy_leaves_a_replica_before_it_stops() -> None:
    text = (DEPLOY / "haproxy.cfg").read_text()
    every, times = seconds(text, r"inter (\d+)s"), seconds(text, r"fall (\d+)")
    assert every * times < Settings.model_fields["drain_time"].default
    assert seconds(text, r"timeout server (\d+)s") > Settings.model_fields["request_timeout"].default
    assert re.findall(r"httpchk GET (\S+)", text) == ["/readyz"]
    assert "/readyz" in PATHS


def test_the_service_is_given_the_time_that_it_may_take_to_stop() -> None:
    readiness = PODS["Deployment"]["containers"][0]["readinessProbe"]
    drains = Settings.model_fields["drain_time"].default
    assert readiness["periodSeconds"] * readiness["failureThreshold"] < drains
    for given in (
        PODS["Deployment"]["terminationGracePeriodSeconds"],
        seconds(COMPOSE["services"]["goatfish"]["stop_grace_period"], r"^(\d+)s$"),
        seconds(UNIT, r"TimeoutStopSec=(\d+)"),
    ):
        assert given > drains + STOP_TIME + MARGIN


def test_nginx_accepts_its_example(tmp_path: Path) -> None:
    text = (DEPLOY / "nginx.conf").read_text()
    assert text.count("{") == text.count("}")
    if nginx := shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin"):
        tls = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=sim.example.com"]
        certificate, key = tmp_path / "certificate", tmp_path / "key"
        subprocess.run([*tls, "-out", certificate, "-keyout", key], capture_output=True, timeout=60, check=True)
        text = text.replace("/etc/ssl/sim.example.com.crt", str(certificate))
        text = text.replace("/etc/ssl/sim.example.com.key", str(key))
        text = re.sub(r"listen (\d+)", rf"listen unix:{tmp_path}/\1", text)
        temporary = "".join(
            f"{each}_temp_path {tmp_path}/{each};" for each in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        main = tmp_path / "nginx.conf"
        main.write_text(f"pid {tmp_path}/pid; events {{}} http {{ access_log off; {temporary} {text} }}")
        done = subprocess.run(
            [nginx, "-t", "-e", "stderr", "-p", tmp_path, "-c", main],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_a_leader_of_the_cluster_resigns_before_its_lease_ends() -> None:
    """The first is Patroni's own rule; the others keep the answers of a lost leader from being the last."""
    cluster = yaml.safe_load((DEPLOY / "patroni/patroni.yml").read_text())["bootstrap"]["dcs"]
    assert cluster["loop_wait"] + 2 * cluster["retry_timeout"] <= cluster["ttl"]
    assert (cluster["synchronous_mode"], cluster["synchronous_mode_strict"]) == ("quorum", True)
    for name in ("wal_sender_timeout", "wal_receiver_timeout"):
        assert int(cluster["postgresql"]["parameters"][name].removesuffix("s")) < cluster["ttl"]


def test_pgbouncer_asks_haproxy_and_haproxy_asks_every_member() -> None:
    parser, proxy = configparser.ConfigParser(), (DEPLOY / "patroni/haproxy.cfg").read_text()
    parser.read(DEPLOY / "patroni/pgbouncer.ini")
    assert parser["pgbouncer"]["pool_mode"] == "transaction"
    (port,) = re.findall(r"^ +bind :(\d+)$", proxy, re.MULTILINE)
    assert parser["databases"]["goatfish"] == f"host=haproxy port={port}"
    member = (DEPLOY / "patroni/member.env").read_text()
    (name, database), (_, rest) = (
        re.findall(rf"^PATRONI_{part}_CONNECT_ADDRESS=(\w+):(\d+)$", member, re.MULTILINE)[0]
        for part in ("POSTGRESQL", "RESTAPI")
    )
    assert f" check port {rest}\n" in proxy
    assert re.findall(r"^ +server (\w+) (\w+:\d+)$", proxy, re.MULTILINE) == [
        (each, f"{each}:{database}") for each in (name, "db2", "db3")
    ]

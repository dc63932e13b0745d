"""
The container, Compose, Kubernetes and Grafana's provisioning, as far as files alone can be judged.

No image is built here: no Docker daemon runs where these tests do.
"""

import fnmatch
import json
import re
import shlex
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from router.settings import read_settings
from tests.deploy_kit import DEPLOY, checked, load
from tests.processes import ROOT

COMPOSE = DEPLOY / "compose.yaml"
LINES = (DEPLOY / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
STEPS = [line.split(maxsplit=1) for line in LINES if line and not line.startswith(("#", " "))]
LAST = STEPS[max(number for number, step in enumerate(STEPS) if step[0] == "FROM") :]

KUBERNETES = ("1.30", "1.37")
"""An old one that clouds still run, and a new one."""


def steps(word: str, among: list[list[str]] = STEPS) -> list[str]:
    """What stands behind an instruction of the Dockerfile, each time."""
    return [rest for name, rest in among if name == word]


def variables() -> dict[str, str]:
    """The image's own environment."""
    (text,) = steps("ENV", LAST)
    return dict(part.split("=", 1) for part in shlex.split(text))


def is_sent(path: str) -> bool:
    """Whether a file goes to the builder: the last line of .dockerignore that fits it decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.strip()
        if pattern and not pattern.startswith("#"):
            bare = pattern.removeprefix("!").removeprefix("**/")
            parts = PurePosixPath(path).parts
            names = (path, *parts, *("/".join(parts[:n]) for n in range(1, len(parts))))
            if any(fnmatch.fnmatchcase(name, bare) for name in names):
                sent = pattern.startswith("!")
    return sent


def test_the_image_is_small_and_nobody_s() -> None:
    """Built in another stage, run by a number that is not root, and without an installer."""
    assert steps("FROM") == ["python:3.11-slim AS build", "python:3.11-slim"]
    (user,) = steps("USER", LAST)
    assert re.fullmatch(r"([1-9]\d{3,}):\1", user)
    assert steps("RUN", LAST) == []
    assert "venv --without-pip" in steps("RUN")[0]


def test_what_is_installed_is_checked_by_its_hash() -> None:
    """From the lock file; the project itself asks nobody for anything."""
    locked, own = (run for run in steps("RUN") if "install" in run)

    assert "--require-hashes --requirement requirements-image.lock" in locked
    assert "--no-index --no-deps --no-build-isolation ." in own
    assert "hatchling==" in (ROOT / "requirements-image.lock").read_text("utf-8")


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-image.lock", "requirements-dev.lock"]
)
def test_all_that_is_needed_is_locked(name: str) -> None:
    """Else the image is built well and does not start: the project itself brings nothing along."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = list(project["dependencies"])
    extras = project["optional-dependencies"]
    if "image" in name:
        needed += extras["parquet"]
    if "dev" in name:
        needed += [one for extra in extras.values() for one in extra]
    names = {re.split(r"[^\w-]", one.lower(), maxsplit=1)[0] for one in needed} - {"farebox"}
    locked = re.findall(r"^([\w.-]+)==", (ROOT / name).read_text("utf-8"), re.MULTILINE)

    assert names - set(locked) == set()


def test_the_image_has_the_versions_that_are_tried() -> None:
    """Each package that is in it is the same here, by the lock file that the tests run with."""
    image, here = (
        dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text("utf-8"), re.MULTILINE))
        for name in ("requirements-image.lock", "requirements-dev.lock")
    )

    assert {name: here.get(name) for name in image} == image


def test_what_is_copied_is_sent_and_nothing_else_is() -> None:
    """No ledger, key, test or history leaves the folder."""
    copied = [
        source
        for text in steps("COPY")
        if not text.startswith("--from")
        for source in text.split()[:-1]
    ]

    assert copied
    for source in copied:
        assert (ROOT / source).exists(), source
        assert is_sent(source), source
    assert is_sent("router/model/money.py")
    assert is_sent("policies/prices.yaml")
    for path in (
        *("farebox.db", "router/farebox.db-wal", "router/model/__pycache__/a.pyc"),
        *("deploy/secrets/farebox_admin_key", ".git/config", "tests/conftest.py", ".env"),
    ):
        assert not is_sent(path), path


def test_the_image_starts_farebox_with_its_ledger_in_the_volume() -> None:
    """By settings that Farebox itself reads so."""
    (entry,), (arguments,) = steps("ENTRYPOINT", LAST), steps("CMD", LAST)
    settings = read_settings(variables())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    assert json.loads(entry) == ["farebox"]
    assert "farebox" in project["scripts"]
    assert json.loads(arguments) == ["serve"]
    assert settings.database_path == Path("/data/farebox.db")
    assert (settings.host, settings.port, settings.log) == ("0.0.0.0", 8080, "json")
    assert steps("EXPOSE", LAST) == [str(settings.port)]
    assert steps("VOLUME", LAST) == [str(settings.database_path.parent)]


COMPOSE_SCHEMA = ("--builtin-schema", "vendor.compose-spec")


def test_compose_keeps_to_its_specification(tmp_path: Path) -> None:
    """By its own schema, which finds what is misspelt."""
    wrong = load(COMPOSE)
    wrong["services"]["farebox"]["depend_on"] = ["prometheus"]
    misspelt = tmp_path / "compose.yaml"
    misspelt.write_text(yaml.safe_dump(wrong), "utf-8")

    code, said = checked("check_jsonschema", *COMPOSE_SCHEMA, COMPOSE)
    assert code == 0, said
    code, said = checked("check_jsonschema", *COMPOSE_SCHEMA, misspelt)
    assert (code, "depend_on" in said) == (1, True)


def test_every_service_is_shut() -> None:
    """Nothing to write to but volumes, no capability, and no door but to this machine."""
    services = load(COMPOSE)["services"]

    assert sorted(services) == ["alertmanager", "farebox", "grafana", "prometheus"]
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        for port in service["ports"]:
            assert port.startswith("127.0.0.1:")
        for mount in service["volumes"]:
            assert mount.endswith(":ro") or mount.split(":")[0] in load(COMPOSE)["volumes"]


def test_what_is_mounted_is_there() -> None:
    """Files, volumes, secrets, the builder's folder; images have a version."""
    compose = load(COMPOSE)

    for name, service in compose["services"].items():
        for mount in service["volumes"]:
            source = mount.split(":")[0]
            assert source in compose["volumes"] or (DEPLOY / source).exists(), mount
        assert set(service.get("secrets", [])) <= set(compose["secrets"])
        assert set(service.get("depends_on", [])) <= set(compose["services"])
        assert "build" in service or re.search(r":v?\d+\.\d+\.\d+$", service["image"]), name
    build = compose["services"]["farebox"]["build"]
    assert (DEPLOY / build["context"] / build["dockerfile"]).is_file()
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    for secret in compose["secrets"].values():
        assert str(Path("deploy", secret["file"]).parent) + "/" in ignored


def test_no_secret_is_in_the_environment() -> None:
    """It is a file each time; what Farebox reads of it is a variable that it knows."""
    compose = load(COMPOSE)
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            if "KEY" in name or "PASSWORD" in name:
                assert name.endswith("_FILE")
                assert value.removeprefix("/run/secrets/") in service["secrets"]
    scrape = load(DEPLOY / "prometheus" / "prometheus.yaml")["scrape_configs"][0]
    key = scrape["authorization"]["credentials_file"].removeprefix("/run/secrets/")
    assert key in compose["services"]["prometheus"]["secrets"]


def test_services_find_each_other() -> None:
    """By the names and ports that they have."""
    services = load(COMPOSE)["services"]
    ports = {f"{name}:{port}" for name, one in services.items() for port in _inner(one)}
    prometheus = load(DEPLOY / "prometheus" / "prometheus.yaml")
    scraped = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
    alerted = prometheus["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    (source,) = load(DEPLOY / "grafana/provisioning/datasources/prometheus.yaml")["datasources"]

    assert {*scraped, *alerted, source["url"].removeprefix("http://")} <= ports
    assert source["jsonData"]["timeInterval"] == prometheus["global"]["scrape_interval"]


def _inner(service: dict[str, Any]) -> list[str]:
    return [port.rpartition(":")[2] for port in service["ports"]]


def test_paths_in_commands_are_mounted() -> None:
    """What a service is told to read is where a volume puts it."""
    services = load(COMPOSE)["services"]
    for name in ("prometheus", "alertmanager"):
        inside = [mount.split(":")[1] for mount in services[name]["volumes"]]
        for option in services[name]["command"]:
            path = option.partition("=")[2]
            assert not path.startswith("/") or path in inside, option
    (provider,) = load(DEPLOY / "grafana/provisioning/dashboards/farebox.yaml")["providers"]
    mounts = {one.split(":")[1]: one.split(":")[0] for one in services["grafana"]["volumes"]}
    folder = DEPLOY / mounts[provider["options"]["path"]]
    assert sorted(path.name for path in folder.iterdir()) == [
        "farebox-finance.json",
        "farebox-operator.json",
    ]
    policy = services["farebox"]["environment"]["FAREBOX_POLICY"]
    assert (ROOT / "policies" / Path(policy).name).is_file()


@pytest.mark.parametrize("version", KUBERNETES)
def test_kubernetes_takes_the_manifest(version: str, tmp_path: Path) -> None:
    """By its own schemas, strictly: a field that it does not know is a mistake, not a comment."""
    asked = ("--strict", "-k", version)
    path = DEPLOY / "kubernetes.yaml"
    misspelt = tmp_path / "kubernetes.yaml"
    misspelt.write_text(path.read_text("utf-8").replace("failureThreshold", "failuresMax"), "utf-8")

    code, said = checked("kubernetes_validate", *asked, path)
    assert (code, said.count("passed for resource")) == (0, 2), said
    code, said = checked("kubernetes_validate", *asked, misspelt)
    assert (code, "failuresMax" in said) == (1, True)


def test_a_start_that_adds_up_the_ledger_is_waited_for() -> None:
    """For a quarter of an hour; and what answers is in service at once."""
    _, stateful = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8"))
    (container,) = stateful["spec"]["template"]["spec"]["containers"]
    probe = container["startupProbe"]
    (check,) = steps("HEALTHCHECK", LAST)

    assert probe["periodSeconds"] * probe["failureThreshold"] >= 900
    assert "--start-period=15m" in check
    assert "healthcheck" not in load(COMPOSE)["services"]["farebox"]


def test_kubernetes_runs_one_writer_as_the_same_nobody() -> None:
    """On a volume of its own, with the probes that there are, and all that is mounted declared."""
    service, stateful = yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text("utf-8"))
    pod = stateful["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (user,) = steps("USER", LAST)

    assert stateful["spec"]["replicas"] == 1
    assert f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}" == user
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    claims = [one["metadata"]["name"] for one in stateful["spec"]["volumeClaimTemplates"]]
    volumes = {one["name"] for one in pod["volumes"]}
    mounts = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
    assert set(mounts) == volumes | set(claims)
    assert [mounts[name] for name in claims] == steps("VOLUME", LAST)
    assert service["spec"]["selector"] == stateful["spec"]["template"]["metadata"]["labels"]
    probes = {container[f"{name}Probe"]["httpGet"]["path"] for name in ("liveness", "readiness")}
    assert probes == {"/livez", "/readyz"}
    settings = {one["name"] for one in container["env"]}
    assert all(name.endswith("_FILE") for name in settings if "KEY" in name)

"""The files that operators copy: every setting, option and command in them exists."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from searchsvc.cli.main import app
from searchsvc.configuration.file import ConfigurationFile
from searchsvc.configuration.sources import is_secret
from searchsvc.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "operations"
GUIDE = (ROOT / "docs" / "operations.md").read_text()
FILES = ("searchsvc.service", "searchsvc.toml", "compose.yaml", "kubernetes.yaml", "nginx.conf")
VARIABLES = {
    "SEARCHSVC_CONFIG",
    *(f"SEARCHSVC_{name.upper()}" for name in Settings.model_fields),
    *(
        f"SEARCHSVC_{name.upper()}_FILE"
        for name, it in Settings.model_fields.items()
        if is_secret(it)
    ),
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCHSVC_CONFIG", "")


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((FOLDER / name).read_text()))


def parses(words: list[str]) -> None:
    """Fail unless the command line understands `words`; nothing is run."""
    command: Any = typer.main.get_command(app)
    words = [word for word in words if word != "..."]
    while words[:1] == ["--config"]:
        words = words[2:]
    context = command.make_context("searchsvc", [*words, "--help"][:1], resilient_parsing=True)
    while hasattr(command, "commands"):
        assert words, "a command is missing"
        name, *words = words
        assert name in command.commands, f"there is no command {name}"
        command = command.commands[name]
    command.make_context(command.name, words, parent=context)


def _is_runuser(words: list[str]) -> int:
    """The place of the command in a line that runs it as somebody."""
    return words.index("--") if words[:1] == ["runuser"] else 0


def _commands_in(text: str) -> Iterator[list[str]]:
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["searchsvc"]:
                yield words[1:]
            elif any(word.endswith("/bin/searchsvc") for word in words):
                names = [word.rpartition("/bin/")[2] for word in words]
                yield words[names.index("searchsvc", _is_runuser(words)) + 1 :]
            elif words[:2] == ["docker", "run"] and "searchsvc" in words:
                yield words[words.index("searchsvc") + 1 :]
    for span in re.findall(r"`searchsvc ([^`]+)`", text):
        if "COMMAND" not in span:
            yield shlex.split(span)


def test_every_command_of_the_guide_is_understood() -> None:
    found = list(_commands_in(GUIDE))
    assert len(found) > 12
    for words in found:
        parses(words)


def test_the_steps_of_an_installation_are_those_of_the_unit_and_its_configuration() -> None:
    program = "/opt/searchsvc/bin/searchsvc"
    unit = (FOLDER / "searchsvc.service").read_text()
    assert f"ExecStart={program} " in unit
    settings = tomllib.loads((FOLDER / "searchsvc.toml").read_text())
    assert f"SEARCHSVC_MODELS_DIR={settings['models_dir']} {program} model install\n" in GUIDE
    assert f"useradd --system --home-dir {settings['data_dir']} " in GUIDE
    (user,) = re.findall(r"^User=(.+)$", unit, re.MULTILINE)
    (cache,) = re.findall(r"^Environment=(XDG_CACHE_HOME=.+)$", unit, re.MULTILINE)
    (config,) = re.findall(r"^ExecStart=\S+ --config (\S+)", unit, re.MULTILINE)
    assert f"runuser -u {user} -- env {cache} {program} --config {config} keys create " in GUIDE
    for lock in re.findall(r"requirements/\S+\.lock", GUIDE):
        assert (ROOT / lock).is_file()
    (key,) = re.findall(r"^LoadCredential=admin_key:(.+)$", unit, re.MULTILINE)
    assert f"openssl rand -hex 32 > {key}\n" in GUIDE


@pytest.mark.parametrize("name", [*FILES, "../operations.md"])
def test_every_variable_is_a_setting(name: str) -> None:
    text = (FOLDER / name).read_text()
    assert set(re.findall(r"SEARCHSVC_[A-Z_]+[A-Z]", text)) <= VARIABLES


def _check(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the program check a configuration file, with secrets where it looks for them."""
    for name, field in Settings.model_fields.items():
        monkeypatch.delenv(f"SEARCHSVC_{name.upper()}", raising=False)
        if is_secret(field):
            (tmp_path / name).write_text("a secret of more than thirty-two letters")
    file = tmp_path / "searchsvc.toml"
    file.write_text(text.replace('"/secrets/', f'"{tmp_path}/'))
    done = CliRunner().invoke(app, ["--config", str(file), "config", "check"])
    assert done.exit_code == 0, done.output


def test_the_configuration_file_is_valid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (FOLDER / "searchsvc.toml").read_text()
    _check(text, tmp_path, monkeypatch)
    assert ConfigurationFile.read(tmp_path / "searchsvc.toml").serve


def test_the_unit_starts_the_service_and_keeps_its_secret_out_of_the_environment() -> None:
    unit = (FOLDER / "searchsvc.service").read_text()
    (start,) = re.findall(r"^ExecStart=\S+/searchsvc (.*)$", unit, re.MULTILINE)
    parses(shlex.split(start))
    assert "SEARCHSVC_ADMIN_KEY=" not in unit
    data_dir = tomllib.loads((FOLDER / "searchsvc.toml").read_text())["data_dir"]
    (state,) = re.findall(r"^StateDirectory=(\S+)$", unit, re.MULTILINE)
    assert data_dir == f"/var/lib/{state}"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = (FOLDER / "searchsvc.service").read_text()
    local = tmp_path / "searchsvc.service"
    local.write_text(unit.replace("/opt/searchsvc/bin/searchsvc", "/bin/true"))
    done = subprocess.run(
        [str(shutil.which("systemd-analyze")), "verify", local],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not [line for line in done.stderr.splitlines() if "searchsvc.service" in line]


def test_compose_runs_what_exists_without_rights_that_it_does_not_need() -> None:
    (content,) = documents("compose.yaml")
    for name, service in content["services"].items():
        parses(service["command"])
        assert service["read_only"], name
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        mounted = {mount.split(":")[1] for mount in service["volumes"]}
        assert mounted <= {"/data", "/backups"}
        assert not {"ADMIN_KEY", "SEARCHSVC_ADMIN_KEY"} & service.get("environment", {}).keys()


def _environments() -> Iterator[dict[str, str]]:
    """The variables that the manifests set to a value of their own, of each process."""
    for service in documents("compose.yaml")[0]["services"].values():
        yield service.get("environment", {})
    for pod in _pods():
        for container in pod["containers"]:
            yield {it["name"]: it["value"] for it in container.get("env", []) if "value" in it}
    unit = (FOLDER / "searchsvc.service").read_text()
    set_there = shlex.split(" ".join(re.findall(r"^Environment=(.*)$", unit, re.MULTILINE)))
    yield dict(text.split("=", 1) for text in set_there)


def test_every_value_that_a_manifest_sets_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("a secret of more than thirty-two letters")
    found = list(_environments())
    assert len([name for one in found for name in one if name.startswith("SEARCHSVC_")]) > 4
    for variables in found:
        with monkeypatch.context() as patch:
            for name in VARIABLES:
                patch.delenv(name, raising=False)
            for name, value in variables.items():
                assert isinstance(value, str), f"{name}: {value!r} is no text"
                patch.setenv(name, str(secret) if name.endswith("_FILE") else value)
            patch.setenv("SEARCHSVC_CONFIG", "")  # the files that they name have their own tests
            done = CliRunner().invoke(app, ["config", "check"])
            assert done.exit_code == 0, done.output


def _pods() -> Iterator[dict[str, Any]]:
    for document in documents("kubernetes.yaml"):
        spec = document.get("spec", {})
        if document["kind"] == "Deployment":
            yield spec["template"]["spec"]
        elif document["kind"] == "CronJob":
            yield spec["jobTemplate"]["spec"]["template"]["spec"]


def test_pods_run_what_exists_under_the_restricted_standard() -> None:
    pods = list(_pods())
    assert len(pods) == 2
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        volumes = {volume["name"] for volume in pod["volumes"]}
        (container,) = pod["containers"]
        parses(container["args"])
        context = container["securityContext"]
        assert context["readOnlyRootFilesystem"]
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert not context["allowPrivilegeEscalation"]
        assert {mount["name"] for mount in container["volumeMounts"]} == volumes
        assert container["resources"]["limits"]["memory"]


def test_the_configuration_in_kubernetes_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (config,) = [it for it in documents("kubernetes.yaml") if it["kind"] == "ConfigMap"]
    text = config["data"]["searchsvc.toml"]
    _check(text.replace("state_url_file", "# state_url_file"), tmp_path, monkeypatch)


def test_selectors_select_the_readers_and_probes_ask_routes_that_exist() -> None:
    found = {(it["kind"], it["metadata"]["name"]): it for it in documents("kubernetes.yaml")}
    readers = found["Deployment", "readers"]["spec"]
    labels = readers["template"]["metadata"]["labels"]
    assert found["Service", "searchsvc"]["spec"]["selector"] == labels
    assert found["PodDisruptionBudget", "readers"]["spec"]["selector"]["matchLabels"] == labels
    assert found["NetworkPolicy", "readers"]["spec"]["podSelector"]["matchLabels"] == labels
    (container,) = readers["template"]["spec"]["containers"]
    paths = {
        container[probe]["httpGet"]["path"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert paths == {"/healthz", "/readyz"}
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_the_proxy_takes_no_less_than_the_service() -> None:
    text = (FOLDER / "nginx.conf").read_text()
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", text)
    assert int(megabytes) * 1024 >= Settings.model_fields["max_changes_kib"].default
    (buffers, kib) = re.findall(r"large_client_header_buffers (\d+) (\d+)k;", text)[0]
    assert int(kib) >= Settings.model_fields["max_header_kib"].default
    assert int(buffers) > 1
    assert text.count("{") == text.count("}")


def test_every_file_of_the_folder_is_named_in_the_guide() -> None:
    for path in FOLDER.iterdir():
        assert path.name in GUIDE or path.name == "grafana.json", path.name

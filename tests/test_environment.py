"""`pyproject.toml`, `requirements.lock` and `environment.yml` name packages and must say the same."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
CONDA: dict[str, Any] = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))

RUNTIME = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
DEVELOPMENT = [Requirement(text) for text in PROJECT["dependency-groups"]["dev"]]
BUILD = [Requirement(text) for text in PROJECT["build-system"]["requires"]]
PRESCRIBED = ("pandas", "jupyterlab", "plotly", "duckdb", "scikit-learn")
PYTHONS = ("3.11.2", "3.11.14", "3.12.1", "3.13.0", "3.14.0")
SYSTEMS = {
    "linux": {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"},
    "darwin": {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin"},
    "win32": {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows"},
}


def blocks() -> Iterator[tuple[Requirement, list[str]]]:
    """Each locked requirement with its hash lines."""
    for block in re.split(r"\n(?=\S)", LOCK.strip()):
        first, *rest = (line.rstrip("\\").strip() for line in block.splitlines())
        yield Requirement(first), rest


def locked_for(python: str, system: str) -> dict[str, list[str]]:
    """Name → the versions that the lock installs on one Python and one system."""
    environment = {
        **SYSTEMS[system],
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    versions: dict[str, list[str]] = {}
    for requirement, _ in blocks():
        if requirement.marker is None or requirement.marker.evaluate(environment):
            (pin,) = requirement.specifier
            versions.setdefault(canonicalize_name(requirement.name), []).append(pin.version)
    return versions


def conda_requirements() -> dict[str, SpecifierSet]:
    """Name on the package index → range, of environment.yml's own entries."""
    renamed = {"python-duckdb": "duckdb"}
    ranges: dict[str, SpecifierSet] = {}
    for entry in CONDA["dependencies"]:
        if isinstance(entry, str):
            name, _, specifier = entry.partition(" ")
            ranges[renamed.get(name, name)] = SpecifierSet(specifier)
    return ranges


def test_the_lock_names_no_host() -> None:
    assert "://" not in LOCK


def test_every_locked_requirement_is_pinned_and_hashed() -> None:
    for requirement, hashes in blocks():
        assert [pin.operator for pin in requirement.specifier] == ["=="], requirement
        assert hashes, f"{requirement} has no hash"
        for line in hashes:
            assert re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line), f"{requirement}: {line}"


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_what_the_project_asks_for_is_locked_once_and_in_range(python: str, system: str) -> None:
    locked = locked_for(python, system)
    for requirement in RUNTIME + DEVELOPMENT + BUILD:
        versions = locked.get(canonicalize_name(requirement.name), [])
        assert len(versions) == 1, f"{requirement} is locked as {versions}"
        assert requirement.specifier.contains(versions[0]), f"{requirement}, locked {versions[0]}"
    assert all(len(versions) == 1 for versions in locked.values()), locked


def test_the_newest_warehouse_engine_is_locked() -> None:
    assert locked_for("3.11.2", "linux")["duckdb"][0].startswith("2.0.")


def test_every_range_has_both_ends() -> None:
    for requirement in RUNTIME:
        assert {pin.operator for pin in requirement.specifier} >= {">=", "<"}, requirement


def test_conda_users_get_the_same_ranges() -> None:
    conda, wanted = conda_requirements(), {requirement.name: requirement.specifier for requirement in RUNTIME}
    assert set(conda) - {"python", "pip"} == set(PRESCRIBED)
    for name in PRESCRIBED:
        assert conda[name] == wanted[name], name
        assert conda[name].contains(locked_for("3.12.1", "linux")[name][0]), name
    assert conda["python"] == SpecifierSet(PROJECT["project"]["requires-python"])


def test_conda_users_get_the_command() -> None:
    assert CONDA["channels"] == ["conda-forge"]
    assert {"pip": ["-e ."]} in CONDA["dependencies"]
    assert "pip" in CONDA["dependencies"], "conda wants pip named where a pip section is used"
    assert PROJECT["project"]["scripts"] == {"analysis": "analysis.cli:main"}

"""`start.py` on a small project of its own: real virtual environments, a package index on disk, no network.

The index holds two small wheels in the place of big ones: `uv`, which hands on to the real uv of this
environment, and `pytest`, which says how it was called.
"""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
REAL_UV = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
SAYS_ITS_CALL = "import json, os, sys\nprint(json.dumps([sys.argv[1:], os.getcwd()]))\n"

CLI = """
import json, os, sys

def main():
    print(json.dumps([sys.argv[1:], os.getcwd()]))
    sys.exit(int(sys.argv[-1]) if sys.argv[-1].isdigit() else 0)
"""
UV = f"""
import os, sys

if "UV_IS_BROKEN" in os.environ:
    sys.exit("broken")
os.execv({REAL_UV!r}, [{REAL_UV!r}, *sys.argv[1:]])
"""
BACKEND = """
import os, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "analysis-0-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.writestr("analysis.pth", os.path.abspath("src"))
        info = "analysis-0.dist-info/"
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: analysis\\nVersion: 0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "entry_points.txt", "[console_scripts]\\nanalysis = analysis.cli:main\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "analysis"
version = "0"
"""


class Ended(NamedTuple):
    code: int
    out: str
    told: str
    seconds: float = 0.0


class Tree(NamedTuple):
    """A project folder and the environment in which its `start.py` finds the index on disk."""

    home: Path
    environment: dict[str, str]

    @property
    def stamp(self) -> Path:
        return self.home / ".venv" / "set-up-complete"

    def copy(self, home: Path) -> "Tree":
        shutil.copytree(self.home, home, ignore=shutil.ignore_patterns(".venv"))
        return Tree(home, self.environment)

    def begin(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(self.home / "start.py"), *arguments],
            env=self.environment | environment,
            cwd=self.home.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )

    def start(self, *arguments: str, **environment: str) -> Ended:
        began = time.perf_counter()
        result = ended(self.begin(*arguments, **environment))
        return result._replace(seconds=time.perf_counter() - began)

    def installer(self) -> str:
        (file,) = self.home.glob(".venv/**/analysis-0.dist-info/INSTALLER")
        return file.read_text().strip()


def ended(process: subprocess.Popen[str]) -> Ended:
    out, told = process.communicate(timeout=120)
    return Ended(process.returncode, out, told)


def add_wheel(index: Path, name: str, code: str) -> str:
    """Puts a wheel with one module to run into the index; its lines for the lock."""
    folder = index / name
    folder.mkdir(parents=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}/__main__.py", code)
        info = f"{name}-1.0.dist-info/"
        wheel.writestr(info + "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(info + "RECORD", "")
    (folder / "index.html").write_text(f'<a href="{path.name}">{path.name}</a>')
    return f"{name}==1.0 \\\n    --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A project that was never started, in a folder whose name has a space and Chinese in it."""
    base = tmp_path_factory.mktemp("start")
    home, index = base / "my 店铺", base / "index"
    (home / "src" / "analysis").mkdir(parents=True)
    (home / "src" / "analysis" / "cli.py").write_text(CLI)
    (home / "benchmarks").mkdir()
    (home / "benchmarks" / "__main__.py").write_text(SAYS_ITS_CALL)
    (home / "backend.py").write_text(BACKEND)
    (home / "pyproject.toml").write_text(PYPROJECT)
    (home / "requirements.lock").write_text(
        add_wheel(index, "pytest", SAYS_ITS_CALL) + add_wheel(index, "uv", UV) + "no==1 ; os_name == 'no'\n"
    )
    shutil.copy(ROOT / "start.py", home)
    own = ("PIP_", "UV_", "PYTHON", "VIRTUAL_ENV")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    environment |= {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": index.as_uri(),
        "PIP_NO_CACHE_DIR": "1",
        "PIP_RETRIES": "0",
        "UV_CACHE_DIR": str(base / "cache"),
        "UV_NO_CONFIG": "1",
        "PYTHONUTF8": "1",
    }
    return Tree(home, environment)


@pytest.fixture(scope="module")
def altered(tree: Tree, tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """A copy whose lock names another uv than the index holds."""
    copy = tree.copy(tmp_path_factory.mktemp("altered") / "project")
    lock = copy.home / "requirements.lock"
    before, uv, after = lock.read_text().partition("uv==1.0 \\\n    --hash=sha256:")
    lock.write_text(before + uv + "0" * 64 + after[64:])
    return copy


@pytest.fixture(scope="module")
def failures(tree: Tree, altered: Tree) -> tuple[Ended, Ended]:
    """Two first starts, at once to save time: without an index, and with the wrong package in it."""
    unreachable = tree.begin("report", PIP_INDEX_URL="http://127.0.0.1:9/simple")
    wrong = altered.begin("report")
    return ended(unreachable), ended(wrong)


@pytest.fixture(scope="module")
def first(tree: Tree, failures: tuple[Ended, Ended]) -> Ended:
    """The first start that could succeed, after the one that could not."""
    return tree.start("report", "--data", "d", "7")


def old_pythons() -> Iterator[str]:
    """An interpreter for each Python 3 before 3.11 that this machine has."""
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    for minor in range(6, 11):
        places = [str(place) for place in versions.glob(f"3.{minor}.*/bin/python3")]
        for python in [*places, shutil.which(f"python3.{minor}")]:
            if python and not subprocess.run([python, "-c", ""], capture_output=True).returncode:
                yield python
                break


def test_an_old_python_is_told_what_to_do() -> None:
    found = list(old_pythons())
    if not found:
        pytest.skip("no Python between 3.6 and 3.10 on this machine")
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    for python in found:
        command = [python, str(ROOT / "start.py"), "report"]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", env=environment)
        assert done.returncode == 2, done.stderr
        assert "需要 Python 3.11" in done.stderr and "Python 3.11 or newer is needed" in done.stderr
        assert "Traceback" not in done.stderr and "SyntaxError" not in done.stderr
        assert done.stdout == ""


@pytest.mark.parametrize("module", ["ensurepip", "venv"])
def test_a_python_without_venv_is_told_the_package(tree: Tree, tmp_path: Path, module: str) -> None:
    (tmp_path / f"{module}.py").write_text("raise ImportError")
    start = tree.copy(tmp_path / "project").start("report", PYTHONPATH=str(tmp_path))
    assert start.code == 2
    assert "sudo apt install python3-venv" in start.told
    assert f"python3.{sys.version_info[1]}-venv" in start.told
    assert "缺少 venv" in start.told and "Traceback" not in start.told
    assert start.out == ""


def test_without_network_the_message_says_what_to_do(failures: tuple[Ended, Ended]) -> None:
    start, _ = failures
    assert start.code == 2
    assert "无法连接软件包索引" in start.told and "needs the network once" in start.told
    assert "Traceback" not in start.told
    assert start.out == ""


def test_a_package_that_does_not_match_its_hash_is_refused(altered: Tree, failures: tuple[Ended, Ended]) -> None:
    _, start = failures
    assert start.code == 2
    assert "校验值不符" in start.told and "so it was refused" in start.told
    assert not altered.stamp.exists()


def test_a_failed_set_up_is_made_good_by_the_next_start(tree: Tree, first: Ended) -> None:
    assert first.code == 7, first.told
    assert tree.stamp.exists()
    assert tree.installer() == "uv"


def test_standard_output_belongs_to_the_verb(tree: Tree, first: Ended) -> None:
    assert json.loads(first.out) == [["report", "--data", "d", "7"], str(tree.home.parent)]
    assert "Installed" in first.told


def test_the_second_start_sets_nothing_up(tree: Tree, first: Ended) -> None:
    before = tree.stamp.stat().st_mtime_ns
    second = tree.start("report", "0")
    assert (second.code, second.told) == (0, "")
    assert tree.stamp.stat().st_mtime_ns == before
    assert second.seconds < first.seconds / 4


def test_without_arguments_the_help_is_shown(tree: Tree, first: Ended) -> None:
    assert json.loads(tree.start().out)[0] == ["--help"]


@pytest.mark.parametrize("verb", ["test", "bench"])
def test_tests_and_benchmarks_run_in_the_project_folder(tree: Tree, first: Ended, verb: str) -> None:
    start = tree.start(verb, "-k", "a or b")
    assert json.loads(start.out) == [["-k", "a or b"], str(tree.home)], start.told


@pytest.mark.skipif(os.name == "nt", reason="a process group is killed the POSIX way")
def test_a_killed_set_up_is_repaired_by_one_of_two_starts_at_once(tree: Tree, first: Ended) -> None:
    """Also: a changed project file is noticed, and pip takes over where uv does not run."""
    with (tree.home / "pyproject.toml").open("a") as file:
        file.write("# changed\n")
    killed = tree.begin("report")
    while tree.stamp.exists() or not (tree.home / ".venv" / "pyvenv.cfg").exists():
        assert killed.poll() is None, "set-up ended before it could be killed"
        time.sleep(0.01)
    os.killpg(killed.pid, signal.SIGKILL)
    ended(killed)

    both = [tree.begin("report", "5", UV_IS_BROKEN="1") for _ in range(2)]
    starts = [ended(process) for process in both]
    assert [start.code for start in starts] == [5, 5], starts
    assert sum("making .venv" in start.told for start in starts) == 1
    assert sum("waiting for it" in start.told for start in starts) == 1
    assert all(json.loads(start.out)[0] == ["report", "5"] for start in starts)
    assert tree.installer() == "pip"

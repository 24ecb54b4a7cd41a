"""Sets everything up where needed, then hands on: `python3 start.py <anything>` is `analysis <anything>`.

    python3 start.py report --sample      the report on the made-up shops
    python3 start.py test [pytest's own]  the tests
    python3 start.py bench [...]          the benchmarks
    python3 start.py                      what else there is

Only the standard library is used, and the exit code is the verb's own. Set-up makes `.venv` beside this file
from `requirements.lock`; nothing outside this folder is changed but the package caches. It runs again by
itself when the lock, `pyproject.toml`, the Python version or the folder's place has changed, or when it was
cut short.
"""

import sys

if sys.version_info < (3, 11):  # above this line only what Python 3.6 can run, below only what it can parse
    sys.stderr.write(
        f"需要 Python 3.11 或更新版本，当前是 {sys.version.split()[0]}。请安装新版 Python，再用它运行，"
        "例如：python3.11 start.py\n"
        f"Python 3.11 or newer is needed, this is {sys.version.split()[0]}. Install a newer one and start "
        "with it, for example: python3.11 start.py\n"
    )
    sys.exit(2)

# What only set-up needs is imported there: a second start costs little more than Python itself.
import os
from hashlib import sha256
from typing import IO, NoReturn

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
WINDOWS = os.name == "nt"
HOME = os.path.dirname(os.path.realpath(__file__))
VENV = os.path.join(HOME, ".venv")
BIN = os.path.join(VENV, "Scripts" if WINDOWS else "bin")
PYTHON = os.path.join(BIN, "python.exe" if WINDOWS else "python")
ANALYSIS = os.path.join(BIN, "analysis.exe" if WINDOWS else "analysis")
LOCK = os.path.join(HOME, "requirements.lock")
STAMP = os.path.join(VENV, "set-up-complete")

SET_UP_FAILED = 2
UNREACHABLE = (
    "Connection",
    "timed out",
    "Temporary failure in name resolution",
    "Name or service not known",
    "getaddrinfo failed",
    "Max retries exceeded",
    "Failed to fetch",
    "error sending request",
    "ProxyError",
    "(from versions: none)",  # pip, where it is told not to retry
)
# pip's settings are read by pip only; uv gets the same mirror, proxy and certificates under its own names.
UV_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "proxy": "ALL_PROXY",
}


def main(arguments: list[str]) -> NoReturn:
    if not is_set_up():
        set_up()
    if arguments[:1] == ["test"]:
        os.chdir(HOME)
        hand_on([PYTHON, "-m", "pytest", *arguments[1:]])
    if arguments[:1] == ["bench"]:
        os.chdir(HOME)
        hand_on([PYTHON, "-m", "benchmarks", *arguments[1:]])
    hand_on([ANALYSIS, *(arguments or ["--help"])])


def hand_on(command: list[str]) -> NoReturn:
    """Becomes the command; where a process cannot become another one, waits for it and ends as it ended."""
    if not WINDOWS:
        os.execv(command[0], command)
    import subprocess

    sys.exit(subprocess.call(command))


def is_set_up() -> bool:
    """Whether `.venv` was finished for this lock, project file, Python and place."""
    try:
        with open(STAMP) as stamp:
            return stamp.read() == fingerprint() and os.path.exists(PYTHON) and os.path.exists(ANALYSIS)
    except OSError:
        return False


def fingerprint() -> str:
    digest = sha256(f"{VERSION} {HOME}".encode(errors="surrogateescape"))
    for name in ("requirements.lock", "pyproject.toml"):
        with open(os.path.join(HOME, name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def set_up() -> None:
    """Makes `.venv` anew; of two starts at once the second waits, and then has nothing left to do."""
    try:
        with open(os.path.join(HOME, ".venv.lock"), "a") as lock:
            wait_for(lock)
            if is_set_up():
                return
            if os.path.exists(STAMP):
                os.remove(STAMP)  # first: whatever happens from here on, nobody trusts what is left
            make_venv(lock)
            install(lock)
            with open(STAMP + ".new", "w") as stamp:
                stamp.write(fingerprint())
            os.replace(STAMP + ".new", STAMP)
            say("完成。", "Done.")
    except OSError as error:
        fail(
            f"无法完成安装：{error}。请检查磁盘空间和文件夹权限，并关闭正在使用 .venv 的程序，然后重试。",
            f"Set-up failed: {error}. Check disk space and the folder's permissions, close programs that use "
            ".venv, and start again.",
        )


def wait_for(lock: IO[str]) -> None:
    """Takes the lock, which ends with the processes that hold it, however they end."""
    import time

    told = False
    while not taken(lock):
        if not told:
            say("另一个 start.py 正在安装，等待它完成……", "Another start.py is setting up; waiting for it …")
        told = True
        time.sleep(0.2)


def taken(lock: IO[str]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            lock.seek(0)
            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def make_venv(lock: IO[str]) -> None:
    say(
        f"首次运行或环境有变化：正在建立 .venv（Python {VERSION}），需要联网一次，约半分钟……",
        f"First start, or something changed: making .venv (Python {VERSION}). Needs the network once, takes "
        "about half a minute …",
    )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        fail(
            "这个 Python 缺少 venv/ensurepip 模块。Debian/Ubuntu 请运行：sudo apt install python3-venv"
            f"（或 python{VERSION}-venv），然后重试。",
            "This Python lacks its venv/ensurepip modules. On Debian or Ubuntu: sudo apt install python3-venv"
            f" (or python{VERSION}-venv), then start again.",
        )
    code, output = run([sys.executable, "-m", "venv", "--clear", VENV], lock)
    if code:
        fail_with(output)


def install(lock: IO[str]) -> None:
    """Installs what the lock names, each file checked against its hash, then the project itself, editable.

    uv does it where uv runs (pip installs it first, from the same lock, hash-checked too), else pip, slower.
    """
    pip = [PYTHON, "-m", "pip", "install", "--progress-bar", "off", "--no-user", "--no-deps"]
    only_uv = os.path.join(VENV, "uv.lock")
    with open(only_uv, "w") as file:
        file.write(locked("uv"))
    code, output = run([*pip, "--quiet", "--require-hashes", "-r", only_uv], lock)
    if code and (is_unreachable(output) or is_altered(output)):
        fail_with(output)
    if not code:
        # Compiled now, once: else, where Python may not write beside the packages, every start compiles them again.
        uv = [PYTHON, "-m", "uv", "pip", "install", "--python", PYTHON, "--no-deps"]
        code, output = run([*uv, "--compile-bytecode", "--require-hashes", "-r", LOCK], lock, uv_environment())
        code = code or run([*uv, "--no-build-isolation", "-e", HOME], lock, uv_environment())[0]
    if code:
        say("uv 无法使用，改用 pip（较慢）……", "uv cannot be used here, pip takes over (slower) …")
        code, output = run([*pip, "--require-hashes", "-r", LOCK], lock)
        if not code:
            code, output = run([*pip, "--no-build-isolation", "-e", HOME], lock)
        if code:
            fail_with(output)


def locked(name: str) -> str:
    """The lines of one package in the lock, hashes included."""
    lines: list[str] = []
    with open(LOCK) as lock:
        for line in lock:
            if line.startswith(name + "==") or (lines and line.startswith(" ")):
                lines.append(line)
            elif lines:
                break
    return "".join(lines)


def uv_environment() -> dict[str, str]:
    """The user's environment; what it or pip's files say to pip is said to uv too, unless uv has its own."""
    import ast
    import subprocess

    environment = dict(os.environ)
    environment.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")  # like pip; safe, because hashes decide
    listing = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"], stdout=subprocess.PIPE, encoding="utf-8", errors="replace"
    ).stdout
    settings: dict[str, str] = {}
    for section in ("global.", "install.", ":env:."):  # the later wins, as in pip
        for line in listing.splitlines():
            if line.startswith(section):
                key, _, value = line.removeprefix(section).partition("=")
                settings[key] = " ".join(str(ast.literal_eval(value)).split())
    for pip_name, uv_name in UV_NAMES.items():
        if pip_name in settings:
            environment.setdefault(uv_name, settings[pip_name])
    return environment


def run(command: list[str], lock: IO[str], environment: dict[str, str] | None = None) -> tuple[int, str]:
    """Runs one step with its output on stderr; its exit code and its output.

    The step shares the set-up lock: should this process be killed, the next start waits for the step to end.
    """
    import subprocess

    output: list[str] = []
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=environment,
        pass_fds=() if WINDOWS else (lock.fileno(),),
    ) as step:
        assert step.stdout is not None
        for line in step.stdout:
            output.append(line)
            if not line.startswith(" + "):  # uv's list of a hundred packages
                sys.stderr.write(line)
                sys.stderr.flush()
    return step.returncode, "".join(output)


def is_unreachable(output: str) -> bool:
    return any(sign in output for sign in UNREACHABLE)


def is_altered(output: str) -> bool:
    return "DO NOT MATCH THE HASHES" in output


def fail_with(output: str) -> NoReturn:
    if is_unreachable(output):
        fail(
            "无法连接软件包索引。安装需要联网一次，之后不再需要：请检查网络或代理，"
            "或用 PIP_INDEX_URL 指定镜像，然后重试。",
            "The package index cannot be reached. Set-up needs the network once, never again afterwards: "
            "check the network or the proxy, or name your mirror in PIP_INDEX_URL, then start again.",
        )
    if is_altered(output):
        fail(
            "下载的文件与 requirements.lock 中的校验值不符，已拒绝安装：请换一个镜像或稍后重试。",
            "A downloaded file is not the one that requirements.lock names, so it was refused: use another "
            "mirror or try again later.",
        )
    fail(
        "安装失败，原因见上面的输出。请检查磁盘空间，然后重试。",
        "Set-up failed; the lines above say why. Check disk space, then start again.",
    )


def fail(zh: str, en: str) -> NoReturn:
    say(zh, en)
    sys.exit(SET_UP_FAILED)


def say(zh: str, en: str) -> None:
    sys.stderr.write(f"{zh}\n{en}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)

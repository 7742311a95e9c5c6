"""Makes `.venv` and installs what the given requirement files ask for, when they have changed.

Run by whatever Python the machine has, before anything is installed, so it uses the standard
library alone and says in one sentence what is missing.

    python3 sandbox/stack/venv.py requirements.txt sandbox/requirements.txt
"""

import hashlib
import subprocess
import sys

if sys.version_info < (3, 11):  # noqa: UP036 - whoever runs this may be older
    sys.exit(
        "Heirloom needs Python 3.11 or later; this is {}.{}. Install one, or name it: "
        "make PYTHON=/path/to/python3.11".format(*sys.version_info)
    )

import fcntl
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
MODELS = ROOT / "var" / "models"
ALL_FILES = ("requirements.txt", "requirements-dev.txt", "sandbox/requirements.txt")


def fingerprint(files: list[str]) -> str:
    """Of what is asked for; the files include each other, so all of them count."""
    seen = hashlib.sha256(" ".join([sys.version, *files]).encode())
    for name in ALL_FILES:
        seen.update((ROOT / name).read_bytes())
    return seen.hexdigest()


def make(python: Path) -> None:
    """A virtual environment, unless a working one is there."""
    if (
        python.exists()
        and subprocess.run([python, "-m", "pip", "-V"], capture_output=True).returncode == 0
    ):
        return
    print("Making .venv …", flush=True)
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True)
    if done.returncode:
        sys.exit(
            "Python can't make a virtual environment here. On Debian and Ubuntu this helps: "
            "apt-get install python3-venv"
        )


def install(python: Path, files: list[str]) -> None:
    print("Installing what {} ask for …".format(" and ".join(files)), flush=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--root-user-action=ignore", "--no-input"]
    for name in files:
        command += ["-r", name]
    if subprocess.run(command, cwd=ROOT).returncode:
        sys.exit("pip could not install the requirements; its lines above say why.")


def fetch_weights(python: Path) -> None:
    """The small networks are optional: without them the sandbox restores by plainer means."""
    if subprocess.run([python, "-m", "sandbox.imaging.weights"], cwd=ROOT).returncode:
        print("Going on without the networks' weights.", flush=True)


def main(files: list[str]) -> None:
    (ROOT / "var").mkdir(mode=0o700, exist_ok=True)
    python = VENV / "bin" / "python"
    with open(ROOT / "var" / ".venv.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two makes at once must not install into each other
        wanted = fingerprint(files)
        stamp = VENV / ".installed-{}".format("-".join(Path(name).stem for name in files))
        installed = stamp.exists() and stamp.read_text() == wanted
        if not installed:
            make(python)
            install(python, files)
        if not installed or not MODELS.exists():  # `rm -r var` begins anew, weights and all
            fetch_weights(python)
        stamp.write_text(wanted)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as problem:
        sys.exit(f"The preparation failed: {problem}.")

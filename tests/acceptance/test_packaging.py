"""What is installed works without the source tree, and the tree works installed in place."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import aiohttp
import pytest

from tests.processes import EDIT, LOOPBACK, ROOT, environment, free_port, ran, running, until_ready

pytestmark = pytest.mark.slow


class Installed:
    """A fresh environment that sees this one's libraries, but not the source tree."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "venv" / "bin" / "python"
        venv.create(folder / "venv", with_pip=False, symlinks=True)
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        packages = folder / "venv" / "lib" / version / "site-packages"
        libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
        (packages / "libraries.pth").write_text("\n".join(sorted(libraries)) + "\n")

    @property
    def farebox(self) -> tuple[str, ...]:
        """The console script."""
        return (str(self.python.with_name("farebox")),)

    @property
    def variables(self) -> dict[str, str]:
        """The source tree is not on the path."""
        return {"PYTHONPATH": ""}

    def install(self, *what: str) -> None:
        """Install without asking anybody for anything."""
        pip = (sys.executable, "-m", "pip", "--python", str(self.python), "install", "--quiet")
        subprocess.run(
            [*pip, "--no-index", "--no-deps", "--no-build-isolation", *what],
            check=True,
            env=environment(PIP_DISABLE_PIP_VERSION_CHECK="1"),
            cwd=self.folder,
        )

    def location(self) -> Path:
        """Where the package is imported from."""
        shown = subprocess.run(
            [str(self.python), "-c", "import router; print(router.__file__)"],
            capture_output=True,
            check=True,
            env=environment(PYTHONPATH=""),
            cwd=self.folder,
        )
        return Path(shown.stdout.decode().strip()).parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built of what would be in a source distribution."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in ("router", "policies"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-index", "--no-deps"),
            *("--no-build-isolation", "--wheel-dir", str(folder), str(source)),
        ],
        check=True,
        env=environment(PIP_DISABLE_PIP_VERSION_CHECK="1"),
    )
    (built,) = folder.glob("farebox-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel, installed."""
    environ = Installed(tmp_path_factory.mktemp("installed"))
    environ.install(str(wheel))
    return environ


def test_the_wheel_is_imported_from_where_it_was_installed(installed: Installed) -> None:
    """None of these tests looks at the source tree by accident."""
    assert installed.location().is_relative_to(installed.folder)


async def test_the_wheel_brings_its_policies(installed: Installed, tmp_path: Path) -> None:
    """They are inside the package, and keep their promises there."""
    shipped = installed.location() / "shipped"
    checked = await ran(
        "check", shipped, folder=tmp_path, program=installed.farebox, variables=installed.variables
    )

    assert checked.code == 0, checked.err
    assert sorted(os.listdir(shipped)) == sorted(os.listdir(ROOT / "policies"))  # noqa: PTH208
    assert "cheapest-first: Every job goes to the cheapest provider that is up." in checked.out


async def test_the_wheel_serves(installed: Installed, tmp_path: Path) -> None:
    """An edit is bought by the installed router, under the installed policy."""
    port = free_port()
    url = f"http://{LOOPBACK}:{port}"
    async with (
        running(
            *("serve", "--sandbox", "--speed", "20", "--port", str(port)),
            folder=tmp_path,
            program=installed.farebox,
            variables=installed.variables,
        ) as router,
        aiohttp.ClientSession() as session,
    ):
        await until_ready(session, url, router)
        async with session.post(f"{url}/v1/edits", json=EDIT) as reply:
            edit = await reply.json()
        policy = await router.line("policy")
        ended = await router.stop()

    assert edit["charged"] == "0.04"
    assert str(installed.folder) in policy
    assert ended.code == 0


async def test_the_tree_is_installed_in_place(tmp_path: Path) -> None:
    """`pip install --editable` finds the package and its policies where they are."""
    environ = Installed(tmp_path)
    environ.install("--editable", str(ROOT))
    checked = await ran(
        *("quote", "--json"),
        folder=tmp_path,
        program=environ.farebox,
        variables=environ.variables,
    )

    assert environ.location() == ROOT / "router"
    assert checked.code == 0, checked.err
    assert '"price": "0.04"' in checked.out


async def test_it_runs_as_a_module(tmp_path: Path) -> None:
    """`python -m router` is the same command."""
    shown = await ran("--help", folder=tmp_path)

    assert shown.code == 0
    assert "Usage: farebox" in shown.out

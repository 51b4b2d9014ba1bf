"""Finding the tools, and building no more often than the sources change: no emulator is needed for these."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from local.project import PROJECT
from local.sam.project import Project
from local.sam.runtime import artifacts, tools
from local.sam.runtime.artifacts import BuildFailed
from local.sam.runtime.tools import NoRuntime, Tools


@pytest.mark.parametrize(
    ("system", "machine", "libc", "message"),
    [
        ("darwin", "arm64", "", r"runs on Linux, and this is .*Use `make run`.*`sam local start-api`"),
        ("win32", "AMD64", "", r"runs on Linux, and this is"),
        ("linux", "riscv64", "glibc", r"Lambda has no riscv64 processors"),
        ("linux", "x86_64", "", r"built for glibc"),
    ],
)
def test_a_platform_without_it(
    system: str, machine: str, libc: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(platform, "libc_ver", lambda: (libc, "2.36"))
    with pytest.raises(NoRuntime, match=message):
        tools.find(PROJECT, {})


@pytest.mark.skipif(sys.platform != "linux", reason="is said before, elsewhere")
def test_a_sam_that_carries_no_emulator(tmp_path: Path) -> None:
    sam = tmp_path / "sam"
    sam.write_text("#!/bin/sh\n")
    sam.chmod(0o755)
    with pytest.raises(NoRuntime, match="is not a script of a Python environment"):
        tools.find(PROJECT, {"SAM": str(sam)})
    (tmp_path / "python").symlink_to(sys.executable)
    with pytest.raises(NoRuntime, match=r"has no package samcli|has no aws-lambda-rie"):
        tools.find(PROJECT, {"SAM": str(sam)})


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project of two sources."""
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "handler.py").write_text("1")
    (tmp_path / "template.yaml").write_text("Resources: {}")
    return Project("shop", tmp_path, "shop.aws", tmp_path, sources=("functions", "template.yaml"))


def test_it_builds_when_the_sources_changed(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    builds: list[Path] = []

    def build(_: Tools, folder: Path) -> None:
        builds.append(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "template.yaml").touch()

    monkeypatch.setattr(artifacts, "build", build)
    x86 = Tools(project, "x86_64", Path("sam"), Path("emulator"), Path("python"))
    arm = Tools(project, "arm64", Path("sam"), Path("emulator"), Path("python"))

    def built(for_tools: Tools = x86) -> bool:
        before = len(builds)
        folder = artifacts.up_to_date_build(for_tools)
        assert (folder / "template.yaml").exists()
        assert folder.parent == project.root / ".aws-sam" / "host"
        # Some are kept, for what still runs from them.
        assert len([path for path in folder.parent.iterdir() if path.is_dir()]) <= 3
        return len(builds) > before

    assert built()
    assert not built()
    (project.root / "functions" / "handler.py").write_text("2")
    assert built()
    (project.root / "functions" / "new.py").touch()
    assert built()
    (project.root / "functions" / "new.pyc").touch()
    assert not built()
    (project.root / "functions" / "new.py").rename(project.root / "functions" / "newer.py")
    assert built()
    assert built(arm)
    assert not built(x86)
    assert len(set(builds)) == len(builds)
    (builds[-1] / "complete").unlink()
    assert built(arm)


def test_a_build_that_fails_says_why_and_is_tried_again(project: Project) -> None:
    sam = project.root / "sam"
    sam.write_text("#!/bin/sh\necho there is no flour >&2\nexit 1\n")
    sam.chmod(0o755)
    broken = Tools(project, "x86_64", sam, Path("emulator"), Path("python"))
    for _ in range(2):
        with pytest.raises(BuildFailed, match="there is no flour"):
            artifacts.up_to_date_build(broken)

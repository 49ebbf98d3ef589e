"""The Nix expression as a user builds with it by hand: 3.13.5, bit for bit."""

from __future__ import annotations

import gzip
import json
import lzma
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from tests.integration.command import PUBLISHED, Finished, run, verbatim
from tests.integration.nix.conftest import EPOCH
from tests.integration.releases import SMALL, small_repository, small_tarball
from verbatim.digest import sha256_file
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import ensure_root
from verbatim.fetch import Fetcher
from verbatim.paths import PROJECT
from verbatim.release import Release
from verbatim.sources.source import Identity
from verbatim.stages.choose import target_stage
from verbatim.stages.plan import Plan
from verbatim.stages.target import Optimize, target_names
from verbatim.store import Store

pytestmark = pytest.mark.integration


@pytest.fixture
def by_hand() -> Callable[..., Finished]:
    """What a Nix user types in a folder; the arguments are those of the expression."""

    def type_it(folder: Path, attribute: str = "source", **arguments: str) -> Finished:
        words = [word for name, value in arguments.items() for word in ("--argstr", name, value)]
        command = ["nix-build", str(PROJECT / "nix"), "-A", attribute, "--no-out-link", *words]
        return run(command, folder, {**os.environ, "PWD": str(folder)})

    return type_it


@pytest.mark.usefixtures("nix_daemon", "root")
def test_by_hand_the_tarball_gives_the_published_bits(
    by_hand: Callable[..., Finished], tarball: Path
) -> None:
    done = by_hand(tarball.parent, version="3.13.5", source=tarball.name)
    assert done.status == 0, done.err
    assert {path.name: sha256_file(path) for path in Path(done.out.strip()).iterdir()} == PUBLISHED


@pytest.mark.usefixtures("nix_daemon", "root")
def test_by_hand_a_commit_gives_what_the_engines_give(
    by_hand: Callable[..., Finished], tmp_path: Path
) -> None:
    repository = small_repository(tmp_path / "small")
    commit, tree = (repository.git("rev-parse", f"v{SMALL}^{{{kind}}}") for kind in ("commit", "tree"))
    with (tmp_path / "commit.pack").open("wb") as pack:
        subprocess.run(
            ["git", "-C", str(repository.path), "pack-objects", "--quiet", "--revs", "--stdout"],
            input=f"{commit}\n".encode(),
            stdout=pack,
            check=True,
        )
    done = by_hand(tmp_path, version=SMALL, source="commit.pack", commit=commit, tree=tree, epoch=str(EPOCH))
    assert done.status == 0, done.err
    engines = verbatim(
        *("build", "--version", SMALL, "--source", str(repository.path), "--engine", "sandbox,nix"),
        *("--output", str(tmp_path / "dist"), "--json"),
    )
    assert {path.name: sha256_file(path) for path in Path(done.out.strip()).iterdir()} == engines.hashes


@pytest.mark.usefixtures("nix")
@pytest.mark.parametrize("optimize", get_args(Optimize))
@pytest.mark.parametrize("name", target_names())
def test_by_hand_a_target_s_recipe_is_told_what_the_engines_tell_it(name: str, optimize: Optimize) -> None:
    """Nothing is built for it."""
    release = Release.parse("3.14.6")
    words = ["--argstr", "version", release.version, "--argstr", "source", "it.tar.xz"]
    words += ["--argstr", "optimize", optimize]
    asked = ["nix-instantiate", "--eval", "--strict", "--json", str(PROJECT / "nix"), "-A", f"{name}.command"]
    said = subprocess.run([*asked, *words], capture_output=True, text=True, check=True)
    stage = target_stage(name, release, optimize)
    plan = Plan(release, Identity("tarball", "it.tar.xz", {"sha256": "0" * 64}), stage)
    assert json.loads(said.stdout) == stage.recipe.argv(*plan.words)


@pytest.mark.usefixtures("nix_daemon")
def test_by_hand_a_target_s_recipe_has_the_files_of_another_that_it_needs(
    by_hand: Callable[..., Finished], cache: Path, tmp_path: Path
) -> None:
    ensure_root(Environment(environment_folder("wasm32-wasip1")), Fetcher(Store(cache)))
    tarball = small_tarball(tmp_path / "small.tgz", says="3.13.5")
    (tmp_path / "small.tar.xz").write_bytes(lzma.compress(gzip.decompress(tarball.read_bytes())))
    done = by_hand(tmp_path, "wasm32-wasip1", version=SMALL, source="small.tar.xz")
    assert done.status != 0
    assert f"the source says that it is 3.13.5, expected {SMALL}" in done.err


@pytest.mark.usefixtures("nix", "root")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({}, "give --argstr version and --argstr source"),
        (
            {"version": SMALL, "source": "it", "commit": "0" * 40},
            "give --argstr tree and --argstr epoch as well",
        ),
        ({"version": "3.13.5", "source": "it.tgz"}, "mismatch in"),
        ({"version": SMALL, "source": "it", "sha256": "0" * 64}, "mismatch in"),
        ({"version": SMALL, "source": "it"}, "verbatim: what is to be in /in cannot be unpacked"),
    ],
)
def test_by_hand_what_is_wrong_is_said(
    by_hand: Callable[..., Finished], tmp_path: Path, arguments: dict[str, str], complaint: str
) -> None:
    for name in ("it", "it.tgz"):
        (tmp_path / name).write_text("Not what was published.", encoding="ascii")
    done = by_hand(tmp_path, **arguments)
    assert done.status != 0
    assert complaint in done.err

"""What a recipe may leave in a container of Docker's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.archives import contents
from tests.integration.docker.conftest import EPOCH
from tests.integration.engines import require
from tests.integration.releases import SMALL
from verbatim.engines.docker import Docker
from verbatim.engines.protocol import Engine
from verbatim.engines.sandbox import Sandbox
from verbatim.environments.rootfs import Root
from verbatim.errors import BuildError, IntegrityError
from verbatim.release import Release
from verbatim.scratch import remove_tree
from verbatim.sources.source import Identity, Prepared
from verbatim.stages.plan import Plan, Stage
from verbatim.stages.recipe import Recipe
from verbatim.stages.run import run

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("engine", [Sandbox(), Docker()], ids=lambda engine: engine.name)
@pytest.mark.parametrize(
    "script",
    [
        "exit 0",
        "touch $1; exit 3",
        "touch $1",
        "touch $1 $2 other",
        "touch $1 $2 .hidden",
        "touch $1; ln -s $1 $2",
        "touch $1; ln -s /etc/passwd $2",
        "touch $1; ln -s ../../../../../../etc/passwd $2",
        "touch $1; ln -s nowhere $2",
        "touch $1; ln $1 $2",
        "touch $1; mkdir $2",
        "touch $1; mkdir -m 0 $2",
        "touch $1; mkfifo $2",
        "touch $1; python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' $2",
        "touch $1 $2 $'caf\\xe9'",
        "touch $1 $2 $'line\\nfeed'",
        # What follows what is refused is more than anybody reads ahead.
        "ln -s /etc/passwd $1; head -c 100M /dev/zero > $2",
        "touch $1; mkdir -p $2/$(printf 'a/%.0s' {1..1500})",
    ],
)
def test_odd_results_are_refused(engine: Engine, script: str, root: Root, tmp_path: Path) -> None:
    require(engine)
    with pytest.raises((BuildError, IntegrityError)):
        _run_recipe(engine, script, root, tmp_path)
    remove_tree(tmp_path / "output")


@pytest.mark.parametrize("engine", [Sandbox(), Docker()], ids=lambda engine: engine.name)
def test_results_are_plain_files_whatever_their_modes(engine: Engine, root: Root, tmp_path: Path) -> None:
    require(engine)
    output = _run_recipe(
        engine,
        "printf '%s' secret > $1; chmod 0 $1; head -c 5000000 /dev/urandom > $2; chmod 7777 $2;"
        " sha256sum $2; truncate -s 9000000 $2",
        root,
        tmp_path,
    )
    found = contents(output)
    assert [mode for mode, _ in found.values()] == [0o100644, 0o100644]
    assert sorted(len(body) for _, body in found.values()) == [6, 9000000]
    assert found[f"Python-{SMALL}.tar.xz".encode()][1] == b"secret"


def _run_recipe(engine: Engine, script: str, root: Root, folder: Path) -> Path:
    """Run a recipe whose arguments are the names that it should leave; give the folder with what it did leave."""
    recipe, work, output = (folder / name for name in ("recipes/odd", "work", "output"))
    for path in (recipe, work, output):
        path.mkdir(parents=True)
    names = tuple(sorted(Release.parse(SMALL).source_tarballs))
    (folder / "recipes" / "common").mkdir()
    (recipe / "odd.sh").write_text(f"cd /out; set -- {' '.join(names)}; {script}\n", encoding="utf-8")
    stage = Stage("source", root.environment, Recipe.load("odd", folder / "recipes"), names)
    plan = Plan(Release.parse(SMALL), Identity("tarball", "odd", {"sha256": "0" * 64}), stage)
    run(plan, Prepared({}, EPOCH), root, engine, work=work, output=output, log=folder / "log")
    return output

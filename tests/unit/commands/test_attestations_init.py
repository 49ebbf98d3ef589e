"""``attestations-init``: from an empty folder to ``check --all``, as the README in it says; and its files for CI."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.program import Ended
from tests.rebuilders import HASHES, remember, statement
from tests.unit.conftest import Run
from verbatim.commands.attestations_init import Origin
from verbatim.digest import sha256_bytes
from verbatim.evidence.statement import file_name
from verbatim.store import Store

pytestmark = pytest.mark.usefixtures("interrupts", "elsewhere")

_FILES = [".github/workflows/check.yml", ".gitlab-ci.yml", "README.md", "policy.toml"]
_GIT = ("git", "-c", "user.name=x", "-c", "user.email=x@example.com")


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def git(*arguments: str, folder: Path = Path()) -> str:
    done = subprocess.run([*_GIT, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def shown(page: Path, command: str) -> list[str]:
    """The arguments of each of these commands on a page."""
    return re.findall(rf"^    {re.escape(command)} (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def test_a_first_trial_ends_well(elsewhere: Path, store: Store, run: Run) -> None:
    """What the README says, line by line, but for the build itself."""
    folder = Path("attestations")
    assert run("attestations-init", str(folder)).status == 0
    assert files(folder) == _FILES
    git(*shown(folder / "README.md", "git")[0].split())
    built = elsewhere / "dist" / "3.13.5"
    built.mkdir(parents=True)
    names = [name.replace("3.13.99", "3.13.5") for name in HASHES]
    for name in names:
        (built / name).write_bytes(name.encode())

    def invoke(line: str) -> Ended:
        line, _, target = line.partition(" >> ")
        done = run(*line.split())
        assert done.status == 0, done.err
        if target:
            with Path(target).open("a", encoding="utf-8") as file:
                file.write(done.out)
        return done

    keygen, build, attest, check, check_all = shown(folder / "README.md", "./invoke")
    assert build == "build --version 3.13.5"
    _remember_unpublished(built, names, store)
    invoke(keygen)
    assert invoke(check_all).out == "there are no attestations yet\n"
    invoke(attest.replace("3.13.5", "3.13.99"))
    assert "yes, 1 of 1" in invoke(check.replace("3.13.5", "3.13.99")).out
    assert "3.13.99: 1 attestation by 1 rebuilder, quorum" in invoke(check_all).out
    for line in shown(folder / "README.md", "git")[1:]:
        git(*line.split())
    assert "quorum" in invoke(check_all).out


def _remember_unpublished(built: Path, names: list[str], store: Store) -> None:
    """A result of a version of which nothing is published, so that any bytes will do."""
    folder = built.rename(built.with_name("3.13.99"))
    for name in names:
        (folder / name).rename(folder / name.replace("3.13.5", "3.13.99"))
    said = statement({name: sha256_bytes((folder / name).read_bytes()) for name in HASHES})
    (folder / file_name("source")).write_bytes(said.encode())
    remember(store, said)


def test_a_folder_with_anything_in_it_is_refused(run: Run) -> None:
    Path("full").mkdir()
    Path("full/x").touch()
    Path("link").symlink_to("nowhere")
    for folder, why in {
        "full": "full is not empty: it has x",
        "link": "link exists and is not a folder",
    }.items():
        done = run("attestations-init", folder)
        assert (done.status, done.out) == (2, "")
        assert why in done.complaint
    assert files(Path("full")) == ["x"]
    Path("empty").mkdir()
    assert run("attestations-init", "empty").status == 0


def test_the_readme_quotes_the_folder_for_the_shell(run: Run) -> None:
    assert run("attestations-init", "a folder").status == 0
    assert "git init 'a folder'" in Path("a folder/README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("https://example.com/verbatim.git", True),
        ("https://me:secret@example.com/verbatim.git", False),
        ("git@example.com:verbatim.git", False),
        ('https://example.com/"; curl', False),
    ],
)
def test_only_a_public_address_of_this_checkout_is_written(url: str, known: bool, elsewhere: Path) -> None:
    git("init", "--quiet")
    assert not Origin.of(elsewhere).is_known
    git("commit", "--quiet", "--allow-empty", "--message", "x")
    git("config", "remote.origin.url", url)
    origin = Origin.of(elsewhere)
    assert origin.is_known == known
    assert (origin.repository == url) == known
    assert origin.commit == git("rev-parse", "HEAD")


def test_without_git_nothing_is_known(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(elsewhere))
    assert not Origin.of(elsewhere).is_known


@pytest.fixture
def repositories(elsewhere: Path, run: Run) -> dict[str, str]:
    """A Verbatim that only writes down how it was started, and attestations with two commits; what CI sets for them."""
    verbatim, own = elsewhere / "verbatim.git", elsewhere / "alice" / "attestations"
    git("init", "--quiet", str(verbatim))
    (verbatim / "invoke").write_text('#!/bin/sh\necho "$@"\ngit -C "$4" rev-list --count HEAD\n')
    (verbatim / "invoke").chmod(0o755)
    git("add", "--all", folder=verbatim)
    git("commit", "--quiet", "--message", "x", folder=verbatim)
    own.parent.mkdir()
    assert run("attestations-init", str(own)).status == 0
    git("init", "--quiet", folder=own)
    for message in ("one", "two"):
        git("add", "--all", folder=own)
        git("commit", "--quiet", "--allow-empty", "--message", message, folder=own)
    git("update-ref", "refs/pull/1/merge", "HEAD", folder=own)
    return {
        "VERBATIM_REPOSITORY": str(verbatim),
        "VERBATIM_COMMIT": git("rev-parse", "HEAD", folder=verbatim),
        "GITHUB_SERVER_URL": str(elsewhere),
        "GITHUB_REPOSITORY": "alice/attestations",
        "GITHUB_REF": "refs/pull/1/merge",
        "CI_PROJECT_DIR": str(own),
        "PATH": "/usr/bin:/bin",
        "HOME": str(elsewhere),
    }


def _github(text: str) -> str:
    several = re.search(r"run: \|\n((?: {10}.+\n)+)", text)
    assert several is not None
    return several[1] + "".join(re.findall(r"run: ([^|\n].*)", text))


def _gitlab(text: str) -> str:
    return "\n".join(re.findall(r"^    - (.+)$", text, re.MULTILINE))


@pytest.mark.parametrize("name", [".github/workflows/check.yml", ".gitlab-ci.yml"])
def test_what_ci_runs_checks_all_with_the_whole_history(
    name: str, elsewhere: Path, repositories: dict[str, str]
) -> None:
    own = Path(repositories["CI_PROJECT_DIR"])
    text = (own / name).read_text(encoding="utf-8")
    script = (_github if "github" in name else _gitlab)(text).replace("/tmp/verbatim", "checkout")
    workplace = elsewhere / "workplace"
    workplace.mkdir()
    (workplace / "script").write_text(script, encoding="utf-8")
    done = subprocess.run(
        ["/bin/bash", "-eu", "script"],
        cwd=workplace,
        env=repositories,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    where = "attestations" if "github" in name else str(own)
    assert done.stdout == f"check --all --attestations {where}\n2\n"
    assert "uses:" not in text

"""``policy``: what it prints is what the signing stage takes, and what deviates from this checkout is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tomli
import tomli_w
from verbatim_sign.errors import PolicyError
from verbatim_sign.policy import Policy as SigningPolicy

from tests.rebuilders import ALICE, write_policy
from tests.unit.conftest import Run
from tests.vectors.make import changed

pytestmark = pytest.mark.usefixtures("interrupts", "elsewhere")

_OWN = {"identity": "manager@example.com", "issuer": "https://accounts.example.com"}


def section(run: Run, *options: str) -> dict[str, Any]:
    done = run("policy", "--version", "3.13.5", *options)
    assert done.status == 0, done.err
    return tomli.loads(done.out)["signing"]  # type: ignore[no-any-return]


def write(signing: object) -> str:
    return str(write_policy(Path("mine"), (ALICE,), signing=signing))


def test_the_section_is_one_that_the_signing_stage_takes_once_it_is_filled_in(run: Run) -> None:
    signing = section(run, "--artifacts", "source,docs,linux-x86_64", "--commit", "1" * 40)
    path = Path(write(signing))
    with pytest.raises(PolicyError, match=r"signing\.3\.13\.5\.gpg: expected .*, got ''"):
        SigningPolicy.parse(path.read_bytes(), "policy.toml")
    entry = {**signing["3.13.5"], **_OWN, "gpg": "A" * 40}
    parsed = SigningPolicy.parse(Path(write({"3.13.5": entry})).read_bytes(), "policy.toml").signing("3.13.5")
    assert list(parsed.artifacts) == ["source", "docs", "linux-x86_64"]
    assert parsed.commit == "1" * 40
    assert {"recipe/source", "recipe/docs", "recipe/linux", "target/linux-x86_64"} <= parsed.inputs.keys()


def test_only_versions_before_3_14_have_a_gpg_key(run: Run) -> None:
    assert section(run)["3.13.5"]["gpg"] == ""
    assert "gpg" not in run("policy", "--version", "3.14.0").out


def test_a_file_is_written_once(run: Run) -> None:
    done = run("policy", "--version", "3.13.5", "--output", "new.toml")
    assert (done.status, done.out) == (0, "new.toml\n")
    before = Path("new.toml").read_text(encoding="utf-8")
    assert tomli.loads(before)["signing"] == section(run)
    again = run("policy", "--version", "3.13.5", "--output", "new.toml")
    assert (again.status, "new.toml already exists" in again.complaint) == (2, True)
    assert Path("new.toml").read_text(encoding="utf-8") == before


def test_what_this_checkout_wrote_does_not_deviate_from_it(run: Run) -> None:
    done = run("policy", "--check", write(section(run, "--artifacts", "source,docs")))
    assert (done.status, done.out) == (0, "3.13.5: the same as this checkout\n")
    assert "only artifacts and inputs are compared" in done.err


_INPUTS = "3.13.5/inputs"


@pytest.mark.parametrize(
    ("place", "value", "deviation"),
    [
        (f"{_INPUTS}/recipe~source", "0" * 64, f"inputs has recipe/source {'0' * 64}, but it is "),
        (f"{_INPUTS}/recipe~source", changed, "inputs lacks recipe/source, which is "),
        (f"{_INPUTS}/recipe~odd", "0" * 64, "inputs has recipe/odd, which no build of these artifacts uses"),
        ("3.13.5/artifacts/source", ["Python-3.13.5.tgz"], "artifacts.source lacks Python-3.13.5.tar.xz"),
        (
            "3.13.5/artifacts/source",
            ["Python-3.13.5.tar.xz", "Python-3.13.5.tgz", "x"],
            "artifacts.source has x, which source does not make",
        ),
        ("3.13.5/artifacts/odd", ["x"], "artifacts: there is no 'odd'"),
        (
            "3.13.5/artifacts",
            {"linux-x86_64": ["cpython-3.13.5-x86_64-linux-gnu.tar.xz"]},
            "artifacts lacks source, from which the others are built",
        ),
    ],
)
def test_each_deviation_is_named(place: str, value: object, deviation: str, run: Run) -> None:
    signing = section(run)
    *path, last = (step.replace("~", "/") for step in place.split("/"))
    at = signing
    for step in path:
        at = at[step]
    if value is changed:
        del at[last]
    else:
        at[last] = value
    done = run("policy", "--check", write(signing))
    assert done.status == 1
    assert f"3.13.5: {deviation}" in done.out
    assert "mine/policy.toml differs from this checkout for 3.13.5" in done.complaint


def test_some_formats_of_the_documentation_may_be_left_out(run: Run) -> None:
    signing = section(run, "--artifacts", "docs")
    signing["3.13.5"]["artifacts"]["docs"] = ["python-3.13.5-docs-html.zip"]
    assert run("policy", "--check", write(signing)).status == 0


@pytest.mark.parametrize(
    ("signing", "options", "status", "complaint"),
    [
        ({}, (), 2, 'has no entry [signing."VERSION"]'),
        (
            {"3.13.5": {}},
            ("--version", "3.13.6"),
            2,
            'has no entry [signing."3.13.6"]; add what ./invoke policy --ver',
        ),
        ({"3.13.5": {}}, (), 6, "artifacts: Field required"),
        (
            {"3.13.5": {"artifacts": {"source": ["../x"]}, "inputs": {"x": "0" * 64}}},
            (),
            6,
            "artifacts.source.0",
        ),
        ({"3.13": {}}, (), 6, "'3.13' is not a version"),
        ({}, ("--output", "x"), 2, "--check writes nothing"),
    ],
)
def test_what_cannot_be_compared_ends_in_one_line(
    signing: object, options: tuple[str, ...], status: int, complaint: str, run: Run
) -> None:
    done = run("policy", "--check", write(signing), *options)
    assert (done.status, done.out) == (status, "")
    assert complaint in done.complaint


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--version", "3.13"), "'3.13' is not a version"),
        (("--version", "3.13.5", "--commit", "v3.13.5"), "--commit 'v3.13.5' is not a commit"),
        (("--version", "3.13.5", "--artifacts", "odd"), "--artifacts: there is no 'odd'"),
    ],
)
def test_wrong_requests_end_in_one_line(options: tuple[str, ...], complaint: str, run: Run) -> None:
    done = run("policy", *options)
    assert (done.status, done.out) == (2, "")
    assert complaint in done.complaint


def test_one_version_of_several_can_be_compared(run: Run) -> None:
    signing = {**section(run), "3.13.6": {}}
    Path("other").mkdir()
    Path("other/policy.toml").write_text(tomli_w.dumps(tomli.loads(Path(write(signing)).read_text())))
    assert run("policy", "--check", "other/policy.toml", "--version", "3.13.5").status == 0

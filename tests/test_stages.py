"""Which stages are asked for, and what each is to make."""

from __future__ import annotations

from pathlib import Path

import pytest

from verbatim.build.stages import DOCS_FORMATS, artifact_names, choose_stages
from verbatim.build.target import Target, target_names
from verbatim.environments.definition import environment_folder
from verbatim.errors import IntegrityError, UsageError
from verbatim.release import Release

RELEASE = Release.parse("3.13.5")


@pytest.mark.parametrize(
    ("artifacts", "names"),
    [
        ("source", ["source"]),
        ("docs", ["docs"]),
        ("all", ["source", "docs", *target_names()]),
        # What a target's begins with comes first, and by itself.
        ("linux-x86_64", ["source", "linux-x86_64"]),
        ("linux-x86_64,source", ["source", "linux-x86_64"]),
        ("linux-x86_64,docs", ["source", "docs", "linux-x86_64"]),
        ("docs,source", ["source", "docs"]),
    ],
)
def test_stages_are_built_in_their_order(artifacts: str, names: list[str]) -> None:
    stages = choose_stages(RELEASE, artifacts)
    assert [stage.name for stage in stages] == names
    assert {stage.name: stage.artifacts for stage in stages} == {
        name: made for name, made in artifact_names(RELEASE).items() if name in names
    }


def test_formats_are_what_the_recipe_is_told_and_decide_what_comes_out() -> None:
    (docs,) = choose_stages(RELEASE, "docs", "text,epub")
    assert docs.formats == ("epub", "text")
    assert docs.artifacts == (
        "python-3.13.5-docs-text.tar.bz2",
        "python-3.13.5-docs-text.zip",
        "python-3.13.5-docs.epub",
    )
    (every,) = choose_stages(RELEASE, "docs")
    assert every.formats == tuple(sorted(DOCS_FORMATS))


@pytest.mark.parametrize(
    ("version", "environment"),
    [
        ("3.13.0a1", "docs-3.13"),
        ("3.13.5", "docs-3.13"),
        ("3.13.11", "docs-3.13"),
        ("3.13.12", "docs-3.13.12"),
        ("3.13.100", "docs-3.13.12"),
        ("3.14.6", "docs-3.14"),
        ("3.15.0rc2", "docs-3.15"),
    ],
)
def test_the_environment_of_the_documentation_is_that_of_the_series_since_it_changed(
    version: str, environment: str
) -> None:
    (docs,) = choose_stages(Release.parse(version), "docs")
    assert docs.environment.name == environment


@pytest.mark.parametrize(
    ("version", "artifacts", "formats", "said"),
    [
        ("3.13.5", "doc", "", "--artifacts: there is no 'doc'; there are: source, docs, linux-x86_64"),
        ("3.13.5", "", "", "--artifacts: there is no ''"),
        ("3.13.5", "docs,docs", "", "--artifacts docs,docs names one twice"),
        ("3.13.5", "docs", "html,pdf", "--formats: there is no 'pdf'; there are: epub, html, pdf-a4"),
        ("3.13.5", "docs", "html,html", "--formats html,html names one twice"),
        ("3.13.5", "source", "html", "--formats is for the documentation; add --artifacts docs"),
        # Its series begins as others do.
        ("3.1.30", "docs", "", "there is no environment for the documentation of 3.1.30"),
        (
            "3.7.0",
            "docs",
            "",
            "there is no environment for the documentation of 3.7.0; there are docs-3.13, docs-3.13.12, docs-3.14",
        ),
    ],
)
def test_what_there_is_not_is_refused(version: str, artifacts: str, formats: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        choose_stages(Release.parse(version), artifacts, formats)
    assert said in str(refusal.value)


def test_what_is_built_for_a_platform_is_said_by_its_data() -> None:
    _, linux = choose_stages(RELEASE, "linux-x86_64")
    assert linux.target == Target.load("linux-x86_64")
    assert linux.environment.name == "linux-x86_64"
    assert linux.recipe.name == "linux"
    assert linux.artifacts == (
        "cpython-3.13.5-x86_64-linux-gnu-debug.tar.xz",
        "cpython-3.13.5-x86_64-linux-gnu.tar.xz",
    )
    assert linux.arguments[0] == "x86_64-linux-gnu"
    assert "libssl.so.3=libssl3" in linux.arguments


def test_every_target_names_libraries_of_its_own_environment() -> None:
    for name in target_names():
        _, stage = choose_stages(RELEASE, name)
        assert stage.target is not None
        packages = {package.name for package in stage.environment.lock.package}
        assert {package for _, package in stage.target.libraries} <= packages


@pytest.mark.parametrize(
    ("said", "instead", "complaint"),
    [
        ('"linux"', '"../linux"', "recipe: String should match"),
        ('"x86_64-linux-gnu"', '"x86"', "triplet: String should match"),
        ('"-debug"', '"/debug"', "archives.1: String should match"),
        ('"libz.so.1"', '"../libz.so.1"', "libraries.../libz.so.1"),
        ('"zlib1g"', '"--zlib1g"', "libraries.libz.so.1: String should match"),
        ("recipe", "recipes", "recipe: Field required"),
    ],
)
def test_a_target_that_says_what_is_none_is_refused(
    said: str, instead: str, complaint: str, tmp_path: Path
) -> None:
    (tmp_path / "made").mkdir()
    text = (environment_folder("linux-x86_64") / "target.toml").read_text()
    assert said in text
    (tmp_path / "made" / "target.toml").write_text(text.replace(said, instead))
    with pytest.raises(IntegrityError) as refusal:
        Target.load("made", tmp_path)
    assert f"made/target.toml: {complaint}" in refusal.value.message

"""Which stages are asked for, and what each is to make."""

from __future__ import annotations

from pathlib import Path

import pytest

from verbatim.errors import IntegrityError, UsageError
from verbatim.paths import TARGETS
from verbatim.release import Release
from verbatim.stages.choose import DOCS_FORMATS, artifact_names, choose_stages
from verbatim.stages.target import Target, target_names

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
        ("wasm32-wasip1,linux-aarch64", ["source", "linux-aarch64", "wasm32-wasip1"]),
        ("docs,source", ["source", "docs"]),
    ],
)
def test_stages_are_built_in_their_order(artifacts: str, names: list[str]) -> None:
    stages = choose_stages(RELEASE, artifacts)
    assert [stage.name for stage in stages] == names
    assert {stage.name: stage.artifacts for stage in stages} == {
        name: made for name, made in artifact_names(RELEASE).items() if name in names
    }


@pytest.mark.parametrize(
    ("version", "wanting"),
    [
        ("3.15.0b1", set()),
        ("3.13.0a1", set()),
        ("3.12.11", {"linux-x86_64-freethreaded", "wasm32-wasip1"}),
        # Not as text is compared.
        (
            "3.9.20",
            {
                *("linux-aarch64", "linux-armhf", "linux-ppc64le", "linux-riscv64", "linux-s390x"),
                *("linux-x86_64-freethreaded", "wasm32-wasip1"),
            },
        ),
    ],
)
def test_an_old_release_has_not_all_targets(version: str, wanting: set[str]) -> None:
    assert artifact_names(Release.parse(version)).keys() == {"source", "docs", *target_names()} - wanting


def test_all_leaves_out_what_a_release_is_too_old_for(monkeypatch: pytest.MonkeyPatch) -> None:
    # There is no documentation of such old ones.
    monkeypatch.setattr(Target, "is_for", lambda target, _release: target.name == "linux-x86_64")
    assert [stage.name for stage in choose_stages(RELEASE, "all")] == ["source", "docs", "linux-x86_64"]


def test_all_leaves_out_documentation_that_no_environment_is_for() -> None:
    names = [stage.name for stage in choose_stages(Release.parse("3.11.2"), "all")]
    assert "docs" not in names
    assert names[0] == "source"
    with pytest.raises(UsageError, match=r"no environment for the documentation of 3\.11\.2"):
        choose_stages(Release.parse("3.11.2"), "docs")


def test_formats_are_what_the_recipe_is_told_and_decide_what_comes_out() -> None:
    (docs,) = choose_stages(RELEASE, "docs", "text,epub")
    assert docs.words == ("format=epub", "format=text")
    assert docs.choices == {"formats": ["epub", "text"]}
    assert docs.artifacts == (
        "python-3.13.5-docs-text.tar.bz2",
        "python-3.13.5-docs-text.zip",
        "python-3.13.5-docs.epub",
    )
    (every,) = choose_stages(RELEASE, "docs")
    assert every.choices == {"formats": sorted(DOCS_FORMATS)}


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
        ("3.13.5", "doc", "", "--artifacts: there is no 'doc'; there are: source, docs, linux-aarch64"),
        ("3.13.5", "", "", "--artifacts: there is no ''"),
        ("3.13.5", "docs,docs", "", "--artifacts docs,docs names one twice"),
        ("3.13.5", "docs", "html,pdf", "--formats: there is no 'pdf'; there are: epub, html, pdf-a4"),
        ("3.13.5", "docs", "html,html", "--formats html,html names one twice"),
        ("3.13.5", "source", "html", "--formats is for the documentation; add --artifacts docs"),
        (
            "3.12.11",
            "linux-x86_64,linux-x86_64-freethreaded",
            "",
            "linux-x86_64-freethreaded can be built from 3.13 on, not for 3.12.11; leave it out",
        ),
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
    assert linux.choices == {"optimize": "pgo"}
    assert {
        "triplet=x86_64-linux-gnu",
        "emulator=/usr/bin/qemu-x86_64-static",
        "library=libssl.so.3=libssl3",
        "optimize=pgo",
    } <= {*linux.words}


def test_a_variant_is_nothing_but_data() -> None:
    _, plain, variant = choose_stages(RELEASE, "linux-x86_64,linux-x86_64-freethreaded")
    assert (variant.environment.lock, variant.recipe) == (plain.environment.lock, plain.recipe)
    assert {*variant.words} == {*plain.words, "variant=freethreaded", "configure=--disable-gil"}
    assert variant.artifacts == (
        "cpython-3.13.5-x86_64-linux-gnu-freethreaded-debug.tar.xz",
        "cpython-3.13.5-x86_64-linux-gnu-freethreaded.tar.xz",
    )


def test_an_interpreter_is_optimised_where_it_can_be_trained_unless_that_is_not_wanted() -> None:
    _, linux, wasi = choose_stages(RELEASE, "linux-x86_64,wasm32-wasip1", optimize="none")
    assert linux.choices == {"optimize": "none"}
    assert "optimize=none" in linux.words
    _, same = choose_stages(RELEASE, "wasm32-wasip1", optimize="pgo")
    assert wasi.choices == same.choices == {}
    assert wasi.words == same.words
    assert not [word for word in wasi.words if word.startswith("optimize=")]
    with pytest.raises(UsageError, match="--optimize: there is no 'fast'; there are: pgo, none"):
        choose_stages(RELEASE, "linux-x86_64", optimize="fast")
    with pytest.raises(UsageError, match="--optimize: there is no 'fast'"):
        choose_stages(RELEASE, "source", optimize="fast")


def test_no_two_targets_have_an_archive_of_the_same_name() -> None:
    names = [name for name in target_names() for name in Target.load(name).artifacts(RELEASE)]
    assert len(names) == len(set(names))


def test_every_target_names_libraries_of_its_own_environment() -> None:
    for name in target_names():
        _, stage = choose_stages(RELEASE, name)
        assert stage.target is not None
        packages = {package.name for package in stage.environment.lock.package}
        assert {*stage.target.parameters.library.values()} <= packages


@pytest.mark.parametrize(
    ("said", "instead", "complaint"),
    [
        ('"linux"', '"../linux"', "recipe: String should match"),
        ('"x86_64-linux-gnu"', '"x86"', "parameters.triplet: String should match"),
        ('"/usr/bin/qemu-x86_64-static"', '"/tmp/qemu"', "parameters.emulator: String should match"),
        ('"-debug"', '"/debug"', "archives.1: String should match"),
        ('"libz.so.1"', '"../libz.so.1"', "parameters.library.../libz.so.1"),
        ('"zlib1g"', '"--zlib1g"', "parameters.library.libz.so.1: String should match"),
        ("recipe", "recipes", "recipe: Field required"),
        ("triplet", 'variant = "no-gil"\ntriplet', "parameters.variant: String should match"),
        ("archives", 'since = "3"\narchives', "since: String should match"),
        ("archives", "since = 3.13\narchives", "since: Input should be a valid string"),
        ("archives", 'environment = "../source"\narchives', "environment: String should match"),
        ("triplet", 'configure = ["CC=cc"]\ntriplet', "parameters.configure.0: String should match"),
        ("triplet", 'configure = ["--with-x=a b"]\ntriplet', "parameters.configure.0: String should match"),
        ("triplet", 'label = "x"\ntriplet', "parameters.label: Extra inputs"),
        ("archives", 'like = "linux-aarch64"\narchives', "like: Extra inputs"),
    ],
)
def test_a_target_that_says_what_is_none_is_refused(
    said: str, instead: str, complaint: str, tmp_path: Path
) -> None:
    (tmp_path / "made").mkdir()
    text = (TARGETS / "linux-x86_64" / "target.toml").read_text()
    assert said in text
    (tmp_path / "made" / "target.toml").write_text(text.replace(said, instead))
    with pytest.raises(IntegrityError) as refusal:
        Target.load("made", tmp_path)
    assert f"made/target.toml: {complaint}" in refusal.value.message

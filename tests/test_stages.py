"""Which stages are asked for, and what each is to make."""

from __future__ import annotations

import pytest

from verbatim.build.stages import DOCS_FORMATS, artifact_names, choose_stages
from verbatim.errors import UsageError
from verbatim.release import Release

RELEASE = Release.parse("3.13.5")


@pytest.mark.parametrize(
    ("artifacts", "names"),
    [
        ("source", ["source"]),
        ("docs", ["docs"]),
        ("all", ["source", "docs"]),
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
        ("3.13.5", "doc", "", "--artifacts: there is no 'doc'; there are: source, docs"),
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

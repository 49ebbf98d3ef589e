"""The stages: groups of artifacts, each made by one recipe in one environment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from verbatim.environments.definition import environment_folder, environment_names, load_definition
from verbatim.environments.lock import Environment
from verbatim.errors import UsageError
from verbatim.release import Release
from verbatim.stages.plan import Stage
from verbatim.stages.recipe import Recipe
from verbatim.stages.target import Optimize, Target, target_names

#: The documentation's formats, with the endings of their artifacts' names, as in CPython's release job.
DOCS_FORMATS = {
    "epub": ("docs.epub",),
    "html": ("docs-html.tar.bz2", "docs-html.zip"),
    "pdf-a4": ("docs-pdf-a4.tar.bz2", "docs-pdf-a4.zip"),
    "pdf-letter": ("docs-pdf-letter.tar.bz2", "docs-pdf-letter.zip"),
    "texinfo": ("docs-texinfo.tar.bz2", "docs-texinfo.zip"),
    "text": ("docs-text.tar.bz2", "docs-text.zip"),
}


def source_stage(release: Release) -> Stage:
    """The stage that makes the source tarballs."""
    return Stage("source", _environment("source"), Recipe.load("source"), artifact_names(release)["source"])


def packed_stage(release: Release) -> Stage:
    """The stage that only makes the source tarballs' tar stream, uncompressed, within seconds."""
    return replace(source_stage(release), artifacts=(f"{release.folder}.tar",), words=("compress=no",))


def docs_stage(release: Release, formats: Sequence[str] = tuple(DOCS_FORMATS)) -> Stage:
    """The stage for the documentation in these formats; raises UsageError if there is no environment for the release."""
    names = tuple(sorted(name for format_ in formats for name in _docs_names(release, format_)))
    chosen = sorted(formats)
    words = tuple(f"format={format_}" for format_ in chosen)
    return Stage(
        "docs", _docs_environment(release), Recipe.load("docs"), names, words, choices={"formats": chosen}
    )


def target_stage(name: str, release: Release, optimize: Optimize = "pgo") -> Stage:
    """The stage for a platform, optimised if it can be; raises UsageError if the release is too old for it."""
    target = Target.load(name)
    if not target.is_for(release):
        raise UsageError(
            f"{name} can be built from {target.since} on, not for {release.version}",
            "leave it out, or name a newer release",
        )
    recipe, environment = Recipe.load(target.recipe), _environment(target.environment)
    words, choices = target.parameters.words, {}
    if target.parameters.emulator is not None:
        words, choices = (*words, f"optimize={optimize}"), {"optimize": optimize}
    return Stage(name, environment, recipe, target.artifacts(release), words, choices, target)


#: The stages that are not for a target, in the order in which they are built.
_STAGES: Mapping[str, Callable[[Release], Stage]] = {"source": source_stage, "docs": docs_stage}


def choose_stages(release: Release, artifacts: str, formats: str = "", optimize: str = "pgo") -> list[Stage]:
    """The stages that ``--artifacts`` names, with commas between them, or ``all`` that the release can have; in build order.

    A target is built from the source tarball that the stage ``source`` makes, so that comes first.
    ``formats`` are those of the documentation, with commas between them; empty for all. ``optimize`` is "pgo" or "none", for
    targets whose interpreters can be optimised. Raises UsageError for another value, for an
    unknown or repeated name, for a target that the release is too old for, and for formats without the documentation.
    """
    if artifacts == "all":
        names = ["source", *(["docs"] if _fitting_docs(release) else [])]
        names += [target.name for target in _targets(release)]
    else:
        names = listed("--artifacts", artifacts, [*_STAGES, *target_names()])
    if formats and "docs" not in names:
        raise UsageError("--formats is for the documentation", "add --artifacts docs, or leave it out")
    optimized = _optimize(optimize)
    chosen = listed("--formats", formats, list(DOCS_FORMATS)) if formats else list(DOCS_FORMATS)
    stages = [
        docs_stage(release, chosen) if name == "docs" else make(release)
        for name, make in _STAGES.items()
        if name in names
    ]
    targets = [target_stage(name, release, optimized) for name in target_names() if name in names]
    if targets and "source" not in names:
        stages.insert(0, source_stage(release))
    return stages + targets


def _optimize(text: str) -> Optimize:
    match text:
        case "pgo" | "none":
            return text
    raise UsageError(f"--optimize: there is no {text!r}", f"there are: {', '.join(get_args(Optimize))}")


def artifact_names(release: Release) -> dict[str, tuple[str, ...]]:
    """The names of all artifacts that a release can have, sorted, by the stage that makes them."""
    docs = (name for format_ in DOCS_FORMATS for name in _docs_names(release, format_))
    built = {target.name: target.artifacts(release) for target in _targets(release)}
    return {"source": tuple(sorted(release.source_tarballs)), "docs": tuple(sorted(docs)), **built}


def _targets(release: Release) -> list[Target]:
    """The targets that the release can be built for, sorted by name."""
    targets = (Target.load(name) for name in target_names())
    return [target for target in targets if target.is_for(release)]


def _docs_names(release: Release, format_: str) -> list[str]:
    return [f"python-{release.version}-{end}" for end in DOCS_FORMATS[format_]]


def _docs_environment(release: Release) -> Environment:
    """The environment of the series with the latest first release that is not later than this one."""
    fitting = _fitting_docs(release)
    if not fitting:
        known = ", ".join(environment_names(role="docs")) or "none"
        raise UsageError(
            f"there is no environment for the documentation of {release.version}",
            f"there are {known}; see docs/how-to/change-an-environment.md",
        )
    return _environment(fitting[max(fitting, key=lambda each: each.micro)])


def _fitting_docs(release: Release) -> dict[Release, str]:
    """The environments that fit for a release's documentation, by their first release."""
    known = environment_names(role="docs")
    first = {Release.parse(str(load_definition(environment_folder(name)).first)): name for name in known}
    return {
        each: name
        for each, name in first.items()
        if each.series == release.series and each.micro <= release.micro
    }


def _environment(name: str) -> Environment:
    return Environment(environment_folder(name))


def listed(option: str, text: str, known: Sequence[str]) -> list[str]:
    """The names in an option's value, with commas between them; raises UsageError for an unknown or repeated one."""
    names = text.split(",")
    for name in names:
        if name not in known:
            raise UsageError(f"{option}: there is no {name!r}", f"there are: {', '.join(known)}")
    if len(set(names)) < len(names):
        raise UsageError(f"{option} {text} names one twice", "name each once")
    return names

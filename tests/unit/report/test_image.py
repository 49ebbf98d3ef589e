"""``invoke image``: what is printed, and when."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from verbatim.cli.values import new_file
from verbatim.commands.image import Provided, provide_image
from verbatim.environments.definition import environment_folder
from verbatim.environments.image import Image
from verbatim.environments.lock import Environment
from verbatim.errors import UsageError
from verbatim.fetch import Fetcher
from verbatim.report.image import show_image


@pytest.fixture
def environment() -> Environment:
    return Environment(environment_folder("source"))


def test_each_place_is_shown_as_soon_as_it_is_there(
    environment: Environment, capsys: pytest.CaptureFixture[str]
) -> None:
    image, shown = Image.of(environment), []

    def provided() -> Iterator[Provided]:
        for each in (Provided("docker", "a:b"), Provided("file", "c.tar"), Provided("registry", "d@e")):
            shown.append(capsys.readouterr().out)
            yield each

    show_image(image, provided())
    assert [*shown, capsys.readouterr().out] == [
        f"{image.name}\n  digest {image.digest}\n  configuration {image.config_digest}\n",
        "  loaded into Docker as a:b\n",
        "  written to c.tar: docker load --input c.tar\n",
        "  pushed: d@e\n",
    ]


@pytest.mark.parametrize("place", ["", "missing/image.tar"])
def test_a_file_that_cannot_be_is_refused_before_anything_is_done(tmp_path: Path, place: str) -> None:
    (tmp_path / "places").mkdir()
    with pytest.raises(UsageError, match=r"^--output .* (exists and )?is not|its folder does not exist"):
        new_file("--output", str(tmp_path / "places" / place))
    assert list((tmp_path / "places").iterdir()) == []


def test_an_image_that_is_wanted_nowhere_is_only_named(environment: Environment, fetcher: Fetcher) -> None:
    image = Image.of(environment)
    assert list(provide_image(image, environment, fetcher, load=False, output=None, reference=None)) == []

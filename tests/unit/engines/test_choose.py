"""Which engines are chosen, and what is said of those that this machine lacks."""

from __future__ import annotations

import pytest

from tests.fake_engine import Fake
from verbatim.engines import choose
from verbatim.engines.choose import choose_engines
from verbatim.engines.docker import Docker
from verbatim.engines.nix import Nix
from verbatim.errors import CapabilityError, UsageError

pytestmark = pytest.mark.usefixtures("unanswered", "no_daemon")


@pytest.fixture
def fakes(monkeypatch: pytest.MonkeyPatch) -> dict[str, Fake]:
    """All the engines, in the place of the real ones."""
    known = {name: Fake(name) for name in choose.NAMES}

    monkeypatch.setattr(choose, "engine", lambda name, **_: known[name])
    return known


@pytest.mark.parametrize("text", ["sandbox", "docker", "docker,sandbox", "nix,docker,sandbox"])
def test_the_engines_that_are_named_are_chosen_in_that_order(text: str, fakes: dict[str, Fake]) -> None:
    # Whether they can run is asked when they are to.
    fakes["docker"].lacks = "no daemon"
    assert [engine.name for engine in choose_engines(text)] == text.split(",")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("podman", "there is no engine 'podman'; there are: sandbox, docker, nix; and all, alone"),
        ("", "there is no engine ''"),
        ("sandbox,", "there is no engine ''"),
        ("sandbox, docker", "there is no engine ' docker'"),
        ("Docker", "there is no engine 'Docker'"),
        ("sandbox,sandbox", "--engine sandbox,sandbox names an engine twice; name each once"),
        ("podman,podman", "names an engine twice"),
        ("all,all", "names an engine twice"),
    ],
)
def test_names_that_are_none_are_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        choose_engines(text)
    assert said in str(refusal.value)


@pytest.mark.parametrize("text", ["sandbox", "docker", "sandbox,docker"])
def test_builders_are_for_nix(text: str) -> None:
    with pytest.raises(UsageError, match="--builders is for the engine nix; add --engine nix"):
        choose_engines(text, builders="ssh-ng://somewhere")


def test_all_are_those_that_this_machine_has_and_the_others_are_named(
    fakes: dict[str, Fake], capsys: pytest.CaptureFixture[str]
) -> None:
    fakes["docker"].lacks = "no daemon"
    assert [engine.name for engine in choose_engines("all")] == ["sandbox", "nix"]
    assert capsys.readouterr().err == (
        "warning: not built with docker: docker: a daemon: no daemon; start it\n"
    )


@pytest.mark.parametrize(
    ("required", "lacking", "refused"),
    [
        (None, "sandbox", True),
        (None, "docker", False),
        ("docker", "docker", True),
        ("docker", "sandbox", False),
        ("sandbox,docker,nix", "nix", True),
        (" sandbox, docker ,", "docker", True),
        ("", "sandbox", False),
    ],
)
def test_required_engines_are_not_skipped(
    required: str | None,
    lacking: str,
    refused: bool,
    fakes: dict[str, Fake],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if required is not None:
        monkeypatch.setenv(choose.REQUIRED, required)
    fakes[lacking].lacks = "not there"
    if refused:
        with pytest.raises(CapabilityError, match=f"{lacking}: a daemon: not there; start it"):
            choose_engines("all")
    else:
        assert lacking not in [engine.name for engine in choose_engines("all")]


def test_what_is_required_must_be_an_engine(fakes: dict[str, Fake], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(choose.REQUIRED, "sandbox,dokcer")
    with pytest.raises(UsageError, match="VERBATIM_REQUIRE_ENGINES: there is no engine 'dokcer'"):
        choose_engines("all")
    assert len(fakes) == len(choose.NAMES)


def test_no_engine_at_all_and_a_single_one_are_told(
    fakes: dict[str, Fake], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(choose.REQUIRED, "")
    fakes["docker"].lacks = fakes["nix"].lacks = "not there"
    assert [engine.name for engine in choose_engines("all")] == ["sandbox"]
    assert "warning: there is only the engine sandbox" in capsys.readouterr().err
    fakes["sandbox"].lacks = "not there"
    with pytest.raises(CapabilityError, match="this machine has no engine"):
        choose_engines("all")


def test_where_an_engine_works_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    places: list[str] = []
    for builders, address in (("", ""), ("ssh-ng://one", "tcp://one"), ("ssh-ng://two", "tcp://two")):
        monkeypatch.setenv("DOCKER_HOST", address)
        places += [Nix(builders).location, Docker().location]
    assert len(set(places)) == len(places)

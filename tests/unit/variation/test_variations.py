"""What a rebuild varies, what it is called, what this machine cannot vary, and whom a difference is blamed on."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verbatim.commands.build import BuildResult
from verbatim.commands.rebuild import Rebuilt
from verbatim.compare.verdict import Verdict
from verbatim.engines.conditions import BuildConditions
from verbatim.environments.definition import environment_folder, environment_names, load_definition
from verbatim.environments.lock import Environment
from verbatim.errors import CapabilityError, MismatchError, UsageError
from verbatim.fetch import Fetcher
from verbatim.report.rebuild import show_rebuilt
from verbatim.sources.source import Identity
from verbatim.stages.plan import Artifact
from verbatim.store import Store
from verbatim.variation.rebuilder import Difference, Findings, find
from verbatim.variation.tools import Tools, varying
from verbatim.variation.variations import MEMORY, VARIATIONS, Host, Value, choose_variations, conditions_of


class MadeTools(Tools):
    """The tools, without anything behind them."""

    def __init__(self) -> None:
        pass

    @property
    def clock(self) -> Path:
        return Path("/tools/faketime")

    def reorder(self, *options: str) -> tuple[str, ...]:
        return ("/tools/disorderfs", *options)

    def locales(self, *names: str) -> Path:
        return Path("/tools/locales")


HOST = Host(frozenset({0, 1, 2}), "", "ext4", MEMORY, MadeTools())

#: The fields of the build conditions that each variation changes.
CHANGED = {
    "build-path": {"build_path"},
    "clock": {"variables", "more_inputs"},
    "cpus": {"cpus"},
    "host": {"host", "domain"},
    "ids": {"uid", "gid", "user", "group"},
    "umask": {"umask"},
    "locale": {"variables", "more_inputs"},
    "time-zone": {"variables"},
    "variables": {"variables"},
    "home": {"home"},
    "kernel": {"personality"},
    "file-order": {"reorder"},
    "address-space": {"personality"},
    "file-system": {"in_memory"},
}


def changed(conditions: BuildConditions) -> set[str]:
    contract = BuildConditions()
    return {
        field.name
        for field in fields(BuildConditions)
        if getattr(conditions, field.name) != getattr(contract, field.name)
    }


# Names.


def test_the_names_stay_as_they_are() -> None:
    assert list(VARIATIONS) == list(CHANGED)


@pytest.mark.parametrize(
    ("text", "names"),
    [("all", list(CHANGED)), ("umask", ["umask"]), ("umask,clock", ["umask", "clock"])],
)
def test_variations_are_chosen_by_name(text: str, names: list[str]) -> None:
    assert [variation.name for variation in choose_variations(text)] == names


@pytest.mark.parametrize("text", ["", "nothing", "umask,", "umask, clock", "all,umask", "Umask"])
def test_an_unknown_name_is_refused_with_the_names_there_are(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        choose_variations(text)
    assert all(name in refused.value.remedy for name in VARIATIONS)


def test_a_name_that_comes_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="umask,clock,umask names a variation twice"):
        choose_variations("umask,clock,umask")


# Values.


@pytest.mark.parametrize("name", VARIATIONS)
def test_both_values_change_what_the_variation_is_named_after_and_nothing_else(name: str) -> None:
    for value in VARIATIONS[name].values(HOST):
        assert changed(conditions_of([value])) == CHANGED[name]


@given(names=st.lists(st.sampled_from(list(VARIATIONS)), unique=True), side=st.sampled_from([0, 1]))
def test_values_of_several_variations_add_up(names: list[str], side: int) -> None:
    """In any order, and none takes away from another."""
    values = [VARIATIONS[name].values(HOST)[side] for name in names]
    together = conditions_of(values)
    assert together == conditions_of(reversed(values))
    for name in names:
        alone = conditions_of([VARIATIONS[name].values(HOST)[side]])
        for field in CHANGED[name]:
            one, all_of_them = getattr(alone, field), getattr(together, field)
            if isinstance(one, Mapping):
                assert one.items() <= all_of_them.items()
            elif field == "personality":
                assert one & all_of_them == one
            else:
                assert one == all_of_them


def test_without_variations_the_surroundings_are_the_contract_s() -> None:
    assert conditions_of([]) == BuildConditions()
    assert BuildConditions().files == {}


def test_who_a_job_is_has_a_name_and_the_host_an_address() -> None:
    conditions = BuildConditions(uid=7, gid=8, user="a", group="b", home="/c", host="d", domain="e")
    assert conditions.files["/etc/passwd"].splitlines()[1:] == ["a:x:7:8:a:/c:/usr/sbin/nologin"]
    assert conditions.files["/etc/group"].splitlines()[2:] == ["b:x:8:"]
    assert conditions.files["/etc/hosts"] == "127.0.0.1 d.e d localhost\n"


def test_root_has_one_entry() -> None:
    conditions = BuildConditions(uid=0, gid=0, user="root", group="root")
    assert conditions.files["/etc/passwd"].count(":x:0:") == 1
    assert conditions.files["/etc/group"].count(":x:0:") == 1


def _c_libraries(environment: Environment) -> set[str]:
    packages = environment.lock.package
    return {package.version.partition("-")[0] for package in packages if package.name == "libc6"}


@pytest.mark.parametrize("name", environment_names())
def test_the_tools_have_the_c_library_of_what_they_vary(name: str) -> None:
    """The clock's library is loaded into the other environment's programs, and the locales are read by its own."""
    varied = Environment(environment_folder(name))
    tools = varying(varied)
    assert tools is not None
    assert tools.lock.architecture == varied.lock.architecture
    assert tools.lock.suite == varied.lock.suite
    assert _c_libraries(tools) == _c_libraries(varied)
    assert len(_c_libraries(tools)) == 1


def test_the_tools_are_the_same_in_every_suite() -> None:
    asked = [
        Environment(environment_folder(name)).definition.packages for name in environment_names(role="vary")
    ]
    assert len(asked) > 1
    assert asked == [asked[0]] * len(asked)


def test_a_suite_that_there_are_no_tools_for_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "old"
    shutil.copytree(environment_folder("source"), folder)
    for name in ("environment.toml", "lock.toml"):
        text = (folder / name).read_text(encoding="utf-8").replace('"trixie"', '"bullseye"', 1)
        (folder / name).write_text(text, encoding="utf-8")
    said = re.sub(
        "(?m)^definition_sha256 = .*$",
        f'definition_sha256 = "{load_definition(folder).sha256}"',
        (folder / "lock.toml").read_text(encoding="utf-8"),
    )
    (folder / "lock.toml").write_text(said, encoding="utf-8")
    tools = Tools(Environment(folder), Fetcher(Store(tmp_path / "cache")), tmp_path)
    with pytest.raises(CapabilityError) as refused:
        tools.reorder()
    assert "to vary old with: it is of Debian bullseye, expected bookworm or trixie" in str(refused.value)
    assert "containers/tools/" in refused.value.remedy


# What cannot be varied.


@pytest.mark.parametrize(
    ("name", "host", "reason"),
    [
        ("cpus", replace(HOST, cpus=frozenset({3})), "there is only one CPU"),
        ("file-order", replace(HOST, fuse_refusal="/dev/fuse: Permission denied"), "/dev/fuse: Perm"),
        ("file-system", replace(HOST, file_system="tmpfs"), "builds are in memory already"),
        ("file-system", replace(HOST, memory=MEMORY - 1), "2.1 GB of memory are available, expected 2.1"),
    ],
)
def test_what_a_machine_cannot_vary_has_a_reason(name: str, host: Host, reason: str) -> None:
    lacks = {variation.name: variation.lack(host) for variation in VARIATIONS.values()}
    assert lacks.pop(name).startswith(reason)
    assert set(lacks.values()) == {""}


def test_a_machine_that_has_all_lacks_nothing() -> None:
    assert [variation.name for variation in VARIATIONS.values() if variation.lack(HOST)] == []


def test_this_machine_is_looked_at(tmp_path: Path) -> None:
    host = Host.look(tmp_path, MadeTools())
    assert host.cpus
    assert host.memory > 0
    assert Host.look(Path("/proc"), MadeTools()).file_system == "proc"


# Whom a difference is blamed on.


class Rebuilds:
    """Rebuilds that only tell whether something would differ."""

    def __init__(self, differs: Callable[[Mapping[str, Value]], bool]) -> None:
        self._differs = differs
        self.made: list[tuple[str, ...]] = []

    def __call__(self, name: str, values: Mapping[str, Value]) -> Difference | None:
        self.made.append(tuple(values))
        return Difference((f"{name}.tgz",)) if self._differs(values) else None


def blamed(differs: Callable[[Mapping[str, Value]], bool]) -> tuple[Findings, Rebuilds]:
    attempt = Rebuilds(differs)
    return find({name: variation.values(HOST) for name, variation in VARIATIONS.items()}, attempt), attempt


def test_two_rebuilds_are_enough_if_nothing_differs() -> None:
    findings, rebuilds = blamed(lambda _: False)
    assert findings.is_identical
    assert rebuilds.made == [tuple(VARIATIONS)] * 2


def test_one_rebuild_is_enough_for_a_variation_of_one_value() -> None:
    attempt = Rebuilds(lambda _: False)
    find({"kernel": VARIATIONS["kernel"].values(HOST)}, attempt)
    assert attempt.made == [("kernel",)]


@pytest.mark.parametrize("name", VARIATIONS)
def test_the_variation_that_makes_the_difference_is_blamed(name: str) -> None:
    findings, _ = blamed(lambda values: name in values)
    assert not findings.is_identical
    assert findings.unvaried is None
    assert list(findings.alone) == [name]


@pytest.mark.parametrize("text", ["077", "000"])
def test_a_difference_on_one_side_is_enough(text: str) -> None:
    findings, rebuilds = blamed(lambda values: "umask" in values and values["umask"].text == text)
    assert list(findings.alone) == ["umask"]
    # Together twice, once with nothing, and each alone on that side only.
    assert len(rebuilds.made) == 3 + len(VARIATIONS)


def test_several_are_blamed_on_whichever_side_they_show() -> None:
    spoils = {"umask": "077", "clock": "20 years behind", "kernel": "release 2.6"}
    findings, rebuilds = blamed(
        lambda values: any(name in values and values[name].text == text for name, text in spoils.items())
    )
    assert findings.alone.keys() == spoils.keys()
    # The same is not tried twice.
    assert rebuilds.made.count(("kernel",)) == rebuilds.made.count(("file-system",)) == 1


def test_no_variation_is_blamed_for_what_differs_anyway() -> None:
    findings, rebuilds = blamed(lambda _: True)
    assert findings.unvaried is not None
    assert findings.alone == {}
    assert rebuilds.made == [tuple(VARIATIONS), tuple(VARIATIONS), ()]


def test_none_alone_is_blamed_for_what_takes_two() -> None:
    findings, _ = blamed(lambda values: {"umask", "clock"} <= values.keys())
    assert (len(findings.together), findings.unvaried, findings.alone) == (2, None, {})


# What is said.

ARTIFACT = Artifact(Path("/dist/3.13.5/a.tgz"), 1, "0" * 64)
VERDICT = Verdict("unpublished", "nothing is published to compare with")
BUILT = BuildResult(
    "source",
    Path("/dist/3.13.5"),
    True,
    Identity("tarball", "a", {"sha256": "1" * 64}),
    [ARTIFACT],
    [VERDICT],
    {},
)
OTHER = Difference(("a.tgz",))
BROKEN = Difference((), "the recipe failed")


def rebuilt(findings: Findings) -> Rebuilt:
    varied = {"umask": ["077", "000"], "kernel": ["release 2.6"]}
    return Rebuilt(BUILT, varied, {"cpus": "there is only one CPU"}, findings, Path("/kept"))


@pytest.mark.parametrize(
    ("findings", "said", "refused"),
    [
        (Findings(), "identical, rebuilt under other conditions\n", None),
        (
            Findings([OTHER], OTHER),
            "with nothing varied: a.tgz: different",
            "differs even with nothing varied: time passing, randomness, or a race",
        ),
        (
            Findings([OTHER], None, {"umask": OTHER, "kernel": BROKEN}),
            "with umask varied: a.tgz: different\n  with kernel varied: the recipe failed\n",
            "depends on: umask, kernel; ",
        ),
        (
            Findings([OTHER, BROKEN]),
            "with everything varied: a.tgz: different\n  with everything varied: the recipe failed\n",
            "only with several things varied at once",
        ),
    ],
)
def test_the_result_says_what_was_varied_what_not_and_what_is_to_blame(
    findings: Findings, said: str, refused: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    result = rebuilt(findings)
    show_rebuilt(result, as_json=False)
    shown = capsys.readouterr().out
    assert said in shown
    assert ("identical" in shown) == (refused is None)
    assert "  umask          077, then 000\n  kernel         release 2.6\n" in shown
    assert "not varied:\n  cpus           there is only one CPU\n" in shown
    if refused is None:
        result.raise_for_difference()
    else:
        with pytest.raises(MismatchError, match=refused) as error:
            result.raise_for_difference()
        assert "/kept" in str(error.value)


def test_a_program_reads_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    show_rebuilt(rebuilt(Findings([OTHER], None, {"umask": OTHER})), as_json=True)
    assert json.loads(capsys.readouterr().out) == {
        "schema": 1,
        "identical": False,
        "artifacts": [
            {"name": "a.tgz", "sha256": "0" * 64, "verdict": "unpublished", "summary": VERDICT.text}
        ],
        "varied": {"umask": ["077", "000"], "kernel": ["release 2.6"]},
        "not_varied": {"cpus": "there is only one CPU"},
        "different": {
            "together": [{"artifacts": ["a.tgz"], "failure": ""}],
            "unvaried": None,
            "alone": {"umask": {"artifacts": ["a.tgz"], "failure": ""}},
        },
    }

"""Versions, the names that follow from them, and what the project knows to be published."""

from __future__ import annotations

from pathlib import Path

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from verbatim.digest import is_sha256
from verbatim.errors import IntegrityError, UsageError
from verbatim.paths import RELEASES
from verbatim.release import Published, Release


@pytest.mark.parametrize(
    ("text", "series", "base"),
    [
        ("3.13.5", "3.13", "3.13.5"),
        ("3.12.0", "3.12", "3.12.0"),
        ("3.14.0rc1", "3.14", "3.14.0"),
        ("3.15.0b4", "3.15", "3.15.0"),
        ("3.15.0a1", "3.15", "3.15.0"),
        ("3.14.0a10", "3.14", "3.14.0"),
        ("3.8.20", "3.8", "3.8.20"),
        ("3.100.0", "3.100", "3.100.0"),
    ],
)
def test_a_version_is_read(text: str, series: str, base: str) -> None:
    assert Release.parse(text) == Release(version=text, series=series, base=base)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "latest", "3", "3.13", "3.13.", "3.13.5.1", "3..5", ".13.5", "2.7.18", "4.0.0", "13.3.5",
        "v3.13.5", "Python-3.13.5", "3.13.5-rc1", "3.13.5.rc1", "3.13.5c1", "3.13.5rc", "3.13.5rc0", "3.13.5rc01",
        "3.13.5RC1", "3.13.5a", "3.13.5b1rc1", "3.13.5.dev0", "3.13.5.post1", "3.13.5+local", "0!3.13.5",
        "03.13.5", "3.013.5", "3.13.05", "3.13.00", "3.13.-5", "3.+13.5", "3.1_3.5", "3.13.5\n", "\n3.13.5",
        " 3.13.5", "3.13.5 ", "3.13 .5", "3.13.5\0", "3.13.5\r\n", "3.13.x", "3.0x13.5", "3,13,5",
        "3.१३.५", "3.13.\N{SUPERSCRIPT FIVE}", "\N{FULLWIDTH DIGIT THREE}.13.5", "3\N{FULLWIDTH FULL STOP}13.5",
        "../3.13.5", "3.13.5/..", "3.13.5/../../etc", "--help", "3.13.5;id", "$(id)", "3.13.5%00",
        "3.99999.0", "3.13." + "9" * 5000, "3.13.5" * 10_000, "3.13.5rc9999",
    ],
)  # fmt: skip
def test_anything_else_is_refused_and_a_version_described(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        Release.parse(text)
    assert "3.13.5" in caught.value.remedy
    assert caught.value.status == 2


numbers = st.integers(0, 9999)
stages = st.one_of(
    st.just(""), st.builds("{}{}".format, st.sampled_from(["a", "b", "rc"]), st.integers(1, 999))
)


@given(numbers, numbers, stages)
@settings(deadline=None)
def test_every_version_round_trips(minor: int, micro: int, stage: str) -> None:
    release = Release.parse(f"3.{minor}.{micro}{stage}")
    assert release == Release(f"3.{minor}.{micro}{stage}", f"3.{minor}", f"3.{minor}.{micro}")
    assert Release.parse(release.tag.removeprefix("v")) == release
    assert Release.parse(release.folder.removeprefix("Python-")) == release
    assert Release.parse(release.base).version == release.base


@given(st.text("0123456789.abrcv-\n ٣", max_size=12) | st.from_regex(r"3\.[0-9]+\.[0-9]+((a|b|rc)[0-9]+)?"))
@settings(deadline=None)
def test_what_is_accepted_is_a_safe_name_and_spelt_in_one_way(text: str) -> None:
    try:
        release = Release.parse(text)
    except UsageError:
        return
    assert release.version == text
    assert text.isascii()
    assert text.replace(".", "").isalnum()
    numbers = text.replace("a", ".").replace("b", ".").replace("rc", ".").split(".")
    assert [str(int(number)) for number in numbers] == numbers


def test_the_names_follow_from_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERBATIM_PYTHON_MIRROR", "https://a.example.org/ftp/ http://b.example.org")
    release = Release.parse("3.14.0rc1")
    assert release.tag == "v3.14.0rc1"
    assert release.folder == "Python-3.14.0rc1"
    assert release.source_tarballs == ("Python-3.14.0rc1.tar.xz", "Python-3.14.0rc1.tgz")
    assert release.urls("Python-3.14.0rc1.tgz") == [
        "https://a.example.org/ftp/3.14.0/Python-3.14.0rc1.tgz",
        "http://b.example.org/3.14.0/Python-3.14.0rc1.tgz",
        "https://www.python.org/ftp/python/3.14.0/Python-3.14.0rc1.tgz",
    ]
    assert release.urls("python-3.14.0rc1-docs.epub")[2] == (
        "https://www.python.org/ftp/python/doc/3.14.0rc1/python-3.14.0rc1-docs.epub"
    )


def data(name: str) -> dict[str, dict[str, str]]:
    return tomli.loads((RELEASES / name).read_text(encoding="utf-8"))


def test_every_published_hash_is_one_of_a_release() -> None:
    published = data("published.toml")
    assert "3.13.5" in published
    for version, hashes in published.items():
        release = Release.parse(version)
        assert hashes
        assert hashes.keys() <= set(release.source_tarballs)
        assert all(is_sha256(sha256) for sha256 in hashes.values())
        assert Published.of(release).hashes == hashes
    every = [sha256 for hashes in published.values() for sha256 in hashes.values()]
    assert len(set(every)) == len(every)


def test_every_mirrored_file_has_a_published_hash() -> None:
    published = data("published.toml")
    for version, files in data("mirrored.toml").items():
        assert files.keys() <= published[version].keys()
        for path in files.values():
            assert path.startswith("pool/")
            assert ".." not in path.split("/")
        assert Published.of(Release.parse(version)).debian_paths == files


def test_of_an_unknown_release_nothing_is_published() -> None:
    assert Published.of(Release.parse("3.99.0")) == Published({}, {})


@pytest.mark.parametrize(
    "text",
    [
        "not TOML",
        '["3.99.0"]\n"Python-3.99.0.tgz" = "0"\n',
        f'["3.99.0"]\n"Python-3.99.0.tgz" = "{"A" * 64}"\n',
        f'["3.99.0"]\n"Python-3.99.0.tgz" = "{"a" * 64}\\n"\n',
        '["3.99.0"]\n"Python-3.99.0.tgz" = 1\n',
        '"3.99.0" = "a"\n',
        "\udcff",
    ],
)
def test_damaged_data_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "published.toml").write_bytes(text.encode(errors="surrogateescape"))
    (tmp_path / "mirrored.toml").write_text("")
    with pytest.raises(IntegrityError, match=r"published\.toml"):
        Published.of(Release.parse("3.99.0"), tmp_path)

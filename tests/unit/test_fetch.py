"""Downloads from mirrors that are good, bad, slow or gone."""

from __future__ import annotations

import gzip
import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers import Page, Site
from verbatim.addresses import showable
from verbatim.digest import sha256_bytes
from verbatim.errors import IntegrityError, NetworkError, UsageError
from verbatim.fetch import Download, Fetcher, Served
from verbatim.store import Store
from verbatim.transfer import Clock, RetryPolicy

CONTENT = bytes(range(256)) * 1000
WRONG = CONTENT[::-1]
SHA256 = sha256_bytes(CONTENT)


def download(*urls: str, size: int | None = len(CONTENT), content: bytes = CONTENT) -> Download:
    return Download("a file", sha256_bytes(content), urls, size, advice="ask someone else")


def assert_nothing_came(store: Store, sha256: str = SHA256) -> None:
    assert store.find(sha256) is None
    with store.entering(sha256) as partial:
        assert not partial.exists()


@pytest.fixture
def other() -> Site:
    """A second mirror; each test opens it itself."""
    return Site()


def leave_partial(store: Store, content: bytes) -> None:
    """As a run that was killed does."""
    with store.entering(SHA256) as partial:
        partial.write_bytes(content)


@pytest.mark.parametrize("size", [len(CONTENT), None])
def test_a_file_comes_into_the_store(site: Site, fetcher: Fetcher, store: Store, size: int | None) -> None:
    page = site.serve("/file", CONTENT)
    path = fetcher.fetch(download(f"{site.url}/file", size=size))
    assert path.read_bytes() == CONTENT
    assert path == store.find(SHA256)
    assert page.asked == [""]


def test_an_empty_file_comes_too(site: Site, fetcher: Fetcher) -> None:
    site.serve("/file", b"")
    assert fetcher.fetch(download(f"{site.url}/file", size=0, content=b"")).read_bytes() == b""


def test_the_bytes_come_as_they_are(site: Site, fetcher: Fetcher) -> None:
    """Many a server calls a .tgz a tar file that was compressed for the way; its hash is that of the .tgz."""
    content = gzip.compress(CONTENT)
    site.serve("/file.tgz", Page(content, headers={"Content-Encoding": "x-gzip"}))
    wanted = download(f"{site.url}/file.tgz", size=len(content), content=content)
    assert fetcher.fetch(wanted).read_bytes() == content


def test_what_is_here_is_not_fetched_again(site: Site, fetcher: Fetcher) -> None:
    page = site.serve("/file", CONTENT)
    wanted = download(f"{site.url}/file")
    assert fetcher.fetch(wanted) == fetcher.fetch(wanted)
    assert len(page.asked) == 1


def test_a_file_altered_in_the_store_is_fetched_anew(
    site: Site, fetcher: Fetcher, capsys: pytest.CaptureFixture[str]
) -> None:
    site.serve("/file", CONTENT)
    path = fetcher.fetch(download(f"{site.url}/file"))
    path.chmod(0o600)
    path.write_bytes(WRONG)
    assert fetcher.fetch(download(f"{site.url}/file")).read_bytes() == CONTENT
    assert "was altered" in capsys.readouterr().err


def test_the_files_are_in_the_order_asked_for(site: Site, fetcher: Fetcher) -> None:
    contents = [b"%d" % number * (12 - number) for number in range(12)]
    for number, content in enumerate(contents):
        site.serve(f"/{number}", Page(content, failures=number % 3))
    wanted = [
        download(f"{site.url}/{number}", size=len(content), content=content)
        for number, content in enumerate(contents)
    ]
    fetcher.fetch(wanted[7])
    found = fetcher.fetch_all([*wanted, wanted[3]], "files")
    assert [path.read_bytes() for path in found] == [*contents, contents[3]]


def test_a_file_asked_for_twice_is_transferred_once(site: Site, fetcher: Fetcher) -> None:
    page = site.serve("/file", CONTENT)
    first, second = fetcher.fetch_all([download(f"{site.url}/file")] * 2, "files")
    assert first == second
    assert len(page.asked) == 1


def test_the_first_mirror_that_has_it_is_the_last_asked(site: Site, fetcher: Fetcher) -> None:
    failing = site.serve("/failing", Page(CONTENT, failures=-1, status=503))
    good = site.serve("/good", CONTENT)
    spare = site.serve("/spare", CONTENT)
    urls = [f"{site.url}/{name}" for name in ("missing", "failing", "good", "spare")]
    assert fetcher.fetch(download(*urls)).read_bytes() == CONTENT
    assert (len(failing.asked), len(good.asked), len(spare.asked)) == (3, 1, 0)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_failure_that_passes_is_tried_again(site: Site, fetcher: Fetcher, status: int) -> None:
    page = site.serve("/file", Page(CONTENT, failures=2, status=status))
    assert fetcher.fetch(download(f"{site.url}/file")).read_bytes() == CONTENT
    assert len(page.asked) == 3


@pytest.mark.parametrize(
    ("status", "requests"), [(404, 1), (403, 1), (500, 3)], ids=["missing", "forbidden", "broken"]
)
def test_where_no_mirror_has_it_the_message_says_what_to_do(
    site: Site, fetcher: Fetcher, store: Store, status: int, requests: int
) -> None:
    pages = [site.serve(path, Page(failures=-1, status=status)) for path in ("/one", "/two")]
    with pytest.raises(NetworkError) as caught:
        fetcher.fetch(download(f"{site.url}/one", f"{site.url}/two"))
    assert [len(page.asked) for page in pages] == [requests, requests]
    assert caught.value.remedy.startswith("ask someone else, or name another mirror in VERBATIM_")
    assert caught.value.message.count(f"the server answered {status}") == 2
    assert f"{site.url}/one" in caught.value.message
    assert_nothing_came(store)


def test_without_a_mirror_it_says_so(fetcher: Fetcher) -> None:
    with pytest.raises(NetworkError, match="no mirror is known for it; ask someone else"):
        fetcher.fetch(download())


@pytest.mark.parametrize("url", ["http://", "nonsense", "gopher://example.invalid/file"])
def test_what_is_no_address_is_a_mirror_that_fails(site: Site, fetcher: Fetcher, url: str) -> None:
    site.serve("/file", CONTENT)
    assert fetcher.fetch(download(url, f"{site.url}/file")).read_bytes() == CONTENT
    with pytest.raises(NetworkError, match=f"{showable(url)}: it"):
        fetcher.fetch(download(url, content=b"another"))


@pytest.mark.parametrize("size", [len(CONTENT), None])
@pytest.mark.parametrize(
    "bad", [WRONG, CONTENT + b"!", CONTENT[:-1], b""], ids=["other", "longer", "shorter", "empty"]
)
def test_wrong_bytes_never_come_in(
    site: Site, fetcher: Fetcher, store: Store, size: int | None, bad: bytes
) -> None:
    site.serve("/bad", bad)
    site.serve("/good", CONTENT)
    with pytest.raises((IntegrityError, NetworkError), match=f"{site.url}/bad: it "):
        fetcher.fetch(download(f"{site.url}/bad", size=size))
    assert store.find(SHA256) is None
    assert fetcher.fetch(download(f"{site.url}/good", size=size)).read_bytes() == CONTENT


def test_a_corrupted_mirror_is_named(site: Site, fetcher: Fetcher, store: Store) -> None:
    page = site.serve("/file", WRONG)
    with pytest.raises(IntegrityError) as caught:
        fetcher.fetch(download(f"{site.url}/missing", f"{site.url}/file"))
    expected = f"{site.url}/file: it has SHA-256 {sha256_bytes(WRONG)}, expected {SHA256}"
    assert expected in caught.value.message
    assert "use a mirror that you trust" in caught.value.remedy
    assert len(page.asked) == 1
    assert_nothing_came(store)
    assert store.find(sha256_bytes(WRONG)) is None


def test_a_corrupted_mirror_is_left_for_the_next(
    site: Site, fetcher: Fetcher, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    site.serve("/bad", WRONG)
    good = site.serve("/good", CONTENT)
    path = fetcher.fetch(download(f"{site.url}/bad", f"{site.url}/good"))
    assert path.read_bytes() == CONTENT
    assert good.asked == [""]
    assert f"warning: {site.url}/bad: it has SHA-256" in capsys.readouterr().err
    assert store.find(sha256_bytes(WRONG)) is None


def test_a_file_that_is_too_large_is_broken_off(site: Site, store: Store) -> None:
    site.serve("/file", CONTENT)
    impatient = Fetcher(store, retries=RetryPolicy(largest=1000))
    with pytest.raises(IntegrityError, match="it has more than the expected 1000 bytes"):
        impatient.fetch(download(f"{site.url}/file", size=None))
    with pytest.raises(IntegrityError, match="it has more than the expected 999 bytes"):
        impatient.fetch(download(f"{site.url}/file", size=999))
    assert_nothing_came(store)


def test_a_truncated_download_goes_on_where_it_ended(site: Site, fetcher: Fetcher) -> None:
    page = site.serve("/file", Page(CONTENT, breaks=2, break_after=70_000))
    assert fetcher.fetch(download(f"{site.url}/file")).read_bytes() == CONTENT
    assert page.asked == ["", "bytes=70000-", "bytes=140000-"]


def test_the_next_mirror_goes_on_where_the_first_ended(site: Site, fetcher: Fetcher) -> None:
    site.serve("/broken", Page(CONTENT, breaks=-1, break_after=1000))
    good = site.serve("/good", CONTENT)
    path = fetcher.fetch(download(f"{site.url}/broken", f"{site.url}/good"))
    assert path.read_bytes() == CONTENT
    assert good.asked == ["bytes=3000-"]


def test_the_next_run_goes_on_where_the_last_ended(site: Site, fetcher: Fetcher, store: Store) -> None:
    leave_partial(store, CONTENT[:5000])
    page = site.serve("/file", CONTENT)
    assert fetcher.fetch(download(f"{site.url}/file")).read_bytes() == CONTENT
    assert page.asked == ["bytes=5000-"]


def test_a_truncated_download_is_kept_for_the_next_run(site: Site, fetcher: Fetcher, store: Store) -> None:
    site.serve("/file", Page(CONTENT, breaks=-1, break_after=1000))
    with pytest.raises(NetworkError, match="the transfer broke off"):
        fetcher.fetch(download(f"{site.url}/file"))
    assert store.find(SHA256) is None
    page = site.serve("/file", CONTENT)
    assert fetcher.fetch(download(f"{site.url}/file")).read_bytes() == CONTENT
    assert page.asked == ["bytes=3000-"]


def test_an_end_that_nobody_announced_is_no_end(site: Site, fetcher: Fetcher) -> None:
    page = site.serve("/file", Page(CONTENT, breaks=1, break_after=1000, tells_length=False))
    assert fetcher.fetch(download(f"{site.url}/file")).read_bytes() == CONTENT
    assert page.asked == ["", "bytes=1000-"]


def test_a_server_without_ranges_starts_anew(site: Site, fetcher: Fetcher) -> None:
    page = site.serve("/file", Page(CONTENT, breaks=1, break_after=1000, ranges=False))
    assert fetcher.fetch(download(f"{site.url}/file")).read_bytes() == CONTENT
    assert page.asked == ["", "bytes=1000-"]


@pytest.mark.parametrize("size", [len(CONTENT), None])
@pytest.mark.parametrize(
    "poison",
    [b"", WRONG[:5000], WRONG, CONTENT, CONTENT + b"more"],
    ids=["empty", "part", "whole", "complete", "longer"],
)
def test_whatever_an_earlier_run_left_the_right_bytes_come(
    site: Site, fetcher: Fetcher, store: Store, poison: bytes, size: int | None
) -> None:
    leave_partial(store, poison)
    site.serve("/file", CONTENT)
    assert fetcher.fetch(download(f"{site.url}/file", size=size)).read_bytes() == CONTENT


def test_a_mirror_that_hangs_is_left_for_the_next(site: Site, impatient: Fetcher, other: Site) -> None:
    good = site.serve("/file", CONTENT)
    with other:
        hanging = other.serve("/file", Page(hangs=True))
        path = impatient.fetch(download(f"{other.url}/file", f"{site.url}/file"))
    assert path.read_bytes() == CONTENT
    assert len(hanging.asked) == 3
    assert good.asked == [""]


def test_where_a_mirror_hangs_in_the_middle_the_next_goes_on(
    site: Site, impatient: Fetcher, other: Site
) -> None:
    good = site.serve("/file", CONTENT)
    with other:
        hanging = other.serve("/file", Page(CONTENT, hangs=True, break_after=1000))
        path = impatient.fetch(download(f"{other.url}/file", f"{site.url}/file"))
    assert path.read_bytes() == CONTENT
    assert hanging.asked == ["", "bytes=1000-", "bytes=2000-"]
    assert good.asked == ["bytes=3000-"]


class _Slow(Clock):
    """A clock on which each piece takes forty seconds."""

    def __init__(self) -> None:
        self._ticks = itertools.count(0, 40)

    def ticks(self) -> float:
        return next(self._ticks)


def test_a_mirror_that_is_too_slow_is_left(site: Site, store: Store) -> None:
    page = site.serve("/file", CONTENT)
    with pytest.raises(NetworkError, match=r"too slow: [0-9]+ bytes in 40 s"):
        Fetcher(store, retries=RetryPolicy(slowest=1 << 20), clock=_Slow()).fetch(
            download(f"{site.url}/file")
        )
    assert page.asked == [""]


def test_a_mirror_that_hangs_is_remembered(site: Site, impatient: Fetcher, other: Site) -> None:
    with other:
        hanging = [other.serve(f"/{number}", Page(hangs=True)) for number in range(2)]
        for number in range(2):
            content = b"%d" % number
            site.serve(f"/{number}", content)
            urls = (f"{other.url}/{number}", f"{site.url}/{number}")
            impatient.fetch(download(*urls, size=1, content=content))
        assert [len(page.asked) for page in hanging] == [3, 0]


def test_where_the_only_mirror_hangs_it_is_a_network_failure(
    site: Site, impatient: Fetcher, store: Store
) -> None:
    site.serve("/file", Page(hangs=True))
    with pytest.raises(NetworkError, match=f"{site.url}/file: no answer in time"):
        impatient.fetch(download(f"{site.url}/file"))
    assert_nothing_came(store)


def test_a_refused_connection_is_remembered(site: Site, fetcher: Fetcher, other: Site) -> None:
    port = other.port
    with other:
        pass
    gone = f"http://127.0.0.1:{port}"
    site.serve("/one", CONTENT)
    site.serve("/two", WRONG)
    fetcher.fetch(download(f"{gone}/one", f"{site.url}/one"))
    with Site(port) as back:
        late = back.serve("/two", WRONG)
        fetcher.fetch(download(f"{gone}/two", f"{site.url}/two", content=WRONG))
        assert late.asked == []
        with pytest.raises(NetworkError, match=f"127.0.0.1:{port} cannot be reached"):
            fetcher.fetch(download(f"{gone}/three", content=b"three"))


def test_a_refused_connection_is_a_network_failure(fetcher: Fetcher, other: Site) -> None:
    with other:
        pass
    with pytest.raises(NetworkError, match="connection refused; ask someone else"):
        fetcher.fetch(download(f"{other.url}/file"))


def test_offline_only_the_store_is_asked(site: Site, store: Store, fetcher: Fetcher) -> None:
    site.serve("/one", CONTENT)
    page = site.serve("/two", WRONG)
    one, two = download(f"{site.url}/one"), download(f"{site.url}/two", content=WRONG)
    fetcher.fetch(one)
    offline = Fetcher(store, offline=True)
    assert offline.fetch(one).read_bytes() == CONTENT
    with pytest.raises(UsageError, match=r"1 of 2 files missing.*run once without --offline"):
        offline.fetch_all([one, two], "files")
    assert page.asked == []


def test_one_failure_among_many_fails_them_all(site: Site, fetcher: Fetcher, store: Store) -> None:
    site.serve("/good", CONTENT)
    site.serve("/bad", CONTENT)
    with pytest.raises(IntegrityError, match=f"{site.url}/bad"):
        fetcher.fetch_all([download(f"{site.url}/good"), download(f"{site.url}/bad", content=WRONG)], "files")
    assert store.find(sha256_bytes(WRONG)) is None


_FETCH = """
import sys
from pathlib import Path
from types import SimpleNamespace
from verbatim.fetch import Download, Fetcher, Served
from verbatim.store import Store
cache, url, sha256 = sys.argv[1:]
print(Fetcher(Store(Path(cache))).fetch(Download("a file", sha256, (url,))))
"""


def test_two_processes_transfer_a_file_once(site: Site, cache: Path) -> None:
    page = site.serve("/file", CONTENT)
    command = [sys.executable, "-c", _FETCH, str(cache), f"{site.url}/file", SHA256]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    found = [process.communicate(timeout=30)[0].strip() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [Path(path).read_bytes() for path in found] == [CONTENT, CONTENT]
    assert len(page.asked) == 1


def test_a_killed_process_leaves_nothing_that_stops_the_next(
    site: Site, cache: Path, impatient: Fetcher
) -> None:
    page = site.serve("/file", Page(hangs=True))
    command = [sys.executable, "-c", _FETCH, str(cache), f"{site.url}/file", SHA256]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        assert page.reached.wait(30)
        process.kill()
    site.serve("/file", CONTENT)
    assert impatient.fetch(download(f"{site.url}/file")).read_bytes() == CONTENT


def test_a_redirection_is_followed_and_its_body_is_not_read(site: Site, fetcher: Fetcher) -> None:
    site.serve("/file", CONTENT)
    moved = {"Location": f"{site.url}/file", "Content-Encoding": "gzip"}
    site.serve("/moved", Page(b"no gzip at all", redirects=302, headers=moved))
    assert fetcher.fetch(download(f"{site.url}/moved")).read_bytes() == CONTENT


def test_redirections_in_circles_end(site: Site, fetcher: Fetcher) -> None:
    site.serve("/circle", Page(redirects=302, headers={"Location": "/circle"}))
    with pytest.raises(NetworkError, match="in circles"):
        fetcher.fetch(download(f"{site.url}/circle"))


def test_a_length_that_is_no_length_is_not_believed(site: Site, fetcher: Fetcher) -> None:
    site.serve("/file", Page(CONTENT, tells_length=False, headers={"Content-Length": "9" * 5000}))
    assert fetcher.fetch(download(f"{site.url}/file", size=None)).read_bytes() == CONTENT


# What is served, whatever it is.


def served(fetcher: Fetcher, tmp_path: Path, *urls: str) -> Served:
    return fetcher.fetch_served("a file", urls, tmp_path / "served")


def test_what_is_served_is_hashed_and_does_not_enter_the_store(
    site: Site, fetcher: Fetcher, store: Store, tmp_path: Path
) -> None:
    site.serve("/a", CONTENT)
    found = served(fetcher, tmp_path, f"{site.url}/missing", f"{site.url}/a")
    assert found == Served(tmp_path / "served", sha256_bytes(CONTENT), f"{site.url}/a")
    assert found.path.read_bytes() == CONTENT
    assert store.find(found.sha256) is None


def test_what_breaks_off_is_begun_anew_and_not_put_together_from_two_files(
    site: Site, fetcher: Fetcher, tmp_path: Path
) -> None:
    page = site.serve("/a", Page(CONTENT, breaks=1, break_after=5))
    assert served(fetcher, tmp_path, f"{site.url}/a").path.read_bytes() == CONTENT
    assert page.asked == ["", ""]


def test_what_is_served_has_a_largest_size_and_the_next_address_begins_anew(
    site: Site, store: Store, tmp_path: Path
) -> None:
    limited = Fetcher(store, retries=RetryPolicy(largest=1000))
    site.serve("/bomb", bytes(2000))
    site.serve("/a", b"a")
    with pytest.raises(NetworkError, match="more than the expected 1000 bytes"):
        served(limited, tmp_path, f"{site.url}/bomb")
    assert served(limited, tmp_path, f"{site.url}/bomb", f"{site.url}/a").path.read_bytes() == b"a"


def test_where_nothing_is_served_that_is_said(site: Site, fetcher: Fetcher, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="the server answered 404"):
        served(fetcher, tmp_path, f"{site.url}/a", "http://[")


def test_without_a_network_nobody_is_asked(store: Store, site: Site, tmp_path: Path) -> None:
    page = site.serve("/a", CONTENT)
    with pytest.raises(UsageError, match="run without --offline"):
        served(Fetcher(store, offline=True), tmp_path, f"{site.url}/a")
    assert page.asked == []


def test_a_mirror_that_cannot_be_reached_is_said_once(
    fetcher: Fetcher, other: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    with other:
        pass
    files = [
        replace(download(f"{other.url}/a", f"{other.url}/b", content=bytes([number]), size=1), advice="")
        for number in range(5)
    ]
    for each in files:
        with pytest.raises(NetworkError, match="or name another mirror in VERBATIM_PYTHON_MIRROR"):
            fetcher.fetch(each)
    printed = capsys.readouterr().err
    assert printed.count("cannot be reached, and is not asked again: connection refused") == 1
    assert "done in" not in printed

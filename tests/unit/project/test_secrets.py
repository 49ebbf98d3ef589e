"""No secret of an address is shown: a marked password is sent through every way in, and all that comes out is looked at."""

from __future__ import annotations

import ast
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from invoke.collection import Collection
from invoke.loader import FilesystemLoader

from tests.program import Ended, run_in_process
from tests.servers import Page, Site
from verbatim.addresses import Address, masked, showable
from verbatim.environments import mirrors
from verbatim.environments.wheels import _pip
from verbatim.errors import VerbatimError
from verbatim.paths import PROJECT

# A task that is run in this process takes the signals over.
pytestmark = pytest.mark.usefixtures("interrupts", "unanswered")

MARK = "mArKeD"

#: Passwords, from the plain to such as no address can hold as they are.
PASSWORDS = (
    MARK,
    f"p@{MARK}",
    f"80/{MARK}",
    f"80 {MARK} p",
    f"p#{MARK}",
    f"[{MARK}",
    f"p/{MARK}",
    f"p?{MARK}",
    f"p:{MARK}",
    f"p%40{MARK}%2F",
    f"p {MARK}",
    f"p\\{MARK}",
    f"ü{MARK}",
    f"'{MARK}\"",
    f"{MARK}\t",
)

#: Through the whole program, the more telling ones each time.
each_password = pytest.mark.parametrize(
    "password",
    [
        *PASSWORDS[:4],
        *(pytest.param(password, marks=pytest.mark.slow) for password in PASSWORDS[4:]),
    ],
)

#: What each environment variable that Verbatim knows of holds: an address, or something else.
ADDRESS_VARIABLES = {
    "VERBATIM_DEBIAN_MIRROR",
    "VERBATIM_GIT_URL",
    "VERBATIM_PYTHON_MIRROR",
    "DOCKER_HOST",
    "HTTPS_PROXY",
    "NIX_REMOTE",
}
OTHER_VARIABLES = {
    "CURL_CA_BUNDLE",
    "DOCKER_CERT_PATH",
    "DOCKER_CONFIG",
    "DOCKER_CONTEXT",
    "DOCKER_TLS_VERIFY",
    "GIT_PROXY",
    "GIT_SSL_CAINFO",
    "NO_PROXY",
    "REQUESTS_CA_BUNDLE",
    "SIGSTORE_IDENTITY_TOKEN",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "VERBATIM_CACHE",
    "VERBATIM_LOG",
    "VERBATIM_VENV",
    "VERBATIM_REQUIRE_ENGINES",
}
#: The same of the tasks' options.
ADDRESS_OPTIONS = {"builders", "push", "source"}
OTHER_OPTIONS = {
    "against",
    "against-git",
    "all",
    "artifacts",
    "as",
    "attestations",
    "commit",
    "debug",
    "engine",
    "docker",
    "environment",
    "explain",
    "check",
    "first",
    "folder",
    "formats",
    "html",
    "identity",
    "integration",
    "jobs",
    "json",
    "keep-downloads",
    "key",
    "load",
    "make",
    "offline",
    "optimize",
    "older-than",
    "output",
    "policy",
    "protect",
    "quick",
    "reason",
    "release",
    "rounds",
    "second",
    "slow",
    "stage",
    "statement",
    "step",
    "tests",
    "trust-config",
    "keyring",
    "vary",
    "version",
    "which",
}


def test_every_option_is_known_to_take_an_address_or_not() -> None:
    module, _ = FilesystemLoader(start=str(PROJECT)).load("tasks")
    contexts = Collection.from_module(module).to_contexts()
    options = {
        str(name).strip("_").replace("_", "-")
        for context in contexts
        for name in context.args
        if len(name) > 1
    }
    assert options == ADDRESS_OPTIONS | OTHER_OPTIONS


def test_every_variable_is_known_to_hold_an_address_or_not() -> None:
    """Those that the code names, and those that the reference promises."""
    found = set(re.findall(r"[A-Z]+(?:_[A-Z]+)+", (PROJECT / "docs/reference/variables.md").read_text()))
    for path in (PROJECT / "verbatim").rglob("*.py"):
        found |= set(_variables(ast.parse(path.read_text(encoding="utf-8"))))
    inside = {"SOURCE_DATE_EPOCH", "PYTHONHASHSEED", "LC_ALL"}
    assert found - inside == ADDRESS_VARIABLES | OTHER_VARIABLES


def _variables(tree: ast.AST) -> Iterator[str]:
    """Texts that look like the names of settings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from re.findall(
                r"^(?:(?:VERBATIM|DOCKER|SIGSTORE|SSL|NIX)_[A-Z_]+|[A-Z]+_(?:PROXY|URL|HOST|REMOTE))$",
                node.value,
            )


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine with no program but git, where nobody waits between two attempts."""
    programs = tmp_path / "programs"
    programs.mkdir()
    git = shutil.which("git")
    assert git is not None
    (programs / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr("verbatim.transfer.Clock.sleep", lambda _clock, _seconds: None)
    monkeypatch.setattr("verbatim.sources.repository._ATTEMPTS", 1)
    mirrors._host_mirrors.cache_clear()


Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the program; look at all that it says, logs and leaves for the mark."""
    monkeypatch.setenv("VERBATIM_LOG", str(tmp_path / "log"))

    def run_and_look(*arguments: str) -> Ended:
        ended = run_in_process(arguments, monkeypatch, capsys)
        assert MARK not in ended.out + ended.err
        assert "Traceback" not in ended.err
        for path in tmp_path.rglob("*"):
            assert MARK not in path.name
            assert not path.is_file() or MARK.encode() not in path.read_bytes(), path
        return ended

    return run_and_look


@pytest.fixture
def places(site: Site) -> list[str]:
    """Hosts and paths of all that an address may lead to."""
    here = f"127.0.0.1:{site.port}"
    marked = {"Location": f"http://me:{MARK}@127.0.0.1:9/?token={MARK}"}
    for name in ("Python-3.13.5.tar.xz", "Python-3.13.5.tgz"):
        site.serve(f"/wrong/3.13.5/{name}", b"<html>log in</html>")
        site.serve(f"/moved/3.13.5/{name}", Page(redirects=302, headers=marked))
        site.serve(f"/broken/3.13.5/{name}", Page(failures=-1, status=503))
    return [f"{here}/missing", f"{here}/wrong", f"{here}/moved", f"{here}/broken", "127.0.0.1:9/nobody"]


def forms(place: str, password: str) -> list[str]:
    """An address with a password, in all the places where one puts it."""
    escaped = quote(password, safe="")
    return [
        f"http://me:{password}@{place}",
        f"http://{escaped}@{place}",
        f"http://me:{escaped}@{place}",
        f"http://{place}?token={escaped}",
        f"http://{place}#{escaped}",
    ]


BUILD = ("build", "--version", "3.13.5", "--source")


def test_a_mirrors_password_is_not_shown_whatever_comes_of_it(
    run: Run, places: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in places:
        for address in forms(place, MARK):
            monkeypatch.setenv("VERBATIM_PYTHON_MIRROR", address)
            assert run(*BUILD, "tarball").status in ((2,) if address.endswith(MARK) else (4, 6))
        assert run(*BUILD, f"http://me:{MARK}@{place}/3.13.5/Python-3.13.5.tgz").status in (4, 6)


@each_password
def test_a_mirrors_password_is_not_shown_however_odd_it_is(
    run: Run, places: list[str], password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd, user, *rest = forms(places[PASSWORDS.index(password) % len(places)], password)
    for variable, address in (
        ("VERBATIM_PYTHON_MIRROR", odd),
        ("VERBATIM_PYTHON_MIRROR", user),
        ("VERBATIM_PYTHON_MIRROR", " ".join(rest)),
        ("VERBATIM_DEBIAN_MIRROR", odd),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(variable, address)
            assert run(*BUILD, "tarball").status in (2, 4, 6)


@each_password
def test_a_sources_password_is_not_shown(
    run: Run, places: list[str], password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in (
        f"http://me:{password}@{places[1]}/3.13.5/Python-3.13.5.tgz",
        f"me:{password}@127.0.0.1:a/b",
        f"me:{password}@127.0.0.1/b.tgz",
        f"ftp://me:{password}@127.0.0.1/a.tgz",
    ):
        assert run(*BUILD, address).status in (2, 6)
    for address in (
        forms(places[0], password)[PASSWORDS.index(password) % 4],
        f"ssh://me:{password}@127.0.0.1:9/a",
        f"file://me:{password}@/a",
    ):
        monkeypatch.setenv("VERBATIM_GIT_URL", address)
        assert run(*BUILD, "git").status in (2, 4)


@each_password
def test_a_daemons_password_is_not_shown(run: Run, password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("tcp", "ssh", "odd"):
        monkeypatch.setenv("DOCKER_HOST", f"{scheme}://me:{password}@127.0.0.1:9")
        assert run(*BUILD, "tarball", "--engine", "docker").status == 3
    monkeypatch.setenv("NIX_REMOTE", f"ssh://me:{password}@127.0.0.1:9")
    builders = ("--builders", f"ssh://me:{password}@127.0.0.1:9")
    assert run(*BUILD, "tarball", "--engine", "nix", *builders).status == 3


@each_password
def test_a_proxys_password_is_not_shown(run: Run, password: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://me:{password}@127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "")
    for source in ("git", "http://127.0.0.1:9/Python-3.13.5.tgz"):
        assert run(*BUILD, source).status == 4


@each_password
def test_a_password_in_the_wrong_place_is_not_shown(run: Run, password: str) -> None:
    address = f"http://me:{password}@127.0.0.1:9/a"
    environment = ("image", "--environment", "source", "--push")
    for arguments in (
        (*environment, address),
        (*environment, f"me:{password}@127.0.0.1:9/a:1"),
        ("build", address),
        ("compare", address, address),
        ("--unknown", address),
    ):
        assert run(*arguments).status == 2


def test_the_doctor_shows_no_password(run: Run, places: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    # It asks python.org by the proxy alone, and the rest without it.
    for password in (MARK, f"p%2F{MARK}"):
        monkeypatch.setenv("https_proxy", f"http://me:{password}@127.0.0.1:9")
        monkeypatch.setenv("DOCKER_HOST", f"tcp://me:{password}@127.0.0.1:9")
        for place in (places[0], places[4]):
            monkeypatch.setenv("VERBATIM_DEBIAN_MIRROR", " ".join(forms(place, password)[:3]))
            monkeypatch.setenv("VERBATIM_GIT_URL", f"http://me:{password}@{place}")
            ended = run("doctor")
            assert ended.out.count("127.0.0.1") > 3


@pytest.mark.parametrize("password", [MARK, f"p%40{MARK}", f"p@{MARK}"])
def test_the_password_of_apts_own_mirrors_is_not_shown(
    run: Run, tmp_path: Path, places: list[str], password: str
) -> None:
    # In two pieces: the program itself is among what is looked at.
    first, last = f"'http://me:{password}@{places[1]}/dists/a/InRelease' a 0".split(MARK)
    program = tmp_path / "programs" / "apt-get"
    program.write_text(f'#!/bin/sh\nprintf "%s" "{first}{MARK[:3]}" "{MARK[3:]}{last}"\n')
    program.chmod(0o755)
    ended = run(*BUILD, "tarball")
    assert ended.status in (4, 6)
    assert "127.0.0.1" in ended.err or "http://…" in ended.err


def test_what_pip_says_is_shown_without_its_indexs_password(
    site: Site, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    site.serve("/a/", Page(failures=-1, status=401))
    (tmp_path / "pip.conf").write_text("")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_NO_INPUT", "1")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    for password in (MARK, f"p {MARK}"):
        monkeypatch.setenv("PIP_INDEX_URL", f"http://me:{password}@127.0.0.1:{site.port}")
        with pytest.raises(VerbatimError) as caught:
            _pip("download", "--verbose", "--retries=0", "a")
        assert MARK not in str(caught.value)


#: As other programs repeat an address, each in its own way.
SAID = (
    "fatal: unable to access 'http://me:{}@host/x': 403",
    "E: Failed to fetch http://me:{}@host/dists/a  Connection failed",
    "HTTPConnectionPool(host='me:{}@host', port=80): Max retries exceeded with url: /a?token={}",
    "Invalid URL http://me:{}@host: and 'me:{}@host' b@c",
    "warning: redirecting to https://me:{}@host/x?a={}",
)


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("password", PASSWORDS)
def test_what_other_programs_say_is_masked(said: str, password: str) -> None:
    address = f"http://me:{password}@host/?token={quote(password, safe='')}"
    for form in (password, quote(password, safe=""), repr(password)[1:-1]):
        assert MARK not in masked(said.replace("{}", form), address)
        assert MARK not in masked(f"{said.replace('{}', form)} b@c\n", address)
        if "://" in said and "Pool" not in said and not said.startswith("Invalid"):
            # Also where nobody told us of it.
            assert MARK not in masked(said.replace("{}", form))


@given(
    password=st.text(st.characters(exclude_categories=()), max_size=8).map(
        lambda text: text[: len(text) // 2] + MARK + text[len(text) // 2 :]
    ),
    host=st.sampled_from(["host", "host:80", "[::1]", "a.b/c@d", "", "h/?q=1", "127.0.0.1:9/a#b"]),
    scheme=st.sampled_from(["http", "https", "ssh", "ftp", "tcp", "x-y"]),
)
@example(password=f"80/{MARK}", host="host", scheme="http")
@example(password=f"\udcff{MARK}\ud800", host="host", scheme="http")
def test_an_address_is_shown_without_its_password(password: str, host: str, scheme: str) -> None:
    assert MARK not in showable(f"{scheme}://me:{password}@{host}")
    assert MARK not in showable(f"me:{password}@{host}")
    assert MARK not in masked(f"it says {scheme}://me:{password}@{host}!", f"{scheme}://me:{password}@{host}")


@given(st.text(max_size=40).map(lambda text: f"http://{text}"))
@example("http://a:80/b?c=d#e")
def test_an_address_is_taken_apart_as_others_take_it_apart(text: str) -> None:
    """What we show as the host is the host that requests would ask."""
    try:
        address = Address.parse(text)
    except ValueError:
        return
    other = urlsplit(text)
    assert (address.host.strip("[]").lower(), address.port) == (other.hostname, other.port)
    assert (address.path, address.query or "") == (other.path, other.query)

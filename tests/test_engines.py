"""Engines but for their daemons: which are chosen, what goes in and is heard, and what is said when they disagree."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import stat
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.integration.releases import SMALL, small_tarball
from tests.program import Ended, run_in_process
from verbatim.capabilities import Check
from verbatim.commands import build as process
from verbatim.digest import sha256_bytes
from verbatim.engines import choose, daemon, log
from verbatim.engines.choose import choose_engines
from verbatim.engines.docker import Docker
from verbatim.engines.inputs import write_inputs
from verbatim.engines.log import follow
from verbatim.engines.nix import Nix
from verbatim.engines.protocol import Engine, Job
from verbatim.environments.definition import environment_folder
from verbatim.environments.lock import Environment
from verbatim.environments.rootfs import Root
from verbatim.errors import CapabilityError, IntegrityError, UsageError
from verbatim.release import Release
from verbatim.stages.agreement import disputed_artifacts
from verbatim.stages.plan import Artifact

pytestmark = pytest.mark.usefixtures("unanswered")


@dataclass
class Fake:
    """An engine that makes whatever it is told to."""

    name: str
    makes: Mapping[str, bytes] = field(default_factory=dict)
    lacks: str = ""
    status: int = 0
    location: str = ""

    def checks(self) -> list[Check]:
        return [
            Check(f"{self.name}: a fake", True, "there"),
            Check(f"{self.name}: a daemon", not self.lacks, self.lacks or "there", "start it"),
        ]

    def run(self, job: Job) -> int:
        job.log.write_text(f"{self.name} ran\n", encoding="ascii")
        for name, content in self.makes.items():
            (job.output / name).write_bytes(content)
        return self.status


# Which engines.


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
        ("podman", "there is no engine 'podman'; there are: sandbox, docker, nix; and all, by itself"),
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


# What they made.


def _made(**hashes: str) -> list[Artifact]:
    return [Artifact(Path(name), 1, sha256) for name, sha256 in hashes.items()]


@pytest.mark.parametrize(
    ("by_engine", "disputed"),
    [
        ({}, []),
        ({"sandbox": _made(a="1", b="2")}, []),
        ({"sandbox": _made(a="1", b="2"), "docker": _made(b="2", a="1")}, []),
        ({"sandbox": _made(a="1", b="2"), "docker": _made(a="1", b="3")}, ["b"]),
        ({"sandbox": _made(b="1", a="2"), "docker": _made(b="3", a="4")}, ["a", "b"]),
        ({"sandbox": _made(a="1"), "docker": _made(a="1"), "nix": _made(a="2")}, ["a"]),
    ],
)
def test_artifacts_are_disputed_if_anybody_made_others(
    by_engine: dict[str, list[Artifact]], disputed: list[str]
) -> None:
    assert disputed_artifacts(by_engine) == disputed


_XZ, _TGZ = sorted(Release.parse(SMALL).source_tarballs)


Build = Callable[..., Ended]


@pytest.fixture
def build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Build]:
    """Runs the task with engines that are fakes, in a root that is none."""
    root = Root(tmp_path, Environment(environment_folder("source")))
    monkeypatch.setattr(process, "ensure_root", lambda *_: root)
    tarball = small_tarball(tmp_path / "small.tgz")
    former = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def run(engines: Sequence[Engine], *options: str) -> Ended:
        monkeypatch.setattr(choose, "choose_engines", lambda *_, **__: list(engines))
        arguments = ["build", "--version", SMALL, "--source", str(tarball), "--output", str(tmp_path / "out")]
        return run_in_process([*arguments, *options], monkeypatch, capsys)

    yield run
    signal.signal(signal.SIGTERM, former)


def test_engines_that_agree_are_one_result(build: Build, tmp_path: Path) -> None:
    engines = [Fake(name, {_XZ: b"xz", _TGZ: b"gz"}) for name in ("sandbox", "docker")]
    ended = build(engines)
    assert ended.status == 0, ended.err
    heads, *rows = [line.split() for line in ended.out.splitlines()[:3]]
    assert heads == ["SHA-256", "sandbox", "docker"]
    assert rows == [
        [name, *[sha256_bytes(content)[:16]] * 2, "the", "same"]
        for name, content in ((_XZ, b"xz"), (_TGZ, b"gz"))
    ]
    folder = tmp_path / "out" / SMALL
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        [_XZ, _TGZ, "SHA256SUMS", "source.intoto.json", "buildinfo"]
    )
    assert sorted(path.name for path in (folder / "buildinfo").iterdir()) == [
        *("source-build.json", "source-docker.log", "source-sandbox.log")
    ]
    assert json.loads((folder / "buildinfo" / "source-build.json").read_text())["engines"] == [
        "sandbox",
        "docker",
    ]
    again = build(engines, "--json")
    assert json.loads(again.out)["unchanged"] is True
    assert set(json.loads(again.out)["engines"]) == {"sandbox", "docker"}
    assert json.loads(build(engines[1:], "--json").out)["unchanged"] is True
    # Another daemon has not built it.
    engines[1].location = "elsewhere"
    assert json.loads(build(engines, "--json").out)["unchanged"] is False


def test_engines_that_disagree_leave_the_evidence_and_no_result(
    build: Build, tmp_path: Path, cache: Path
) -> None:
    engines = [
        Fake("sandbox", {_XZ: b"xz", _TGZ: b"gz"}),
        Fake("docker", {_XZ: b"xz", _TGZ: b"other"}),
    ]
    for _ in range(2):
        ended = build(engines)
        assert ended.status == 1
        table = {line.split()[0]: line.split()[1:] for line in ended.out.splitlines()[1:3]}
        assert table == {
            _XZ: [*[sha256_bytes(b"xz")[:16]] * 2, "the", "same"],
            _TGZ: [sha256_bytes(b"gz")[:16], sha256_bytes(b"other")[:16], "different"],
        }
        kept = cache / "disputed" / f"{SMALL}-source"
        assert ended.err.splitlines()[-1] == (
            f"error: {_TGZ}: not the same from sandbox and docker; "
            f"one of the engines may have been tampered with; what each made is in {kept}"
        )
        assert {str(path.relative_to(kept)): path.read_bytes() for path in kept.rglob("*.*")} == {
            f"sandbox/{_XZ}": b"xz",
            f"sandbox/{_TGZ}": b"gz",
            f"docker/{_XZ}": b"xz",
            f"docker/{_TGZ}": b"other",
        }
        assert list((tmp_path / "out").iterdir()) == []
    result = json.loads(build(engines, "--json").out)
    assert result["engines"]["docker"][_TGZ] == sha256_bytes(b"other")
    assert result["engines"]["sandbox"][_TGZ] == sha256_bytes(b"gz")


@pytest.mark.parametrize(
    ("engine", "status", "said"),
    [
        (Fake("docker", {_XZ: b"xz"}), 5, f"left {_XZ}, expected {_XZ}, {_TGZ}"),
        (Fake("docker", status=7), 5, "failed with status 7: docker ran"),
        (Fake("docker", lacks="no daemon"), 3, "docker: a daemon: no daemon; start it"),
    ],
)
def test_one_engine_that_fails_leaves_nothing(
    engine: Fake, status: int, said: str, build: Build, tmp_path: Path, cache: Path
) -> None:
    ended = build([Fake("sandbox", {_XZ: b"xz", _TGZ: b"gz"}), engine])
    assert (ended.status, ended.out) == (status, "")
    assert said in ended.err.splitlines()[-1]
    assert not (tmp_path / "out").exists() or list((tmp_path / "out").iterdir()) == []
    assert not (cache / "disputed").exists()


# What goes in.


def _archive(inputs: Mapping[str, Path]) -> tarfile.TarFile:
    written = io.BytesIO()
    write_inputs(inputs, written)
    return tarfile.open(fileobj=io.BytesIO(written.getvalue()))


def test_inputs_keep_modes_times_links_and_contents_and_belong_to_the_build(tmp_path: Path) -> None:
    top = tmp_path / "somewhere"
    (top / "folder").mkdir(parents=True)
    (top / "folder" / "größer").write_bytes(b"content")
    (top / "secret").write_bytes(b"secret")
    (top / "secret").chmod(0o400)
    (top / "link").symlink_to("../nowhere")
    (top / ("long" * 50)).touch(mode=0o755)
    (top / "folder").chmod(0o500)
    for number, path in enumerate(sorted(top.rglob("*"))):
        os.utime(path, (number, number), follow_symlinks=False)
    with _archive({"b/c/source": top, "b/file": top / "secret", "a": top / "secret"}) as tar:
        members = {member.name: member for member in tar}
        assert list(members) == [
            *("a", "b", "b/c", "b/c/source", "b/c/source/folder", "b/c/source/folder/größer"),
            *("b/c/source/link", f"b/c/source/{'long' * 50}", "b/c/source/secret", "b/file"),
        ]
        assert {(member.uid, member.gid, member.uname, member.gname) for member in tar} == {
            (1000, 1000, "", "")
        }
        for path in top.rglob("*"):
            member, status = members[f"b/c/source/{path.relative_to(top)}"], path.lstat()
            assert (member.mode, member.mtime) == (stat.S_IMODE(status.st_mode), int(status.st_mtime))
        assert members["b/c/source/link"].linkname == "../nowhere"
        assert (members["b/c"].isdir(), members["b/c"].mode) == (True, 0o755)
        content = tar.extractfile(members["b/file"])
        assert content is not None
        assert content.read() == b"secret"


_NAMES = st.binary(min_size=1, max_size=30).filter(
    lambda name: name not in (b".", b"..") and not {0, 0x2F} & set(name)
)


@given(files=st.dictionaries(_NAMES, st.binary(max_size=2000), max_size=5))
def test_any_names_and_contents_go_in(
    files: dict[bytes, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("inputs")
    for name, content in files.items():
        with open(os.fsencode(folder) + b"/" + name, "wb") as file:
            file.write(content)
    with _archive({"it": folder}) as tar:
        found = {}
        for member in tar.getmembers()[1:]:
            opened = tar.extractfile(member)
            assert opened is not None
            found[member.name.encode("utf-8", "surrogateescape")] = opened.read()
    assert found == {b"it/" + name: content for name, content in files.items()}


def test_devices_and_their_like_do_not_go_in(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(IntegrityError, match="pipe is neither a file, a folder nor a link; remove it"):
        write_inputs({"it": tmp_path}, io.BytesIO())


# What is heard.


def _heard(pieces: Sequence[bytes]) -> list[str]:
    lines: list[str] = []
    written = io.BytesIO()
    follow(pieces, written, lines.append)
    assert written.getvalue() == b"".join(pieces)
    return lines


@given(
    pieces=st.lists(st.lists(st.sampled_from([b"a", b"\n", b"\r", b"\xc3", b"\xbc", b"\0"])).map(b"".join))
)
def test_the_pieces_that_a_log_comes_in_do_not_matter(pieces: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log, "_LONGEST", 4)
        whole = b"".join(pieces)
        lines = _heard(pieces)
        assert lines == _heard([whole]) == _heard([bytes([byte]) for byte in whole])
        assert all(len(line) <= 4 for line in lines)
        patch.setattr(log, "_LONGEST", 1 << 16)
        expected = whole.decode("utf-8", "replace").split("\n")
        assert _heard(pieces) == (expected if expected[-1] else expected[:-1])


def test_a_line_is_heard_when_it_is_whole_and_not_before() -> None:
    heard: list[str] = []

    def pieces() -> Iterator[bytes]:
        yield b"one\ntw"
        assert heard == ["one"]
        yield b"o\n"
        assert heard == ["one", "two"]
        yield b"x" * (1 << 16)
        assert len(heard) == 2
        yield b"x"
        assert heard[2:] == ["x" * (1 << 16)]

    follow(pieces(), io.BytesIO(), heard.append)
    assert heard[3:] == ["x"]


# What a daemon says.


@pytest.fixture(autouse=True)
def no_daemon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings of Docker's."""
    for name in os.environ:
        if name.startswith("DOCKER_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))


@contextmanager
def answering(path: Path, answer: bytes | None) -> Iterator[None]:
    """A daemon on a socket that gives one answer to all; without one, it never does."""
    closing = threading.Event()

    def serve(listening: socket.socket) -> None:
        held = []
        while not closing.is_set():
            connection, _ = listening.accept()
            held.append(connection)
            if answer is not None and not closing.is_set():
                connection.recv(1 << 16)
                connection.sendall(answer)
                connection.close()
        for connection in held:
            connection.close()

    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        thread = threading.Thread(target=serve, args=(listening,))
        thread.start()
        try:
            yield
        finally:
            closing.set()
            with socket.socket(socket.AF_UNIX) as last:
                last.connect(str(path))
            thread.join()


def _http(status: str, content: object) -> bytes:
    body = json.dumps(content).encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n".encode() + body


def _check() -> Check:
    (check,) = Docker().checks()
    assert "\n" not in check.found
    return check


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (_http("500 Internal Server Error", {"message": "no\nspace left on device"}), "disk is full"),
        (
            _http("500 Internal Server Error", {"message": "it is ill"}),
            "it is ill",
        ),
        (_http("403 Forbidden", {"message": "not you"}), "not you"),
        (_http("200 OK", {"ApiVersion": "1.1"}), "does not answer: "),
        (_http("200 OK", []), "does not answer: "),
        (_http("200 OK", {}), "does not answer: "),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nnonsense!", "does not answer: "),
        (b"SSH-2.0-OpenSSH\r\n", "does not answer: "),
        (b"", "does not answer: "),
    ],
)
def test_what_answers_oddly_is_no_daemon(
    answer: bytes, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"unix://{tmp_path / 'socket'}"
    monkeypatch.setenv("DOCKER_HOST", address)
    with answering(tmp_path / "socket", answer):
        check = _check()
    assert not check.passed
    assert said in check.found


def test_what_never_answers_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "_FIRST_PATIENCE", 0.3)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'socket'}")
    with answering(tmp_path / "socket", None):
        check = _check()
    assert not check.passed
    assert "timed out" in check.found


@pytest.mark.parametrize(
    ("os_name", "machine", "passes"),
    [("linux", "amd64", True), ("linux", "arm64", False), ("windows", "amd64", False)],
)
def test_the_daemon_must_be_of_the_right_kind(
    os_name: str, machine: str, passes: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'socket'}")
    version = {"ApiVersion": "1.44", "Version": "25.0", "Os": os_name, "Arch": machine}
    with answering(tmp_path / "socket", _http("200 OK", version)):
        check = _check()
    assert (check.passed, check.found) == (passes, f"25.0, {os_name} {machine}")


@pytest.mark.parametrize(
    "address",
    [
        "unix:///nowhere/socket",
        "unix:///etc/passwd",
        "tcp://127.0.0.1:9",
        "tcp://nowhere.invalid:2375",
        "127.0.0.1",
        "nonsense://there",
    ],
)
def test_addresses_where_no_daemon_is(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    check = _check()
    assert not check.passed
    assert check.found.startswith(f"the Docker daemon at {address} does not answer: ")
    assert check.remedy.startswith("start it, or check DOCKER_HOST")


@pytest.mark.parametrize(
    "address", ["tcp://127.0.0.1:port", "tcp://127.0.0.1:99999", "tcp://[::1", "tcp://", "tcp://p:w@[/"]
)
def test_an_address_that_is_not_one_is_not_shown(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be taken apart may hold a password anywhere."""
    monkeypatch.setenv("DOCKER_HOST", address)
    check = _check()
    assert not check.passed
    assert check.found.startswith("the Docker daemon at tcp://… does not answer: ")


def _context(folder: Path, meta: str) -> None:
    place = folder / "docker" / "contexts" / "meta" / sha256_bytes(b"mine")
    place.mkdir(parents=True)
    (place / "meta.json").write_text(meta, encoding="ascii")
    (folder / "docker" / "config.json").write_text('{"currentContext": "mine"}', encoding="ascii")


def test_the_context_s_daemon_is_asked(tmp_path: Path) -> None:
    endpoint = {"Host": f"unix://{tmp_path / 'socket'}", "SkipTLSVerify": False}
    _context(tmp_path, json.dumps({"Name": "mine", "Metadata": {}, "Endpoints": {"docker": endpoint}}))
    assert _check().found.startswith("the Docker daemon of context 'mine' does not answer: ")
    version = {"ApiVersion": "1.44", "Version": "25.0", "Os": "linux", "Arch": "amd64"}
    with answering(tmp_path / "socket", _http("200 OK", version)):
        assert _check().passed


def test_a_damaged_context_is_told(tmp_path: Path) -> None:
    _context(tmp_path, "{nonsense")
    assert _check().found.startswith("the Docker daemon of context 'mine' does not answer: ")


@pytest.mark.parametrize("content", ["[1]", "{", '"text"', None])
def test_a_configuration_of_docker_s_that_is_none_is_refused(
    content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    if content is None:
        (tmp_path / "config.json").write_bytes(b"\xff\xfe")
    else:
        (tmp_path / "config.json").write_text(content, encoding="utf-8")
    check = _check()
    assert check.found == f"{tmp_path / 'config.json'} is not Docker's configuration"


def test_contexts_are_not_looked_for_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "hostile"
    meta = tmp_path / "contexts" / "meta" / sha256_bytes(name.encode())
    meta.mkdir(parents=True)
    endpoint = {"Host": "tcp://hostile.invalid:1", "SkipTLSVerify": True}
    described = {"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}
    (meta / "meta.json").write_text(json.dumps(described), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nothing"))
    monkeypatch.setenv("HOME", str(tmp_path / "nothing"))
    monkeypatch.setenv("DOCKER_CONTEXT", name)
    check = _check()
    assert check.found == f"there is no Docker context '{name}', for want of a config.json"


def test_secrets_of_an_address_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://user:secret@127.0.0.1:9")
    check = _check()
    assert not check.passed
    assert "127.0.0.1:9" in check.found
    assert "secret" not in check.found + check.remedy


def test_a_context_that_is_not_there_is_not_this_machine_s_daemon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONTEXT", "elsewhere")
    check = _check()
    assert check.found.startswith("there is no Docker context 'elsewhere'")
    assert "docker context ls" in check.remedy

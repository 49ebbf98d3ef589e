"""The vectors of policies: TOML texts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

import tomli_w

from tests.vectors.make import INPUTS, VERSION, Vectors, changed, public_of

_HOSTED = {"subject": "https://example.com/workflow", "issuer": "https://accounts.example.com"}
_OWN_KEY = {"kind": "own", "keys": [{"ed25519": public_of("x")}]}
#: The second of the points of small order, and one of order 8; in every way that they can be written.
_WEAK = {
    "order-1": "01" + "00" * 31,
    "order-1-other-sign": "01" + "00" * 30 + "80",
    "order-1-beyond-p": "ee" + "ff" * 30 + "7f",
    "order-1-beyond-p-other-sign": "ee" + "ff" * 31,
    "order-2": "ec" + "ff" * 30 + "7f",
    "order-2-other-sign": "ec" + "ff" * 31,
    "order-4": "00" * 32,
    "order-4-other-sign": "00" * 31 + "80",
    "order-4-beyond-p": "ed" + "ff" * 30 + "7f",
    "order-4-beyond-p-other-sign": "ed" + "ff" * 31,
    "order-8": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "order-8-other-sign": "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "order-8-second": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "order-8-second-other-sign": "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    # Of no small order, but written in a second way.
    "beyond-p": "f0" + "ff" * 30 + "7f",
}


def policy(**entries: object) -> dict[str, Any]:
    """Two of three rebuilders; and what the signing stage wants as well."""
    return {
        "sources": ["git"],
        "threshold": {"Python-*": 2},
        "kinds": {"own": "each", "hosted": "once"},
        "rebuilders": {
            name: {"kind": "own", "keys": [{"ed25519": public_of(name)}]}
            for name in ("alice", "bob", "carol")
        },
        "signing": {
            VERSION: {
                "commit": "1" * 40,
                "identity": "manager@example.com",
                "issuer": "https://accounts.example.com",
                "artifacts": {"source": ["Python-3.13.99.tar.xz", "Python-3.13.99.tgz"]},
                "inputs": INPUTS,
            }
        },
        **entries,
    }


def toml(content: Mapping[str, Any]) -> bytes:
    return tomli_w.dumps(content).encode()


def override(**entries: object) -> dict[str, object]:
    return {
        "version": VERSION,
        "rebuilder": "carol",
        "statement": "0" * 64,
        "by": "The release manager",
        "reason": "Her memory was faulty.",
        **entries,
    }


def policies() -> Vectors:
    yield from _accepted()
    yield from _only_check()
    yield from _no_toml()
    for name, place, value in _ODD:
        yield f"form/{name}.toml", toml(changed(policy(override=[override()]), place, value))
    for name, public in _WEAK.items():
        yield f"form/key-{name}.toml", toml(changed(policy(), "rebuilders/alice/keys/0/ed25519", public))


def _accepted() -> Vectors:
    plain = policy()
    key = "rebuilders/alice/keys/0"
    for name, content in (
        ("plain", plain),
        ("override", policy(override=[override()])),
        ("no-override", policy(override=[])),
        ("identities", changed(plain, "rebuilders/dora", {"kind": "hosted", "identities": [_HOSTED]})),
        ("both", changed(plain, "rebuilders/alice/identities", [_HOSTED])),
        (
            "identity-expires",
            changed(plain, "rebuilders/alice/identities", [{**_HOSTED, "expires": date(2027, 1, 1)}]),
        ),
        ("expires", changed(plain, f"{key}/expires", date(2027, 1, 1))),
        ("expires-before-christ-nearly", changed(plain, f"{key}/expires", date(1, 1, 1))),
        ("expires-last-day", changed(plain, f"{key}/expires", date(9999, 12, 31))),
        ("revoked", changed(plain, f"{key}/revoked", date(2027, 1, 1))),
        (
            "expires-and-revoked",
            changed(changed(plain, f"{key}/expires", date(2027, 1, 1)), f"{key}/revoked", date(2020, 1, 1)),
        ),
        ("threshold-most", changed(plain, "threshold/Python-*", 1000)),
        ("threshold-brackets", changed(plain, "threshold", {"[": 1, "Python-[0-9].*": 2, "*": 1})),
        ("sources-both", changed(plain, "sources", ["tarball", "git"])),
        ("longest-name", changed(plain, f"rebuilders/{'a' * 39}", _OWN_KEY)),
        ("beyond-ascii", policy(override=[override(by="Jörg 日本", reason="x" * 1000)])),
    ):
        yield f"accepted/{name}.toml", toml(content)
    text = toml(plain)
    yield "accepted/carriage-returns.toml", text.replace(b"\n", b"\r\n")
    yield "accepted/comment.toml", b"# \xc3\xa9\n" + text
    yield "accepted/number-with-underscore.toml", text.replace(b'"Python-*" = 2', b'"Python-*" = 1_0')
    yield "accepted/number-in-hexadecimal.toml", text.replace(b'"Python-*" = 2', b'"Python-*" = 0x2')
    yield "accepted/literal-text.toml", text.replace(b'"each"', b"'each'")
    yield "accepted/escaped-text.toml", text.replace(b'"each"', b'"\\u0065ach"')
    yield "accepted/text-of-several-lines.toml", text.replace(b'"each"', b'"""\neach"""')


def _only_check() -> Vectors:
    """Where the signing stage asks for more: it signs what was built from git, as the version that the policy names."""
    plain = policy()
    signing = f"signing/{VERSION}"
    for name, content in (
        ("no-signing", changed(plain, "signing", changed)),
        ("sources-tarball", changed(plain, "sources", ["tarball"])),
        ("commit-short", changed(plain, f"{signing}/commit", "1" * 39)),
        ("commit-is-a-tag", changed(plain, f"{signing}/commit", "v3.13.99")),
        ("artifacts-twice", changed(plain, f"{signing}/artifacts/docs", ["Python-3.13.99.tgz"])),
        ("artifacts-none", changed(plain, f"{signing}/artifacts/source", [])),
        ("stage-with-dot", changed(plain, f"{signing}/artifacts", {"so.urce": ["x"]})),
        ("artifact-is-a-path", changed(plain, f"{signing}/artifacts/source", ["../x"])),
        ("input-short", changed(plain, f"{signing}/inputs", {"recipe/source": "a"})),
        ("identity-with-line-feed", changed(plain, f"{signing}/identity", "a\nb")),
        ("gpg-in-small-letters", changed(plain, f"{signing}/gpg", "a" * 40)),
        ("own-key-weak", changed(plain, f"{signing}/ed25519", _WEAK["order-8"])),
        ("more", changed(plain, f"{signing}/more", "x")),
    ):
        yield f"only-check/{name}.toml", toml(content)


def _no_toml() -> Vectors:
    text = toml(policy())
    yield "toml/not-utf-8.toml", text + b"# \xff\n"
    yield "toml/utf-16.toml", text.decode().encode("utf-16")
    yield "toml/byte-order-mark.toml", b"\xef\xbb\xbf" + text
    yield "toml/nul.toml", text + b"\0"
    yield "toml/nul-in-comment.toml", text + b"# \0\n"
    yield "toml/carriage-return-alone.toml", text.replace(b"\n", b"\r", 1)
    yield "toml/key-twice.toml", b'sources = ["git"]\n' + text
    yield "toml/table-twice.toml", text + b"[kinds]\n"
    yield "toml/table-twice-by-dots.toml", text + b'kinds.own = "each"\n[kinds.own]\n'
    yield "toml/inline-table-extended.toml", b"a = {}\n[a.b]\nc = 1\n" + text
    yield "toml/list-extended.toml", b"override = []\n[[override]]\n" + text
    yield "toml/surrogate.toml", text.replace(b'"each"', b'"\\ud800"')
    yield "toml/not-closed.toml", text + b'a = "x\n'
    yield "toml/cut.toml", text[:-2] + b"="
    yield "toml/deep.toml", b"a = " + b"[" * 20_000 + b"]" * 20_000 + b"\n" + text
    yield "toml/deep-tables.toml", b"a = " + b"{b = " * 20_000 + b"1" + b"}" * 20_000 + b"\n" + text
    yield "toml/huge-integer.toml", b"a = " + b"9" * 5000 + b"\n" + text
    yield (
        "toml/no-such-day.toml",
        text.replace(b"[rebuilders.alice]", b"[x]\ny = 2027-02-29\n[rebuilders.alice]"),
    )
    yield "toml/leading-zero.toml", b"a = 01\n" + text


_KEY = "rebuilders/alice/keys/0"
_OVERRIDE = "override/0"
_ODD: tuple[tuple[str, str, object], ...] = (
    *((f"no-{entry}", entry, changed) for entry in ("sources", "threshold", "kinds", "rebuilders")),
    ("more", "more", "x"),
    ("sources-none", "sources", []),
    ("sources-text", "sources", "git"),
    ("sources-odd", "sources", ["git", "svn"]),
    ("threshold-none", "threshold", {}),
    ("threshold-zero", "threshold/Python-*", 0),
    ("threshold-negative", "threshold/Python-*", -1),
    ("threshold-beyond", "threshold/Python-*", 1001),
    ("threshold-huge", "threshold/Python-*", 10**400),
    ("threshold-true", "threshold/Python-*", True),
    ("threshold-float", "threshold/Python-*", 2.0),
    ("threshold-infinite", "threshold/Python-*", float("inf")),
    ("threshold-text", "threshold/Python-*", "2"),
    ("threshold-day", "threshold/Python-*", date(2027, 1, 1)),
    ("threshold-pattern-empty", "threshold", {"": 1}),
    ("threshold-pattern-odd", "threshold", {"a\nb": 1}),
    ("kinds-none", "kinds", {}),
    ("kinds-odd", "kinds/own", "twice"),
    ("kinds-number", "kinds/own", 1),
    ("kinds-name-odd", "kinds/O wn", "each"),
    ("kinds-name-long", f"kinds/{'a' * 40}", "each"),
    ("rebuilders-none", "rebuilders", {}),
    ("rebuilders-list", "rebuilders", []),
    ("rebuilder-in-capitals", "rebuilders/Alice", _OWN_KEY),
    ("rebuilder-with-dot", "rebuilders/a.b", _OWN_KEY),
    ("rebuilder-begins-with-hyphen", "rebuilders/-a", _OWN_KEY),
    ("rebuilder-name-long", f"rebuilders/{'a' * 40}", _OWN_KEY),
    ("rebuilder-name-empty", "rebuilders", {"": _OWN_KEY}),
    ("rebuilder-more", "rebuilders/alice/more", "x"),
    ("rebuilder-of-no-kind", "rebuilders/alice/kind", changed),
    ("rebuilder-of-unknown-kind", "rebuilders/alice/kind", "odd"),
    ("rebuilder-without-keys", "rebuilders/alice/keys", []),
    ("rebuilder-without-any", "rebuilders/alice/keys", changed),
    ("key-twice", "rebuilders/alice/keys", [{"ed25519": public_of("x")}] * 2),
    (
        "key-twice-once-revoked",
        "rebuilders/alice/keys",
        [{"ed25519": public_of("x"), "revoked": date(2020, 1, 1)}, {"ed25519": public_of("x")}],
    ),
    ("key-of-two", "rebuilders/dora", {"kind": "own", "keys": [{"ed25519": public_of("alice")}]}),
    (
        "key-of-two-once-revoked",
        "rebuilders/dora",
        {"kind": "own", "keys": [{"ed25519": public_of("alice"), "revoked": date(2020, 1, 1)}]},
    ),
    (
        "identity-of-two",
        "rebuilders",
        {name: {"kind": "hosted", "identities": [_HOSTED]} for name in ("carol", "dora")},
    ),
    ("key-in-capitals", f"{_KEY}/ed25519", public_of("x").upper()),
    ("key-short", f"{_KEY}/ed25519", "a" * 63),
    ("key-long", f"{_KEY}/ed25519", public_of("x") + "00"),
    ("key-ends-with-line-feed", f"{_KEY}/ed25519", public_of("x") + "\n"),
    ("key-number", f"{_KEY}/ed25519", 1),
    ("key-more", f"{_KEY}/name", "x"),
    ("key-text", "rebuilders/alice/keys", [public_of("x")]),
    ("key-table", "rebuilders/alice/keys", {"ed25519": public_of("x")}),
    ("expires-text", f"{_KEY}/expires", "2027-01-01"),
    ("expires-text-of-seconds", f"{_KEY}/expires", "1798761600"),
    ("expires-number", f"{_KEY}/expires", 1798761600),
    ("expires-true", f"{_KEY}/expires", True),
    ("expires-time", f"{_KEY}/expires", time(1, 2)),
    ("expires-midnight", f"{_KEY}/expires", datetime(2027, 1, 1)),
    ("revoked-false", f"{_KEY}/revoked", False),
    ("revoked-empty", f"{_KEY}/revoked", ""),
    ("identity-without-issuer", "rebuilders/alice/identities", [{"subject": "x"}]),
    ("identity-empty", "rebuilders/alice/identities", [{**_HOSTED, "subject": ""}]),
    ("identity-with-line-feed", "rebuilders/alice/identities", [{**_HOSTED, "subject": "a\nb"}]),
    ("identity-twice", "rebuilders/alice/identities", [_HOSTED, {**_HOSTED, "expires": date(2027, 1, 1)}]),
    ("identity-expires-text", "rebuilders/alice/identities", [{**_HOSTED, "expires": "2027-01-01"}]),
    ("identity-more", "rebuilders/alice/identities", [{**_HOSTED, "more": "x"}]),
    ("override-table", "override", override()),
    ("override-more", f"{_OVERRIDE}/more", "x"),
    ("override-of-nobody", f"{_OVERRIDE}/rebuilder", "dora"),
    ("override-of-a-pattern", f"{_OVERRIDE}/rebuilder", "a.*"),
    ("override-of-no-statement", f"{_OVERRIDE}/statement", "0" * 63),
    ("override-by-nobody", f"{_OVERRIDE}/by", ""),
    ("override-without-reason", f"{_OVERRIDE}/reason", changed),
    ("override-reason-in-two-lines", f"{_OVERRIDE}/reason", "a\nb"),
    ("override-reason-too-long", f"{_OVERRIDE}/reason", "x" * 1001),
    ("override-reason-number", f"{_OVERRIDE}/reason", 1),
    ("override-version-number", f"{_OVERRIDE}/version", 3.13),
)

"""The declared list of what may differ between a release and its commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from verbatim.errors import IntegrityError
from verbatim.published.declared import Declared


def test_the_list_is_short_and_each_entry_has_a_reason() -> None:
    declared = Declared.load()
    assert [rule.path for rule in declared.generated] == ["Misc/NEWS"]
    assert len(declared.left_out) < 20
    assert all(rule.reason for rule in declared.left_out)


@pytest.mark.parametrize(
    ("name", "may_be"),
    [
        (".gitignore", True),
        ("Lib/.gitignore", False),
        (".github", False),
        (".github/a/b", True),
        ("Doc/.github/a", False),
        (".githubx/a", False),
        ("Misc/NEWS.d/3.13.5.rst", True),
        ("Misc/NEWS", False),
        ("Misc/mypyx", False),
        ("Lib/__pycache__/a", True),
        ("Lib/a.pyc", True),
        ("Lib/a.pyx", False),
        ("Lib/a.py", False),
        ("configure", False),
    ],
)
def test_what_may_be_missing(name: str, may_be: bool) -> None:
    assert Declared.load().may_be_missing(name) is may_be


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[left-out]]\npath = "a"\n', "reason: Field required"),
        ('[[left-out]]\npath = "a"\nreason = ""\n', "left-out.0.reason"),
        ('[[left-out]]\nreason = "why"\n', "either a path or a name"),
        ('[[left-out]]\npath = "a"\nname = "b"\nreason = "why"\n', "either a path or a name"),
        ('[[left-out]]\npath = "*"\nreason = "why"\n', "left-out.0.path: String should match"),
        ('[[left-out]]\npath = "/"\nreason = "why"\n', "left-out.0.path: String should match"),
        ('[[left-out]]\nname = "*"\nreason = "why"\n', "left-out.0.name: String should match"),
        ('[[left-out]]\nname = "*.*"\nreason = "why"\n', "left-out.0.name: String should match"),
        ('[[generated]]\npath = "Misc/*"\nreason = "why"\n', "generated.0.path: String should match"),
        ('[[ignored]]\npath = "a"\nreason = "why"\n', "ignored: Extra inputs"),
        ("[[left-out]\n", "is not TOML"),
    ],
)
def test_a_list_that_says_too_much_or_too_little_is_refused(
    tmp_path: Path, text: str, complaint: str
) -> None:
    (tmp_path / "against-git.toml").write_text(text)
    with pytest.raises(IntegrityError, match=r"against-git\.toml") as refusal:
        Declared.load(tmp_path)
    assert complaint in refusal.value.message

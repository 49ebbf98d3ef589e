"""What is written down twice, since Nix reads no Python."""

from __future__ import annotations

from verbatim.environments.architecture import ARCHITECTURES
from verbatim.paths import PROJECT
from verbatim.sandboxing import seccomp

_NIX = PROJECT / "nix"


def test_the_filter_on_system_calls_is_the_sandbox_s() -> None:
    assert (_NIX / "seccomp.bpf").read_bytes() == seccomp.program()


def test_every_architecture_is_known_to_nix() -> None:
    expression = (_NIX / "default.nix").read_text(encoding="utf-8")
    for name, architecture in ARCHITECTURES.items():
        assert f"    {name} = {{\n" in expression
        assert f'"{architecture.machine}-linux"' in expression
        assert f'"usr/lib/{architecture.triplet}/{architecture.loader}"' in expression
        assert f'"usr/lib/{architecture.triplet}"' in expression

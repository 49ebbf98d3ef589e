"""``sign verify``: what a downstream does without attestations and statements; prints the plain commands for it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from verbatim_sign.check import BUILD_INFO, SUMS, sums_of, version_folder
from verbatim_sign.errors import IntegrityError
from verbatim_sign.files import LARGEST, OpenFile
from verbatim_sign.policy import Signing
from verbatim_sign.run import Signer
from verbatim_sign.screen import say


def verify(
    version: str, release: Path, signing: Signing, signers: Sequence[Signer], of_sums: Sequence[Signer]
) -> None:
    """Verify the signatures of every artifact, and any of SHA256SUMS; raises Refusal."""
    with ExitStack() as held:
        folder = held.enter_context(version_folder(release, "dist", version))
        names = sorted(name for names in signing.artifacts.values() for name in names)
        files = {name: held.enter_context(closing(OpenFile.of(folder, name))) for name in (*names, SUMS)}
        if folder.read(SUMS, LARGEST) != sums_of({name: files[name].sha256 for name in names}):
            raise IntegrityError(f"{folder.path / SUMS} is not the list of these files")
        there = folder.names(folders=(BUILD_INFO,))
        pairs = [(signer, name) for signer in signers for name in names]
        pairs += [(signer, SUMS) for signer in of_sums if SUMS + signer.ending in there]
        for signer, name in pairs:
            signer.verify(files[name], folder.read(name + signer.ending, LARGEST))
        say(f"all signatures of {version} are valid. The same with plain commands, in {folder.path}:")
        for command in (["sha256sum", "--check", SUMS], *(signer.command(name) for signer, name in pairs)):
            say(f"  {shlex.join(command)}")

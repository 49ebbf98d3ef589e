"""``sign run``: show, ask, sign, verify; and go on where an interrupted run was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Protocol

from verbatim_sign.check import BUILD_INFO, Checked
from verbatim_sign.errors import IntegrityError
from verbatim_sign.files import LARGEST, OpenFile
from verbatim_sign.log import Log
from verbatim_sign.screen import confirm, say, show


class Signer(Protocol):
    """A way to sign, and to verify what was signed."""

    #: What the signature's file is called, after the name of what it signs.
    ending: str

    @property
    def who(self) -> str:
        """Who signs, to be shown."""

    def load(self) -> None:
        """Get what it takes to verify; raises Refusal if it is not to be had."""

    def prepare(self) -> Callable[[OpenFile], bytes]:
        """What signs a file, by the hash that it had when it was checked; raises Refusal if it is not to be had."""

    def command(self, name: str) -> list[str]:
        """What a downstream runs to verify the signature of a file."""

    def verify(self, file: OpenFile, signature: bytes) -> None:
        """Raise Refusal if it is not a good one."""


def run(release: Checked, signers: Sequence[Signer], log: Log) -> None:
    """Sign what was checked, each file in each way, unless that was done before; raises Refusal."""
    there = set(release.folder.names(folders=(BUILD_INFO,)))
    for file in release.files:
        log.refuse_other_state(release.version, file.name, file.sha256)
    for signer in signers:
        signer.load()
    remaining = [
        (signer, [file for file in release.files if not _is_signed(release, signer, file, log, there)])
        for signer in signers
    ]
    remaining = [(signer, files) for signer, files in remaining if files]
    if remaining:
        show(release, [f"{len(files)} × FILE{signer.ending}, by {signer.who}" for signer, files in remaining])
        confirm(release.version)
        # Whatever is wrong with a token or a key shows before anything is signed with any.
        ready = [(signer, signer.prepare(), files) for signer, files in remaining]
        release.refuse_change()
        for signer, sign, files in ready:
            for file in files:
                _sign(release, signer, sign, file, log)
    for signer in signers:
        for file in release.files:
            signer.verify(file, release.folder.read(file.name + signer.ending, LARGEST))
    release.refuse_change()
    say(
        f"{len(signers) * len(release.files)} signatures are there, and hold; write down the log's head: {log.head}"
    )


def _is_signed(release: Checked, signer: Signer, file: OpenFile, log: Log, there: set[str]) -> bool:
    """Whether it was signed here before; raises IntegrityError for a signature that somebody else has put there."""
    name = file.name + signer.ending
    if name not in there:
        return False
    if not log.knows(release.version, file.name, release.folder.read(name, LARGEST)):
        raise IntegrityError(
            f"{name} is there, but the log does not have it", "take it away, if you know why"
        )
    return True


def _sign(
    release: Checked, signer: Signer, sign: Callable[[OpenFile], bytes], file: OpenFile, log: Log
) -> None:
    """What is about to be signed is in the log first; and no signature is put there that was not verified, and logged."""
    said = {"version": release.version, "file": file.name, "sha256": file.sha256, "by": signer.who}
    log.append(event="signing", commit=release.signing.commit, policy=release.policy.sha256, **said)
    signature = sign(file)
    signer.verify(file, signature)
    log.append(event="signed", signature=hashlib.sha256(signature).hexdigest(), **said)
    release.folder.write(file.name + signer.ending, signature)
    say(f"  {file.name}{signer.ending}")

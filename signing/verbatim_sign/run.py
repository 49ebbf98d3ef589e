"""``sign run``: show, ask, sign, verify; and continue an interrupted run."""

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
    """A way to sign files, and to verify signatures."""

    #: What is appended to a file's name for that of its signature.
    ending: str

    @property
    def who(self) -> str:
        """Who signs, to show on the screen."""

    def load(self) -> None:
        """Get what is needed to verify; raises Refusal if that is not possible."""

    def prepare(self) -> Callable[[OpenFile], bytes]:
        """A function that signs a file, by the hash that was checked; raises Refusal if it cannot sign."""

    def command(self, name: str) -> list[str]:
        """The command by which a downstream verifies the signature of a file."""

    def verify(self, file: OpenFile, signature: bytes) -> None:
        """Raise Refusal if the signature is not valid."""


def run(release: Checked, signers: Sequence[Signer], log: Log) -> None:
    """Sign each checked file with each signer, unless that was done before; raises Refusal."""
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
        # A wrong token or key is found before anything is signed.
        ready = [(signer, signer.prepare(), files) for signer, files in remaining]
        release.refuse_change()
        for signer, sign, files in ready:
            for file in files:
                _sign(release, signer, sign, file, log)
    for signer in signers:
        for file in release.files:
            signer.verify(file, release.folder.read(file.name + signer.ending, LARGEST))
    release.refuse_change()
    say(f"valid signatures: {len(signers) * len(release.files)}; write down the log's head: {log.head}")


def _is_signed(release: Checked, signer: Signer, file: OpenFile, log: Log, there: set[str]) -> bool:
    """Whether it was signed here before; raises IntegrityError for a signature from elsewhere."""
    name = file.name + signer.ending
    if name not in there:
        return False
    if not log.knows(release.version, file.name, release.folder.read(name, LARGEST)):
        raise IntegrityError(f"{name} exists, but is not in the log", "remove it, if you know its origin")
    return True


def _sign(
    release: Checked, signer: Signer, sign: Callable[[OpenFile], bytes], file: OpenFile, log: Log
) -> None:
    """Log what is about to be signed; then sign, verify, log the signature, and write it, in this order."""
    fields = {"version": release.version, "file": file.name, "sha256": file.sha256, "by": signer.who}
    log.append(event="signing", commit=release.signing.commit, policy=release.policy.sha256, **fields)
    signature = sign(file)
    signer.verify(file, signature)
    log.append(event="signed", signature=hashlib.sha256(signature).hexdigest(), **fields)
    release.folder.write(file.name + signer.ending, signature)
    say(f"  {file.name}{signer.ending}")

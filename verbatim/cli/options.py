"""The one table of options: an option that several commands share has one text here, and means the same everywhere.

An option that only one command has is described beside that command: see `verbatim.cli.command`.
"""

from __future__ import annotations

from collections.abc import Mapping

#: Every command has it, without a parameter for it: the frame around the commands acts on it.
DEBUG = "debug"

#: By the option's name, without its dashes.
SHARED: Mapping[str, str] = {
    "version": "the release, such as 3.13.5, 3.14.0rc1 or 3.15.0b4",
    "artifacts": "the stages: source, docs, or targets such as linux-x86_64, with commas between them",
    "formats": "formats of the documentation, with commas between them; all of them if left out",
    "optimize": "a target's interpreter: pgo trains it where that is possible, none is quicker",
    "source": "auto, git, tarball, a git repository, a .tgz or .tar.xz, or the address of one",
    "commit": "build from this commit (all 40 digits); the version's tag must not point elsewhere",
    "engine": "sandbox, docker or nix; several with commas between them; or all that this machine has",
    "environment": "the name of an environment, as the command environments lists them",
    "output": "the folder of the results, which has a folder VERSION",
    "offline": "use no network, only what is in the cache",
    "jobs": "how many downloads run at a time",
    "json": "print the result as JSON",
    DEBUG: "show the commands that are run, and a traceback of an error",
    "explain": "examine with diffoscope what is not identical, and write a page with the likely causes",
    "html": "the file for the page, in HTML; only a page that Verbatim wrote is overwritten",
    "attestations": "the folder that has a folder VERSION with signed statements",
    "as": "the rebuilder's name, as in the policy",
    "key": "the file of the rebuilder's private key",
    "identity": "sign with an identity that Sigstore certifies, in place of a key",
    "policy": "the file that defines whose attestations count, and how many are enough",
    "trust-config": "the file that describes a Sigstore other than the public one",
}

#: Those that mean something of another kind in some commands, which then describe them in their own words.
REDEFINED = frozenset({"commit", "output"})

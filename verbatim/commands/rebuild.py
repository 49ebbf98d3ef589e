"""``invoke rebuild``: build again with the conditions varied, and compare with what was built."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from verbatim.caches import WORK
from verbatim.commands.build import DISPUTED, BuildResult, Request, build_stages, derive_request, same_source
from verbatim.environments.rootfs import ensure_root
from verbatim.errors import CapabilityError, MismatchError, UsageError
from verbatim.fetch import Fetcher
from verbatim.scratch import remove_tree, scratch
from verbatim.sources.choose import choose_source
from verbatim.variation.rebuilder import Findings, VariedRebuilder, find
from verbatim.variation.tools import Tools
from verbatim.variation.variations import Host, ValuePair, Variation


@dataclass(frozen=True)
class Rebuilt:
    """What was varied in a rebuild, and what that changed."""

    #: The build that was compared with.
    built: BuildResult
    #: By variation, the values for people to read.
    varied: Mapping[str, Sequence[str]]
    #: Why the others could not be varied here.
    not_varied: Mapping[str, str]
    findings: Findings
    #: Where the artifacts that differ are.
    kept: Path

    def raise_for_difference(self) -> None:
        """Raise MismatchError if a rebuild did not give the same."""
        findings = self.findings
        if findings.is_identical:
            return
        if findings.unvaried is not None:
            cause = "rebuilding differs even with nothing varied: time passing, randomness, or a race"
        elif findings.alone:
            cause = f"what is built depends on: {', '.join(findings.alone)}"
        else:
            cause = "what is built differs, but only with several things varied at once"
        raise MismatchError(cause, f"correct the recipe; what came out different is in {self.kept}")


def rebuild_last(requests: Sequence[Request], variations: Sequence[Variation], fetcher: Fetcher) -> Rebuilt:
    """Build a release, or verify the existing build, and rebuild its last stage with these variations.

    Raises what its parts raise, and CapabilityError if this machine can vary none of them; a difference is
    returned, not raised.
    """
    first, *others = build_stages(requests, fetcher)
    built = others[-1] if others else first
    request = derive_request(requests[-1], first) if others else requests[-1]
    source = choose_source(same_source(request.choice, built), request.release, fetcher)
    if source.identity != built.source:
        raise UsageError("the source was changed during the rebuild", "do not change it during a rebuild")
    plan = request.plan(source.identity)
    root = ensure_root(plan.stage.environment, fetcher)
    kept = DISPUTED.folder / f"{request.release.version}-{request.stage.name}-rebuilt"
    remove_tree(kept)
    with scratch(WORK.folder) as work:
        host = Host.look(work, Tools(plan.stage.environment, fetcher, work))
        pairs, not_varied = _possible(variations, host)
        rebuilder = VariedRebuilder(plan, source.prepare(work), root, built.artifacts, kept)
        findings = find(pairs, rebuilder.attempt)
    varied = {name: list(dict.fromkeys(value.text for value in pair)) for name, pair in pairs.items()}
    return Rebuilt(built, varied, not_varied, findings, kept)


def _possible(variations: Sequence[Variation], host: Host) -> tuple[dict[str, ValuePair], dict[str, str]]:
    """The values of what can be varied here; by name, why the others cannot."""
    lacks = {variation.name: variation.lack(host) for variation in variations}
    not_varied = {name: lack for name, lack in lacks.items() if lack}
    if len(not_varied) == len(variations):
        reasons = "; ".join(f"{name}: {reason}" for name, reason in not_varied.items())
        raise CapabilityError(f"nothing can be varied here: {reasons}", "vary something else")
    return {
        variation.name: variation.values(host) for variation in variations if not lacks[variation.name]
    }, not_varied

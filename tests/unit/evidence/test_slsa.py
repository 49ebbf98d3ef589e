"""The statement is what in-toto and SLSA have published as their shapes: https://github.com/in-toto/attestation/tree/main/protos."""

from __future__ import annotations

import json
import re

import pytest
from google.protobuf.json_format import MessageToDict, Parse, ParseDict
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.resource_descriptor import ResourceDescriptor
from in_toto_attestation.v1.statement import Statement as InTotoStatement

from tests.rebuilders import GIT, TARBALL, statement
from verbatim.evidence.attestation import WithdrawalStatement
from verbatim.paths import PROJECT
from verbatim.sources.source import Identity


def _predicate(payload: bytes) -> dict[str, object]:
    """The predicate of a payload that is a valid Statement v1, with nothing in it that is not in the published shape."""
    message = Parse(payload, statement_pb2.Statement(), ignore_unknown_fields=False)
    InTotoStatement.copy_from_pb(message).validate()
    predicate = MessageToDict(message.predicate)
    assert isinstance(predicate, dict)
    return predicate


@pytest.mark.parametrize("source", [GIT, TARBALL], ids=lambda source: source.kind)
def test_the_predicate_is_slsa_provenance(source: Identity) -> None:
    payload = statement(source=source).encode()
    assert json.loads(payload)["predicateType"] == "https://slsa.dev/provenance/v1"
    predicate = ParseDict(_predicate(payload), provenance_pb2.Provenance(), ignore_unknown_fields=False)
    # What SLSA requires, and protobuf cannot say: https://slsa.dev/spec/v1.1/provenance
    definition = predicate.build_definition
    assert re.fullmatch(r"[a-z]+:[^\s]+", definition.build_type)
    assert re.fullmatch(r"[a-z]+:[^\s]+", predicate.run_details.builder.id)
    assert len(definition.external_parameters) > 0
    assert len(definition.resolved_dependencies) == 4
    for dependency in definition.resolved_dependencies:
        ResourceDescriptor.copy_from_pb(dependency).validate()
        assert dependency.digest


def test_the_shape_is_checked_for_what_it_does_not_have() -> None:
    """The check above can fail."""
    predicate = _predicate(statement().encode())
    with pytest.raises(Exception, match='no field named "signed"'):
        ParseDict({**predicate, "signed": True}, provenance_pb2.Provenance(), ignore_unknown_fields=False)
    with pytest.raises(ValueError, match="At least one of name, URI, or digest"):
        ResourceDescriptor().validate()


def test_every_parameter_is_described() -> None:
    """The page of the build type says what each means."""
    page = (PROJECT / "docs" / "reference" / "statement.md").read_text(encoding="utf-8")
    definition = json.loads(statement().encode())["predicate"]["buildDefinition"]
    assert f"`{definition['buildType']}`" in page
    parameters = {*definition["externalParameters"], "formats", "optimize"} - {"source"} | {"source.kind"}
    assert [name for name in parameters if f"| `{name}` |" not in page] == []


def test_a_withdrawal_is_a_statement_of_in_toto() -> None:
    payload = WithdrawalStatement.of("a" * 64, "A disk was full.").encode()
    assert _predicate(payload) == {"reason": "A disk was full."}

"""The written contract is what the code does, and what the standards call a contract."""

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from openapi_core import OpenAPI
from ruamel.yaml import YAML
from typer.testing import CliRunner

from events.codec import SCHEMA_PREFIX, Encoded
from events.registry import MODELS
from events.topics import CATALOGUE, CONSUMED
from services.cli.contracts import FOLDER, stale_contracts, write_contracts
from services.cli.contracts.bus_api import RECEIVERS, SENDERS, asyncapi_document
from services.cli.contracts.examples import EXAMPLES, example_record
from services.cli.contracts.json_schemas import event_schema
from services.cli.contracts_command import app
from services.escalation.consumer import EscalationConsumer
from services.intake.verbs import ACTS
from services.notifier.consumer import NotifierConsumer
from services.roll_call.consumer import RollCallConsumer
from tests.support.published_standards import standard

TYPES = sorted(MODELS)
FILED = "edu.tocsin.incident.filed.v1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the written contract that a test may spoil."""
    return Path(shutil.copytree(FOLDER, tmp_path / "contracts"))


@cache
def written_asyncapi() -> dict[str, Any]:
    document: dict[str, Any] = YAML(typ="safe", pure=True).load(FOLDER / "asyncapi.yaml")
    return document


def resolved(document: dict[str, Any], reference: str) -> Any:
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def references(value: Any) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in references(item)]
    if not isinstance(value, dict):
        return []
    own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
    return own + [found for item in value.values() for found in references(item)]


def schema_in(document: dict[str, Any], schema: dict[str, Any]) -> Draft7Validator:
    """Return a validator of a schema inside an AsyncAPI document, whose references it follows (dialect: draft 07)."""
    whole = {"allOf": [schema], "components": document["components"]}
    return Draft7Validator(whole, format_checker=Draft7Validator.FORMAT_CHECKER)


def headers_of(record: Encoded) -> dict[str, str]:
    return {name: value.decode() for name, value in record.headers}


def test_the_written_contract_matches_the_code() -> None:
    """CI fails when the documents are stale: run `tocsin contracts write`."""
    assert stale_contracts() == []


def test_the_files_are_the_same_bytes_each_time_they_are_written(tmp_path: Path) -> None:
    """Writing is deterministic, whatever the environment: sorted keys, one newline at the end."""
    first, second = (
        {file.relative_to(place): file.read_bytes() for file in write_contracts(place)}
        for place in (tmp_path / "first", tmp_path / "second")
    )
    assert first == second
    assert all(text.endswith(b"\n") and not text.endswith(b"\n\n") for text in first.values())
    for name in ("openapi.json", f"schemas/{FILED}.json"):
        document = json.loads(first[Path(name)])
        assert list(document) == sorted(document)


def test_the_environment_does_not_change_the_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """The documents of a machine whose settings are set, or wrong, are everybody's documents."""
    monkeypatch.setenv("TOCSIN_TOPIC_PREFIX", "elsewhere.")
    monkeypatch.setenv("TOCSIN_HTTP_PORT", "no port")
    assert stale_contracts() == []


def test_a_missing_file_is_stale(folder: Path) -> None:
    """A document that was never committed is named."""
    (folder / "openapi.json").unlink()
    assert stale_contracts(folder) == ["openapi.json: missing"]


def test_a_changed_file_is_stale(folder: Path) -> None:
    """One byte more is enough."""
    with (folder / "asyncapi.yaml").open("a", encoding="utf-8") as file:
        file.write("\n")
    assert stale_contracts(folder) == ["asyncapi.yaml: differs from the code"]


def test_a_schema_of_no_event_type_is_stale_until_written_again(folder: Path) -> None:
    """A type that is no more leaves no schema behind; other files in the folder are left alone."""
    gone, note = folder / "schemas" / "edu.tocsin.incident.gone.v1.json", folder / "schemas" / "README.md"
    gone.write_text("{}", encoding="utf-8")
    note.write_text("notes", encoding="utf-8")
    assert stale_contracts(folder) == ["schemas/edu.tocsin.incident.gone.v1.json: no such event type any more"]
    write_contracts(folder)
    assert stale_contracts(folder) == []
    assert note.is_file()


def test_the_check_command_names_stale_files_and_says_what_to_do(folder: Path) -> None:
    """`tocsin contracts check` exits with 1 and `write` mends it."""
    run = CliRunner().invoke
    (folder / "openapi.json").unlink()
    refused = run(app, ["check", "--folder", str(folder)])
    assert refused.exit_code == 1
    assert "openapi.json: missing" in refused.output
    assert "tocsin contracts write" in refused.output
    assert run(app, ["write", "--folder", str(folder)]).exit_code == 0
    assert run(app, ["check", "--folder", str(folder)]).exit_code == 0


def test_the_asyncapi_document_is_valid() -> None:
    """The written YAML is an AsyncAPI 3.0 document by the standard's own schema."""
    faults = Draft7Validator(standard("asyncapi-3.0.schema.json")).iter_errors(written_asyncapi())
    assert [f"{'/'.join(map(str, fault.absolute_path))}: {fault.message[:300]}" for fault in faults] == []


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    """The standard's schema does not follow references; this does."""
    document = written_asyncapi()
    found = references(document)
    assert found
    for reference in found:
        assert isinstance(resolved(document, reference), dict), reference


def test_the_openapi_document_is_valid() -> None:
    """The written JSON is an OpenAPI 3.1 document."""
    document = json.loads((FOLDER / "openapi.json").read_text(encoding="utf-8"))
    assert document["openapi"].startswith("3.1.")
    OpenAPI.from_dict(document).check_spec()


def test_the_openapi_document_has_every_verb_of_the_chain() -> None:
    """What the chain may do to a case is in the contract."""
    paths = json.loads((FOLDER / "openapi.json").read_text(encoding="utf-8"))["paths"]
    verbs = {path.rpartition("/")[2] for path in paths if path.startswith("/v1/cases/{case_id}/")}
    assert {act.path for act in ACTS} <= verbs
    assert "post" in paths["/v1/incidents"]


@pytest.mark.parametrize("event_type", TYPES)
def test_every_event_type_is_in_the_channel_of_its_family(event_type: str) -> None:
    """One on none could not be sent. The chain's verbs are said of petitions, too: of a case on its own topic only."""
    channels = written_asyncapi()["channels"]
    found = {name for name, channel in channels.items() if event_type in channel["messages"]}
    expected = {topic.name for topic in CATALOGUE if event_type.split(".")[2] in topic.families}
    assert found == expected
    assert len(found) == (2 if event_type.startswith("edu.tocsin.incident.") else 1)


def test_every_topic_is_a_channel_and_read_ones_have_dead_letters() -> None:
    """The channels are the catalogue, with its partitions and retention."""
    channels = asyncapi_document()["channels"]
    assert set(channels) == {topic.name for topic in CATALOGUE} | {f"{name}.dead-letter" for name in CONSUMED}
    for topic in CATALOGUE:
        kafka = channels[topic.name]["bindings"]["kafka"]
        assert kafka["partitions"] == 12
        kept = kafka["topicConfiguration"].get("retention.ms")
        assert kept == (topic.retention and topic.retention.total_seconds() * 1000)


def test_senders_and_receivers_are_those_of_the_services() -> None:
    """Every topic has a sender, and the consumers named are the ones that run."""
    consumers = (EscalationConsumer, NotifierConsumer, RollCallConsumer)
    assert set(SENDERS) == {topic.name for topic in CATALOGUE}
    assert {topic: consumer.name for consumer in consumers for topic in consumer.topics} == RECEIVERS
    assert set(RECEIVERS) == set(CONSUMED)


@pytest.mark.parametrize("event_type", TYPES)
def test_the_schema_of_a_type_accepts_what_is_encoded(event_type: str) -> None:
    """Its `$id` is what the record names in ce_dataschema, and the record's value is valid by it."""
    record, schema = example_record(event_type), event_schema(event_type)
    Draft202012Validator.check_schema(schema)
    assert headers_of(record)["ce_dataschema"] == schema["$id"] == SCHEMA_PREFIX + event_type
    checker = Draft202012Validator.FORMAT_CHECKER
    value = json.loads(record.value)
    Draft202012Validator(schema, format_checker=checker).validate(value)


@pytest.mark.parametrize("event_type", TYPES)
def test_the_schema_of_a_type_refuses_what_is_no_such_event(event_type: str) -> None:
    """A schema that accepts anything would prove nothing: each required field is missed, each unknown one refused."""
    schema, value = event_schema(event_type), json.loads(example_record(event_type).value)
    validator = Draft202012Validator(schema)
    for name in schema["required"]:
        assert not validator.is_valid({key: part for key, part in value.items() if key != name}), name
    assert not validator.is_valid({**value, "unheard_of": 1})


def test_a_type_with_a_word_refuses_the_data_of_another_word() -> None:
    """`delivery.attempted` with the state of a failure is no valid record."""
    failed = json.loads(example_record("edu.tocsin.delivery.failed-permanent.v1").value)
    assert not Draft202012Validator(event_schema("edu.tocsin.delivery.attempted.v1")).is_valid(failed)


@pytest.mark.parametrize("event_type", TYPES)
def test_the_message_of_a_type_accepts_its_record(event_type: str) -> None:
    """The AsyncAPI message's headers, payload and key are those of the record that we write, and its example too."""
    document = written_asyncapi()
    message, record = document["components"]["messages"][event_type], example_record(event_type)
    headers, value = headers_of(record), json.loads(record.value)
    schema_in(document, message["headers"]).validate(headers)
    schema_in(document, message["payload"]).validate(value)
    schema_in(document, message["bindings"]["kafka"]["key"]).validate(record.key)
    assert message["examples"] == [{"name": "usual", "headers": headers, "payload": value}]


@pytest.mark.parametrize("header", ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"])
def test_a_message_refuses_a_record_without_a_needed_header(header: str) -> None:
    """What reading needs, the contract demands."""
    document = written_asyncapi()
    schema = document["components"]["messages"][FILED]["headers"]
    headers = headers_of(example_record(FILED))
    del headers[header]
    assert not schema_in(document, schema).is_valid(headers)


def test_every_type_has_an_example_of_its_own_model() -> None:
    """The examples cover the registry, and none is left over from a type that is no more."""
    assert {event_type: type(body) for event_type, body in EXAMPLES.items()} == dict(MODELS)

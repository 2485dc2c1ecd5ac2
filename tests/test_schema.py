"""The JSON Schema with which editors check protocol files."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft7Validator

from faradaic.protocols import BUILT_IN, ProtocolError, load_protocol
from faradaic.protocols.interchange import protocol_schema
from faradaic.protocols.plain_yaml import parse_plain_yaml

DOCS = Path(__file__).parents[1] / "docs"
SCHEMA = Draft7Validator(protocol_schema())
NEEDED = {
    "CyclicVoltammetry": {"vertex_1": "1 V", "vertex_2": "-1 V"},
    "Sequence": {"protocols": [{"protocol": "OpenCircuit"}]},
    "Repeat": {"body": {"protocol": "OpenCircuit"}, "times": 2},
}


def test_it_is_a_schema_and_the_published_copy_is_the_same():
    schema = protocol_schema({kind.__name__: kind for kind in BUILT_IN})
    Draft7Validator.check_schema(schema)
    published = json.loads((DOCS / "faradaic.schema.json").read_text("utf-8"))
    assert published == schema, "write it again: faradaic schema --out docs/faradaic.schema.json"


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda kind: kind.__name__)
def test_every_protocol_as_it_is_by_default_is_right(kind):
    protocol = kind.model_validate(NEEDED.get(kind.__name__, {}))
    written = json.loads(json.dumps(protocol.to_dict()))
    assert not list(SCHEMA.iter_errors(written))
    # What the schema offers as a default is one.
    about = protocol_schema()["$defs"][kind.__name__]["properties"]
    offered = {name: each["default"] for name, each in about.items() if "default" in each}
    again = load_protocol({"protocol": kind.__name__, **NEEDED.get(kind.__name__, {}), **offered})
    assert again == protocol


@pytest.mark.parametrize(
    "text",
    [
        "{protocol: LinearSweep, start: ocv, stop: 5 V, rate: 0.1 mV/s, current_limit: 1 mA/cm²}",
        "{protocol: LinearSweep, start: 0, stop: -1.5e-1 V}",
        "{protocol: CyclicVoltammetry, vertex_1: 1 V, vertex_2: 0, rates: '20, 50 mV/s'}",
        "{protocol: CyclicVoltammetry, vertex_1: 1 V, vertex_2: 0, rates: [20 mV/s, 50 mV/s], cycles: 2}",
        "{protocol: GalvanostaticCycling, charge_current: C/3, hold_until: C/20, limits: {potential_max: 4.3 V}}",
        "{protocol: GalvanostaticCycling, charge_current: 0.5C, rest: 0, hold_until: null}",
        "{protocol: SymmetricCycling, stages: 0.05 mA/cm² x 0.1 mAh/cm² x 10}",
        "{protocol: SymmetricCycling, stages: [0.05 mA/cm² x 0.1 mAh/cm² x 10]}",
        "{protocol: OpenCircuit, duration: '1:30:00'}",
        "{protocol: OpenCircuit, duration: 1 h 30 min, limits: {temperature_max: 60 °C}}",
        "{protocol: ConductivitySweep, temperatures: '25, 40 °C'}",
        "{protocol: Schedule, method: [{step: repeat, times: 3, steps: [{step: rest, duration: 1 h}]}]}",
        "{protocol: Sequence, protocols: [{protocol: Repeat, times: 2, body: {protocol: OpenCircuit}}]}",
    ],
)
def test_what_people_write_is_right_for_both(text):
    description = parse_plain_yaml(text)
    load_protocol(description)
    assert not [error.message for error in SCHEMA.iter_errors(description)]


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{protocol: Nonsense}",
        "{stop: 5 V}",
        "{protocol: LinearSweep, stopp: 5 V}",
        "{protocol: LinearSweep, stop: 5}",
        "{protocol: LinearSweep, stop: five V}",
        "{protocol: LinearSweep, stop: '1,5 V'}",
        "{protocol: LinearSweep, rate: 0}",
        "{protocol: LinearSweep, rate: [1 mV/s]}",
        "{protocol: CyclicVoltammetry, vertex_1: 1 V}",
        "{protocol: CyclicVoltammetry, vertex_1: 1 V, vertex_2: 0, rates: []}",
        "{protocol: GalvanostaticCycling, cycles: 0}",
        "{protocol: GalvanostaticCycling, cycles: many}",
        "{protocol: GalvanostaticCycling, charge_current: 2}",
        "{protocol: GalvanostaticCycling, stop_below: 1.5}",
        "{protocol: GalvanostaticCycling, limits: {potential: 4 V}}",
        "{protocol: OpenCircuit, limits: {temperature_max: 0}}",
        "{protocol: ImpedanceSpectrum, control: magic}",
        "{protocol: Schedule, method: [{step: rest}]}",
        "{protocol: Schedule, method: [{step: rest, duration: 1 h, current: 1 A}]}",
        "{protocol: Schedule, method: [{step: repeat, times: 3, steps: []}]}",
        "{protocol: Sequence, protocols: []}",
        "{protocol: Sequence, protocols: [{protocol: OpenCircuit, durations: 1 h}]}",
        "{protocol: Repeat, times: 2, body: {protocol: Nonsense}}",
        "{protocol: Repeat, body: {protocol: OpenCircuit}}",
    ],
)
def test_what_is_wrong_is_wrong_for_both(text):
    description = parse_plain_yaml(text)
    assert list(SCHEMA.iter_errors(description))
    with pytest.raises(ProtocolError):
        load_protocol(description)


def test_an_editor_shows_what_a_parameter_means_and_what_is_allowed():
    rate = protocol_schema()["$defs"]["LinearSweep"]["properties"]["rate"]
    assert rate["description"].startswith("How fast the potential changes. Allowed: above 0 mV/s")
    assert (rate["default"], rate["examples"]) == ("0.1 mV/s", ["0.1 mV/s"])

"""What the options of every detector of the catalogue must hold to."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError
from tidewatch.detectors import CATALOGUE


@pytest.mark.parametrize("name", CATALOGUE)
class TestOptions:
    def test_have_defaults(self, name):
        assert CATALOGUE[name].options_type().name == name

    def test_defaults_pass_through_json(self, name):
        options_type = CATALOGUE[name].options_type
        assert options_type.model_validate(json.loads(options_type().model_dump_json())) == options_type()

    def test_reject_an_unknown_one(self, name):
        with pytest.raises(ValidationError):
            CATALOGUE[name].options_type(no_such_option=1)

    def test_reject_another_detectors_name(self, name):
        with pytest.raises(ValidationError):
            CATALOGUE[name].options_type(name="no_such_detector")

    def test_reject_what_is_of_no_option_s_type(self, name):
        for field in CATALOGUE[name].options_type.model_fields:
            for nonsense in (object(), [], {}, "no such choice", float("nan"), float("inf")):
                with pytest.raises(ValidationError):
                    CATALOGUE[name].options_type(**{field: nonsense})

    def test_reject_numbers_beyond_their_bounds(self, name):
        options_type = CATALOGUE[name].options_type
        for field, schema in options_type.model_json_schema()["properties"].items():
            numbers = [s for s in (schema, *schema.get("anyOf", ())) if s.get("type") in ("number", "integer")]
            for number in numbers:
                beyond = [number[bound] for bound in ("exclusiveMinimum", "exclusiveMaximum") if bound in number]
                beyond += [number["minimum"] - 1] if "minimum" in number else []
                beyond += [number["maximum"] + 1] if "maximum" in number else []
                assert len(beyond) == 2, f"{field} has no bounds on both sides"
                for value in beyond:
                    with pytest.raises(ValidationError):
                        options_type(**{field: value})

    def test_each_is_described_for_the_api_s_documentation(self, name):
        fields = CATALOGUE[name].options_type.model_fields
        assert all(field.description for option, field in fields.items() if option != "name")
        assert CATALOGUE[name].options_type.__doc__

    def test_cannot_be_changed(self, name):
        with pytest.raises(ValidationError):
            CATALOGUE[name].options_type().name = name


def test_names_are_unique_and_the_keys_of_the_catalogue():
    names = [detector.options_type().name for detector in CATALOGUE.values()]
    assert names == list(CATALOGUE)
    assert len(set(names)) == len(names)

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.sam.template import Template, load_template

TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: dev}
  Mail: {Type: String}
Mappings:
  Sizes: {dev: {Memory: 128}, prod: {Memory: 512}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [!Condition IsProd]
  Both: !And [!Condition IsProd, !Condition IsDev]
  Either: !Or [!Condition IsProd, !Condition IsDev]
Globals:
  Function: {Timeout: 25, Tags: {Stage: !Ref Stage}}
Resources:
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      DeletionProtectionEnabled: !If [IsProd, true, false]
      Nothing: !If [IsProd, 1, !Ref AWS::NoValue]
      List: [1, !Ref AWS::NoValue, !Ref Stage]
  Named:
    Type: AWS::S3::Bucket
    Properties: {BucketName: !Sub "data-${Stage}"}
  OnlyInProd:
    Type: AWS::S3::Bucket
    Condition: IsProd
"""


@pytest.fixture
def template(tmp_path: Path) -> Template:
    path = tmp_path / "template.yaml"
    path.write_text(TEMPLATE)
    return Template(load_template(path), "eu-north-1", "shop-local")


def test_resources_are_resolved_and_conditions_hold(template: Template) -> None:
    assert template.resources("AWS::DynamoDB::Table") == {
        "Table": {"DeletionProtectionEnabled": False, "List": [1, "dev"]}
    }
    assert list(template.resources("AWS::S3::Bucket")) == ["Named"]
    assert template.global_properties("Function") == {"Timeout": 25, "Tags": {"Stage": "dev"}}
    assert template.global_properties("Api") == {}


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Stage"}, "dev"),
        ({"Ref": "Mail"}, ""),
        ({"Ref": "Table"}, "shop-local-table"),
        ({"Ref": "Named"}, "data-dev"),
        ({"Ref": "SomethingOfSam"}, "SomethingOfSam"),
        ({"Ref": "AWS::Region"}, "eu-north-1"),
        ({"Fn::Sub": "a-${Stage}-${!Literal}-${Table.Arn}"}, "a-dev-${Literal}-local:Table.Arn"),
        ({"Fn::Sub": ["${Here}/x", {"Here": {"Ref": "Stage"}}]}, "dev/x"),
        ({"Fn::GetAtt": ["Table", "Arn"]}, "local:Table.Arn"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Stage"}]]}, "a-dev"),
        ({"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "Stage"}, "Memory"]}, 128),
        ({"Fn::If": ["Either", "yes", "no"]}, "yes"),
        ({"Fn::If": ["Both", "yes", "no"]}, "no"),
        ({"Fn::ImportValue": "other"}, "local:other"),
        ({"Ref": "AWS::NoValue"}, None),
    ],
)
def test_intrinsic_functions(template: Template, value: Any, resolved: Any) -> None:
    assert template.resolve(value) == resolved


def test_short_tags_become_long_ones(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text("A: !GetAtt B.Arn\nC: !Join [x, [1]]\nD: !Sub ['${E}', {E: f}]\nG: !Transform {Name: n}\n")
    assert load_template(path) == {
        "A": {"Fn::GetAtt": ["B", "Arn"]},
        "C": {"Fn::Join": ["x", [1]]},
        "D": {"Fn::Sub": ["${E}", {"E": "f"}]},
        "G": {"Fn::Transform": {"Name": "n"}},
    }

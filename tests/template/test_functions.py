from __future__ import annotations

import pytest
from tidewatch.settings import Settings
from tidewatch.telemetry import NAMESPACE, SERVICE

from tests.support.template import SCHEDULED, document, functions, layers_of, resources, template, template_with

READ_BY_LIBRARIES = {"AWS_ENDPOINT_URL", "JOBLIB_MULTIPROCESSING", "OMP_NUM_THREADS", "PYDANTIC_DISABLE_PLUGINS"}

API_GATEWAY_TIMEOUT_SECONDS = 29
NAMES = sorted(functions())


def own_properties(name):
    return document()["Resources"][name]["Properties"]


@pytest.mark.parametrize("name", sorted(functions().keys() - SCHEDULED))
def test_a_function_gives_up_before_the_gateway_does(name):
    assert functions()[name]["Timeout"] < API_GATEWAY_TIMEOUT_SECONDS


def test_a_fit_ends_its_race_before_its_function_ends():
    deadline = float(functions()["FitFunction"]["Environment"]["Variables"]["PUBLISH_DEADLINE_SECONDS"])
    assert deadline < functions()["FitFunction"]["Timeout"] - 5


@pytest.mark.parametrize("name", NAMES)
def test_a_function_is_called_through_its_alias(name):
    function = functions()[name]
    assert function["Runtime"] == "python3.13"
    assert function["AutoPublishAlias"] == "live"
    assert function["Tracing"] == "Active"


def test_only_what_somebody_waits_for_has_a_snapshot():
    def snapshots(**parameters):
        found = template_with(**parameters).resources("AWS::Serverless::Function")
        applied = {name: function.get("SnapStart", {}).get("ApplyOn", "None") for name, function in found.items()}
        return {name for name, apply_on in applied.items() if apply_on == "PublishedVersions"}

    assert snapshots() == {"PredictFunction", "AuthorizerFunction"}
    trained = snapshots() | {"FitFunction", "DetectFunction"}
    assert snapshots(TrainingSnapshots="PublishedVersions") == trained


def test_training_has_ceilings_that_are_off_until_somebody_sets_them():
    ceilings = {}
    for name in NAMES:
        assert "ReservedConcurrentExecutions" not in functions()[name]
        if "ReservedConcurrentExecutions" in own_properties(name):
            condition, ceiling, none = own_properties(name)["ReservedConcurrentExecutions"]["Fn::If"]
            assert none == {"Ref": "AWS::NoValue"}
            parameter = ceiling["Ref"]
            assert document()["Conditions"][condition] == {"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, 0]}]}
            ceilings[name] = parameter
    assert ceilings == {"FitFunction": "FitConcurrency", "DetectFunction": "DetectConcurrency"}
    limited = template_with(FitConcurrency=7).resources("AWS::Serverless::Function")
    assert limited["FitFunction"]["ReservedConcurrentExecutions"] == 7


@pytest.mark.parametrize("name", NAMES)
def test_a_new_layer_reaches_the_alias(name):
    assert functions()[name]["AutoPublishAliasAllProperties"] is True
    assert "Tags" not in functions()[name], "a change of tags makes no new version, and publishing one fails"
    for layer in layers_of(name):
        assert document()["Resources"][layer]["Properties"]["PublishLambdaVersion"] is True


def test_what_trains_has_a_whole_processor():
    assert {name for name in NAMES if functions()[name]["MemorySize"] == 1769} == {
        "FitFunction",
        "DetectFunction",
        "WorkerFunction",
    }


@pytest.mark.parametrize("name", NAMES)
def test_a_function_logs_to_a_group_of_its_own(name):
    group = own_properties(name)["LoggingConfig"]["LogGroup"]["Ref"]
    group_name = template().resources("AWS::Logs::LogGroup")[group]["LogGroupName"]
    assert group_name == f"/aws/lambda/{functions()[name]['FunctionName']}"
    # Lambda's own JSON format would filter lines by level, and with them the metrics.
    assert functions()[name]["LoggingConfig"]["LogFormat"] == "Text"


def test_no_log_is_kept_for_ever():
    for group in resources("AWS::Logs::LogGroup").values():
        assert group["Properties"]["RetentionInDays"] == {"Ref": "LogRetentionDays"}


def test_functions_and_layers_are_built_for_the_chosen_architecture():
    chosen = {"Ref": "Architecture"}
    assert document()["Globals"]["Function"]["Architectures"] == [chosen]
    for layer in resources("AWS::Serverless::LayerVersion").values():
        assert layer["Properties"]["CompatibleArchitectures"] == [chosen]
        assert layer["Metadata"]["BuildArchitecture"] == chosen


def test_a_function_carries_the_layers_that_it_needs():
    more = {
        "FitFunction": ["LearningLayer"],
        "WorkerFunction": ["LearningLayer"],
        "PlotFunction": ["PlottingLayer"],
        "DetectFunction": ["LearningLayer", "PlottingLayer"],
    }
    for name in NAMES:
        assert layers_of(name) == ["SharedLayer", "RuntimeLayer", *more.get(name, [])]


def test_the_environment_is_what_the_settings_read():
    for name in NAMES:
        variables = functions()[name]["Environment"]["Variables"]
        ours = {name for name in variables if not name.startswith("POWERTOOLS_")}
        assert ours - READ_BY_LIBRARIES == Settings.env_names()
        # A value here would send a deployed function somewhere else than to AWS.
        assert variables["AWS_ENDPOINT_URL"] == ""
        assert variables["POWERTOOLS_SERVICE_NAME"] == SERVICE
        assert variables["POWERTOOLS_METRICS_NAMESPACE"] == NAMESPACE

"""The alert rules: what they look at, how far back, whom they call, and that their periods fit the schedule."""

import json
import re

import pytest

from conftest import INFRA, ROOT, WORK, take_snapshot

ON_CALL = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/operations-group"
    "/providers/Microsoft.Insights/actionGroups/on-call"
)
# What Azure Monitor takes (azurerm's documentation of azurerm_monitor_scheduled_query_rules_alert_v2).
FREQUENCIES = ["PT5M", "PT10M", "PT15M", "PT30M", "PT45M", "PT1H", "PT2H", "PT3H", "PT4H", "PT5H", "PT6H", "P1D"]
WINDOWS = [*FREQUENCIES, "P2D"]


def rules(snapshot):
    """The alert rules by their name without the app's."""
    prefix = snapshot.one("Microsoft.Web/sites")["name"] + "-"
    return {rule["name"].removeprefix(prefix): rule for rule in snapshot.all("Microsoft.Insights/scheduledQueryRules")}


def test_each_rule_runs_the_query_of_its_name_over_the_apps_own_logs(snapshot):
    for name, rule in rules(snapshot).items():
        properties = rule["properties"]
        assert rule["kind"] == "LogAlert"
        assert properties["scopes"] == [snapshot.one("Microsoft.OperationalInsights/workspaces")["id"]]
        assert (properties["enabled"], properties["autoMitigate"], properties["skipQueryValidation"]) == (True, True, True)
        assert properties["criteria"] == {
            "allOf": [
                {
                    "query": (INFRA / "alerts" / f"{name}.kql").read_text(),
                    "timeAggregation": "Count",
                    "operator": "GreaterThan",
                    "threshold": 0,
                    "dimensions": [{"name": "Subject", "operator": "Include", "values": ["*"]}],
                    "failingPeriods": {"minFailingPeriodsToAlert": 1, "numberOfEvaluationPeriods": 1},
                }
            ]
        }


@pytest.mark.parametrize(
    ("scenario", "windows"),
    [
        ("main", {"failed-run": "PT1H", "deletions-held": "PT3H", "no-successful-run": "PT3H"}),
        ("existing-elsewhere", {"failed-run": "PT1H", "deletions-held": "PT3H", "no-successful-run": "PT3H"}),
        ("keyless", {"failed-run": "PT1H", "deletions-held": "PT3H", "no-successful-run": "PT3H"}),
        ("action-group", {"failed-run": "PT1H", "deletions-held": "PT6H", "no-successful-run": "PT6H"}),
        # On working days only: no period of Azure Monitor's is as long as a week-end.
        ("all-settings", {"failed-run": "PT1H", "deletions-held": "P2D"}),
        ("built-in-role", {}),
    ],
)
def test_the_rules_look_as_far_back_as_they_must(snapshots, scenario, windows):
    found = rules(snapshots[scenario])
    assert {name: rule["properties"]["windowSize"] for name, rule in found.items()} == windows


def test_frequencies_and_windows_are_those_that_azure_monitor_takes(snapshot):
    for rule in rules(snapshot).values():
        frequency, window = (rule["properties"][name] for name in ("evaluationFrequency", "windowSize"))
        assert frequency == "PT15M"
        assert WINDOWS.index(window) >= FREQUENCIES.index(frequency)
        assert "overrideQueryTimeRange" not in rule["properties"]


def test_the_action_group_is_called_when_there_is_one(snapshots):
    called = {name: [rule["properties"]["actions"] for rule in rules(snapshot).values()] for name, snapshot in snapshots.items()}
    assert called["action-group"] == [{"actionGroups": [ON_CALL]}] * 3
    assert called["everything-new"] == [{"actionGroups": []}] * 3


# A schedule, and the hours without a success after which there is an alert if nothing else is asked for.
SCHEDULES = {
    "0 0 * * * *": 3,
    "0 */15 * * * *": 3,
    "0 30 */2 * * *": 5,
    "0 0 */3 * * *": 24,
    "0 0 */12 * * *": 48,
    "0 0 6,18 * * *": 48,
    "0 0 4 * * *": 48,
    "0 0 4 * * 1-5": 0,
    "0 0 4 1 * *": 0,
    "0 0 4 * 1 *": 0,
}


def test_the_period_fits_the_schedule_when_none_is_given():
    template = WORK / "tests" / "schedules.bicep"
    listed = "\n".join(f"  '{schedule}'" for schedule in SCHEDULES)
    template.write_text(
        "import { defaultPeriod, fittingPeriod, duration } from '../modules/schedule.bicep'\n\n"
        f"var schedules = [\n{listed}\n]\n"
        "output periods int[] = map(schedules, schedule => fittingPeriod(schedule, defaultPeriod(schedule)))\n"
        "output durations string[] = map([2, 3, 4, 5, 6, 24, 48], hours => duration(hours))\n"
    )
    parameters = template.with_suffix(".bicepparam")
    parameters.write_text("using 'schedules.bicep'\n")
    taken = take_snapshot(parameters)
    assert (taken.returncode, taken.stderr) == (0, "")
    outputs = json.loads(template.with_suffix(".snapshot.json").read_text())["outputs"]
    assert dict(zip(SCHEDULES, outputs["periods"], strict=True)) == SCHEDULES
    assert outputs["durations"] == ["PT2H", "PT3H", "PT4H", "PT5H", "PT6H", "P1D", "P2D"]
    assert set(outputs["durations"]) <= set(WINDOWS)


@pytest.mark.parametrize(
    ("schedule", "hours", "said"),
    [
        ("0 0 */6 * * *", 6, "noSuccessPeriodHours must be at least 24"),
        ("0 0 4 * * *", 24, "noSuccessPeriodHours must be at least 48"),
        ("0 0 4 * * 1-5", 48, "noSuccessPeriodHours must be 0 (no such alert)"),
    ],
)
def test_a_period_that_does_not_fit_the_schedule_is_refused(refusal, schedule, hours, said):
    assert said in refusal(syncSchedule=schedule, noSuccessPeriodHours=hours)


def test_the_timer_that_the_queries_name_is_there():
    named = set(re.findall(r"Name == '([^']+)'", "".join(file.read_text() for file in (INFRA / "alerts").glob("*.kql"))))
    assert named == {"function-timer"}
    bindings = json.loads((ROOT / "function-timer" / "function.json").read_text())["bindings"]
    assert [binding["type"] for binding in bindings] == ["timerTrigger"]


def test_telemetry_that_the_queries_count_is_not_sampled_away():
    sampling = json.loads((ROOT / "host.json").read_text())["logging"]["applicationInsights"]["samplingSettings"]
    assert {"Request", "Trace"} <= set(sampling["excludedTypes"].split(";"))

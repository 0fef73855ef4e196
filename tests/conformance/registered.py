"""Every adapter of the suite, by name."""

from __future__ import annotations

import pytest

from tests.conformance.adapter import Adapter, FileAdapter
from tests.conformance.adapters import (
    checkups,
    cloud,
    fhir,
    fitbit,
    garmin,
    gateway,
    health_connect_records,
    health_connect_tables,
    makers,
    phones,
    points,
    profiles,
    reports,
    withings,
)

ADAPTERS: dict[str, Adapter] = {
    each.id: each
    for each in (
        points.GooglePages(),
        fitbit.FitbitAnswers(),
        fitbit.TakeoutTables(),
        fitbit.TakeoutObjects(),
        fitbit.FitbitTables(),
        fhir.FhirLines(),
        fhir.FhirBundle(),
        checkups.CheckupTable(),
        reports.CheckupXml(),
        reports.CheckupFhir(),
        phones.Apple(),
        health_connect_records.ConnectRecords(),
        health_connect_tables.ConnectTables(),
        points.OpenMHealth(),
        makers.Omron(),
        withings.WithingsTables(),
        withings.WithingsAnswers(),
        makers.Oura(),
        makers.Samsung(),
        garmin.FitFiles(),
        garmin.ConnectAnswers(),
        profiles.HeartRate(),
        profiles.BloodPressure(),
        profiles.Thermometer(),
        profiles.Scale(),
        profiles.BodyComposition(),
        profiles.Oximeter(),
        profiles.GlucoseMeter(),
        profiles.Sensor(),
        gateway.GatewayBox(),
        cloud.GoogleCloud(),
    )
}


def every(case: str, *, files: bool = False, mute: bool = False):
    """Runs a test with every adapter that can have the case; those that cannot say why in ``cannot``.

    mute: only those whose form has a place that can be left out.
    """
    chosen = [
        each
        for each in ADAPTERS.values()
        if case not in each.cannot
        and (not files or isinstance(each, FileAdapter))
        and (not mute or type(each).mute is not Adapter.mute)
    ]
    return pytest.mark.parametrize("adapter", chosen, ids=[each.id for each in chosen])

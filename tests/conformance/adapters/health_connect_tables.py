"""The database that a phone exports from Health Connect."""

from __future__ import annotations

from tests.conformance.adapters.phones import Phone
from tests.ingest.health_connect_export import NOW, Export


class ConnectTables(Phone):
    """Tables with units of their own: grams, millimoles, metres, small calories."""

    name = "health-connect"
    form = "database"
    kinds = ("59408-5", "55423-8", "29463-7", "85354-9")
    most = 1200

    def write(self, place, *parts):
        place.mkdir(parents=True, exist_ok=True)
        for number, rows in enumerate(parts):
            file = place / f"health_connect_export_{number}.db"
            file.unlink(missing_ok=True)
            self._fill(file, [(row, row.offset) for row in rows])
        return place if len(parts) > 1 else file

    def files(self, part, rows):
        raise AssertionError("a database is written in its place")

    def mute(self, place, rows):
        place.mkdir(parents=True, exist_ok=True)
        file = place / "mute.db"
        file.unlink(missing_ok=True)
        self._fill(file, [(row, None) for row in rows])
        return file

    def _fill(self, file, rows):
        export = Export(file)
        for row, offset in rows:
            at = row.at - NOW // 1000
            if row.code == "59408-5":
                export.instant("oxygen_saturation_record_table", at, offset, percentage=row.value)
            elif row.code == "29463-7":
                export.instant("weight_record_table", at, offset, weight=row.value * 1000)
            elif row.code == "55423-8":
                export.interval("steps_record_table", at, 60, offset, count=int(row.value))
            else:
                export.instant(
                    "blood_pressure_record_table",
                    at,
                    offset,
                    measurement_location="",
                    systolic=row.of("systolic"),
                    diastolic=row.of("diastolic"),
                )
        export.done()

    def look_alikes(self, place):
        place.mkdir(parents=True, exist_ok=True)
        file = place / "units.db"
        file.unlink(missing_ok=True)
        export = Export(file)
        export.instant("blood_glucose_record_table", level=5.5, relation_to_meal="")
        export.instant("height_record_table", height=1.67)
        export.interval("active_calories_burned_record_table", energy=1500.0)
        export.done()
        expected = [("2339-0", 99.086), ("8302-2", 167.0), ("55424-6", 1.5)]
        yield "millimoles, metres and small calories", file, expected

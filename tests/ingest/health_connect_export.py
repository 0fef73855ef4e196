"""Makes databases as Health Connect exports them, from the statements of Android's record helpers."""

from __future__ import annotations

import sqlite3
import uuid

RECORD = (
    "row_id INTEGER PRIMARY KEY AUTOINCREMENT, uuid BLOB NOT NULL UNIQUE, last_modified_time INTEGER, "
    "client_record_id TEXT, client_record_version TEXT, device_info_id INTEGER, app_info_id INTEGER, "
    "recording_method INTEGER, dedupe_hash BLOB UNIQUE, "
)
INSTANT = RECORD + "time INTEGER, zone_offset INTEGER, local_date INTEGER, "
INTERVAL = (
    RECORD + "start_time INTEGER, start_zone_offset INTEGER, end_time INTEGER, end_zone_offset INTEGER, "
    "local_date INTEGER, "
)
LOCAL = ", local_date_time INTEGER AS (time + 1000 * zone_offset)"
SPAN = ", local_date_time_start_time INTEGER AS (start_time + 1000 * start_zone_offset)"
TABLES = {
    "application_info_table": "row_id INTEGER PRIMARY KEY, package_name TEXT NOT NULL UNIQUE, app_name TEXT",
    "device_info_table": "row_id INTEGER PRIMARY KEY, manufacturer TEXT, model TEXT, device_type INTEGER",
    "steps_record_table": f"{INTERVAL} count INTEGER {SPAN}",
    "distance_record_table": f"{INTERVAL} distance REAL {SPAN}",
    "floors_climbed_record_table": f"{INTERVAL} floors REAL {SPAN}",
    "active_calories_burned_record_table": f"{INTERVAL} energy REAL {SPAN}",
    "total_calories_burned_record_table": f"{INTERVAL} energy REAL {SPAN}",
    "menstruation_period_record_table": f"{INTERVAL} note TEXT {SPAN}",
    "heart_rate_record_table": f"{INTERVAL} x TEXT {SPAN}",
    "heart_rate_record_series_table": "parent_key INTEGER, beats_per_minute INTEGER, epoch_millis INTEGER",
    "resting_heart_rate_record_table": f"{INSTANT} beats_per_minute INTEGER {LOCAL}",
    "heart_rate_variability_rmssd_record_table": f"{INSTANT} heart_rate_variability_millis REAL {LOCAL}",
    "oxygen_saturation_record_table": f"{INSTANT} percentage REAL {LOCAL}",
    "respiratory_rate_record_table": f"{INSTANT} rate REAL {LOCAL}",
    "body_temperature_record_table": f"{INSTANT} measurement_location INTEGER, temperature REAL {LOCAL}",
    "blood_pressure_record_table": (
        f"{INSTANT} measurement_location TEXT NOT NULL, systolic REAL, diastolic REAL, body_position TEXT {LOCAL}"
    ),
    "blood_glucose_record_table": f"{INSTANT} specimen_source TEXT, level REAL, relation_to_meal TEXT {LOCAL}",
    "weight_record_table": f"{INSTANT} weight REAL {LOCAL}",
    "height_record_table": f"{INSTANT} height REAL {LOCAL}",
    "body_fat_record_table": f"{INSTANT} percentage REAL {LOCAL}",
    "vo2_max_record_table": f"{INSTANT} measurement_method INTEGER, vo2_milliliters_per_minute_kilogram REAL {LOCAL}",
    "sleep_session_record_table": f"{INTERVAL} notes TEXT, title TEXT {SPAN}",
    "sleep_stages_table": (
        "parent_key INTEGER NOT NULL, stage_start_time INTEGER NOT NULL, stage_end_time INTEGER NOT NULL, "
        "stage_type INTEGER NOT NULL"
    ),
}
NOW = 1_780_000_000_000
TOKYO = 32_400


class Export:
    """A database to fill."""

    def __init__(self, path):
        self.db = sqlite3.connect(path)
        self.db.execute("PRAGMA synchronous = OFF")
        self.db.execute("PRAGMA journal_mode = OFF")
        for name, columns in TABLES.items():
            self.db.execute(f"CREATE TABLE {name} ({columns})")
        apps = [(1, "com.google.android.apps.fitness", "Fit"), (2, "jp.co.omron.healthcare", "OMRON")]
        self.db.executemany("INSERT INTO application_info_table VALUES (?, ?, ?)", apps)
        self.db.execute("INSERT INTO device_info_table VALUES (1, 'Google', 'Pixel Watch 4', 1)")

    def add(self, table, **values):
        """A row; times in seconds after NOW. Gives its row_id."""
        given = {"app_info_id": 1, "device_info_id": 1, "recording_method": 2, **values}
        if "uuid" in TABLES[table]:
            given["uuid"] = uuid.uuid4().bytes
        else:
            given = values
        names, marks = ", ".join(given), ", ".join("?" * len(given))
        found = self.db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", [*given.values()])
        return found.lastrowid

    def instant(self, table, at=0, offset=TOKYO, **values):
        """A row of one moment."""
        return self.add(table, time=NOW + at * 1000, zone_offset=offset, **values)

    def interval(self, table, at=0, lasts=600, offset=TOKYO, **values):
        """A row that lasts."""
        start = NOW + at * 1000
        return self.add(
            table,
            start_time=start,
            start_zone_offset=offset,
            end_time=start + lasts * 1000,
            end_zone_offset=offset,
            **values,
        )

    def done(self):
        """Writes it to disk."""
        self.db.commit()
        self.db.close()

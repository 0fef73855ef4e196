"""What a published test vector asserts, in the words of its source, taken out of a reading of ours."""

from __future__ import annotations

from decimal import Decimal


def claims(reading):
    """The names that a source uses -> our value."""
    reader = READERS[reading.characteristic]
    return {"timestamp": stamp(reading), "base_time": stamp(reading), **reader(reading)}


def stamp(reading):
    if reading.at is not None:
        return reading.at.isoformat()
    return reading.flags.get("time_unknown")


def measured(reading, code, channel="value"):
    for one in reading.measured:
        if one.code == code:
            return one.values.get(channel)
    return None


def number(reading, flag):
    return None if flag not in reading.flags else Decimal(str(reading.flags[flag]))


def heart_rate(reading):
    raw = str(reading.flags.get("rr_1024", ""))
    return {
        "heart_rate_bpm": reading.flags["heart_rate"],
        "sensor_contact": reading.flags.get("sensor_contact"),
        "energy_expended_kj": reading.flags.get("energy_expended_kj"),
        "rr_1024": [int(tick) for tick in raw.split()],
    }


def blood_pressure(reading):
    kpa = reading.flags["unit"] == "kPa"
    scale = Decimal("7.5006168270417") if kpa else Decimal(1)
    panel = {name: measured(reading, "85354-9", name) for name in ("systolic", "diastolic", "pulse")}
    mean = number(reading, "mean_pressure")

    def sent(value):
        return None if value is None else round(value / scale, 1)

    return {
        "unit": "kPa" if kpa else "mmHg",
        "systolic": sent(panel["systolic"]),
        "diastolic": sent(panel["diastolic"]),
        "map": sent(mean),
        "pulse_rate": panel["pulse"],
        "user_id": reading.user,
        "status": reading.flags.get("status"),
    }


def temperature(reading):
    return {
        "unit": "C",
        "temperature": measured(reading, "8310-5"),
        "temperature_type": reading.flags.get("temperature_type"),
    }


def glucose(reading):
    return {
        "sequence": reading.sequence,
        "time_offset_min": reading.flags.get("time_offset_minutes"),
        "concentration": number(reading, "concentration"),
        "unit": reading.flags.get("unit"),
        "type": reading.flags.get("type"),
        "location": reading.flags.get("location"),
        "status": reading.flags.get("status"),
        "context_follows": reading.flags["context_follows"],
    }


def context(reading):
    unit = next((one for one in ("L", "kg") if f"medication_{one.lower()}" in reading.flags), None)
    return {
        "sequence": reading.sequence,
        "carbohydrate": reading.flags.get("carbohydrate_id"),
        "carbohydrate_kg": number(reading, "carbohydrate_sent"),
        "meal": reading.flags.get("meal_id"),
        "tester": reading.flags.get("tester_id"),
        "health": reading.flags.get("health_id"),
        "exercise_duration_s": reading.flags.get("exercise_seconds"),
        "exercise_intensity_pct": reading.flags.get("exercise_intensity_percent"),
        "medication": reading.flags.get("medication_id"),
        "medication_amount": number(reading, "medication_sent"),
        "medication_unit": unit,
        "hba1c_pct": number(reading, "hba1c_percent"),
    }


def cgm(reading):
    sound = {int(one.seconds // 60): one.values["value"] for one in reading.measured}
    records = []
    for index in range(reading.flags["records"]):
        flags = {
            name.removeprefix(f"record_{index}_"): value
            for name, value in reading.flags.items()
            if name.startswith(f"record_{index}_")
        }
        records.append(
            {
                "size": reading.raw[0],
                "glucose_mg_dl": sound.get(flags["time_offset_minutes"]),
                "time_offset_min": flags["time_offset_minutes"],
                "status": flags.get("status"),
                "cal_temp": flags.get("calibration"),
                "warning": flags.get("warning"),
                "trend": Decimal(flags["trend"]) if "trend" in flags else None,
                "quality": Decimal(flags["quality"]) if "quality" in flags else None,
                "crc": flags.get("crc"),
                "crc_ok": flags.get("crc_ok"),
            }
        )
    return {"records": records}


def oximeter(reading):
    return {
        "spo2": measured(reading, "59408-5"),
        "pulse_rate": measured(reading, "8867-4"),
        "pulse_amplitude_index": measured(reading, "61006-3"),
        "measurement_status": reading.flags.get("measurement_status"),
        "device_sensor_status": reading.flags.get("device_status"),
        "spo2_fast": number(reading, "spo2_fast"),
        "pulse_rate_fast": number(reading, "pulse_rate_fast"),
        "spo2_slow": number(reading, "spo2_slow"),
        "pulse_rate_slow": number(reading, "pulse_rate_slow"),
    }


def weight(reading):
    height = measured(reading, "8302-2")
    return {
        "unit": "kg" if reading.flags["unit"] == "kg" else "lb",
        "weight": measured(reading, "29463-7"),
        "user_id": reading.user,
        "bmi": measured(reading, "39156-5"),
        "height": None if height is None else height / 100,
    }


def composition(reading):
    return {
        "body_fat_pct": number(reading, "body_fat_percent"),
        "user_id": reading.user,
        "basal_metabolism_kj": number(reading, "basal_metabolism_kj"),
        "muscle_pct": number(reading, "muscle_percent"),
        "muscle_mass": number(reading, "muscle_mass_kg"),
        "fat_free_mass": number(reading, "fat_free_mass_kg"),
        "soft_lean_mass": number(reading, "soft_lean_mass_kg"),
        "body_water_mass": number(reading, "body_water_mass_kg"),
        "impedance_ohm": number(reading, "impedance_ohm"),
        "weight": number(reading, "weight_kg"),
        "height": number(reading, "height"),
        "unit": "kg" if reading.flags["unit"] == "kg" else "lb",
    }


def xiaomi(reading):
    return {
        "unit": reading.flags["unit"],
        "weight": number(reading, "weight_kg"),
        "impedance_ohm": number(reading, "impedance_ohm"),
        "stabilized": reading.flags["stabilized"],
        "weight_removed": reading.flags["weight_removed"],
    }


def omron(reading):
    names = {"systolic": "systolic", "diastolic": "diastolic", "pulse_rate": "pulse"}
    return {theirs: measured(reading, "85354-9", ours) for theirs, ours in names.items()}


READERS = {
    "2A37": heart_rate,
    "2A35": blood_pressure,
    "2A1C": temperature,
    "2A18": glucose,
    "2A34": context,
    "2AA7": cgm,
    "2A5E": oximeter,
    "2A5F": oximeter,
    "2A9D": weight,
    "2A9C": composition,
    "181D": xiaomi,
    "181B": xiaomi,
    "omron-eeprom-14": omron,
}

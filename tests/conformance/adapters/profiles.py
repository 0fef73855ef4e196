"""One adapter for each Bluetooth profile, with the bytes of the virtual devices."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from synthetic_data.ble import blood_pressure, cgm, glucose, heart_rate, oximeter, temperature, weight
from tests.conformance.adapters.bluetooth import Bluetooth

WALL = datetime(2024, 6, 10, 7, 0, tzinfo=UTC).replace(tzinfo=None)
MONTH = 30 * 86_400


class HeartRate(Bluetooth):
    """A strap: live values without a clock of their own."""

    name, service = "ble-heart-rate", "180D"
    kinds = ("8867-4",)
    tells = "instant"
    cannot: ClassVar = {"unit look-alikes": "the characteristic has beats a minute and no other unit"}

    def values(self, row):
        return [("2A37", heart_rate.encode(heart_rate.Beat(int(row.value), contact=True)))]


class BloodPressure(Bluetooth):
    """A cuff with a clock."""

    name, service = "ble-blood-pressure", "1810"
    kinds = ("85354-9",)

    def values(self, row):
        high, low, pulse = (int(row.of(name)) for name in ("systolic", "diastolic", "pulse"))
        made = blood_pressure.BloodPressure(high, low, low + 15, pulse, row.wall)
        return [("2A35", blood_pressure.encode(made))]

    def look_alikes(self, place):
        made = blood_pressure.BloodPressure(17.0, 11.3, 13.2, None, WALL, kilopascal=True)
        expected = [("85354-9", 84.757), ("85354-9", 127.51)]
        yield "kPa", self.alone(("2A35", blood_pressure.encode(made))), expected


class Thermometer(Bluetooth):
    """Body temperatures."""

    name, service = "ble-thermometer", "1809"
    kinds = ("8310-5",)

    def values(self, row):
        return [("2A1C", temperature.encode(temperature.Temperature(row.value, row.wall, 1)))]

    def look_alikes(self, place):
        made = temperature.Temperature(98.6, WALL, 1, fahrenheit=True)
        yield "Fahrenheit", self.alone(("2A1C", temperature.encode(made))), [("8310-5", 37.0)]


class Scale(Bluetooth):
    """Weights."""

    name, service = "ble-weight", "181D"
    kinds = ("29463-7",)

    def values(self, row):
        return [("2A9D", weight.encode_weight(weight.Weighing(row.value, row.wall)))]

    def look_alikes(self, place):
        made = weight.Weighing(150.0, WALL, imperial=True)
        yield "pounds", self.alone(("2A9D", weight.encode_weight(made))), [("29463-7", 68.039)]


class BodyComposition(Bluetooth):
    """Shares of fat."""

    name, service = "ble-body-composition", "181B"
    kinds = ("41982-0",)

    def values(self, row):
        made = weight.Weighing(None, row.wall, composition=weight.Composition(row.value))
        return [("2A9C", value) for value in weight.encode_composition(made)]

    def look_alikes(self, place):
        body = weight.Composition(25.0, weight=150.0)
        made = weight.Weighing(150.0, WALL, imperial=True, composition=body)
        values = [("2A9C", value) for value in weight.encode_composition(made)]
        yield "pounds", self.alone(*values), [("29463-7", 68.039), ("41982-0", 25.0)]


class Oximeter(Bluetooth):
    """Spot checks with a time."""

    name, service = "ble-oximeter", "1822"
    kinds = ("59408-5",)
    cannot: ClassVar = {
        "unit look-alikes": "the characteristic has percent and beats a minute, and no other unit"
    }

    def values(self, row):
        return [("2A5E", oximeter.encode_spot(oximeter.SpotCheck(int(row.value), None, row.wall)))]


class GlucoseMeter(Bluetooth):
    """Numbered records of whole blood."""

    name, service = "ble-glucose", "1808"
    kinds = ("2339-0",)

    def values(self, row):
        number = int(row.at) // 60 % 65_536
        return [("2A18", glucose.encode(glucose.GlucoseReading(number, row.wall, row.value)))]

    def look_alikes(self, place):
        made = glucose.GlucoseReading(1, WALL, 5.5, molar=True)
        yield "mol/L", self.alone(("2A18", glucose.encode(made))), [("2339-0", 99.086)]


class Sensor(Bluetooth):
    """Minutes since the session of a sensor began, at a start that names its zone."""

    name, service = "ble-cgm", "181F"
    kinds = ("99504-3",)
    tells = "instant"
    mute_tells = "wall"
    cannot: ClassVar = {"unit look-alikes": "the characteristic has milligrams a decilitre and no other unit"}

    def values(self, row):
        reading = cgm.SensorReading(int(row.at % MONTH) // 60, row.value)
        return [("2AA7", cgm.encode(reading, checksum=True))]

    def known(self, rows, minutes=None):
        if not rows:
            return {}
        start = rows[0]._replace(at=rows[0].at - rows[0].at % MONTH)
        zone = start.offset // 60 if minutes is None else minutes
        begun = cgm.session_start(start.wall, zone, checksum=True)
        return {"2AAA": begun, "2AA8": cgm.feature(checksum=True)}

    def mute(self, place, rows):
        home = self.write(place, rows)
        home.features = [self.known(rows, minutes=-128 * 15)]
        return home

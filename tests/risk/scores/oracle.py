"""The scores written once more, person by person and straight from the printed tables; nothing is imported from risk."""

import math

HISAYAMA = {
    4: "<1 <1 <1 <1 <1 <1 <1 <1 1.1 1.3 1.4 1.7 1.9 2.2 2.6 3.0 3.4 3.9 4.5 5.2",
    5: "<1 <1 <1 1.1 1.3 1.4 1.7 1.9 2.2 2.6 3.0 3.4 3.9 4.5 5.2 6.0 6.9 7.9 9.1 10.4",
    6: "1.7 1.9 2.2 2.6 3.0 3.4 3.9 4.5 5.2 6.0 6.9 7.9 9.1 10.4 11.9 13.6 15.5 17.7 20.2 22.9",
    7: "3.4 3.9 4.5 5.2 6.0 6.9 7.9 9.1 10.4 11.9 13.6 15.5 17.7 20.2 22.9 25.9 29.3 33.0 37.0 41.1",
}
SUITA = [(35, 1), (40, 1), (45, 2), (50, 3), (55, 5), (60, 9), (65, 14), (70, 22)]
STROKE = [
    *[(10, 1, 0), (17, 2, 1), (22, 3, 2), (25, 4, 3), (27, 5, 4), (29, 6, 5), (30, 7, 6), (32, 8, 7)],
    *[(33, 9, 8), (34, 10, 9), (36, 12, 10), (39, 15, 12), (42, 20, 15)],
]
MEN = (3.06117, 1.12370, -0.93263, 1.93303, 1.99881, 0.65451, 0.57367, 23.9802, 0.88936)
WOMEN = (2.32888, 1.20904, -0.70833, 2.76157, 2.82263, 0.52873, 0.69154, 26.1931, 0.95012)


def glucose(p):
    """None where nothing was measured, else diabetes, disorder or none."""
    if p["fpg"] is None and p["hba1c_ngsp"] is None:
        return None
    if (p["fpg"] or 0) >= 126 or (p["hba1c_ngsp"] or 0) >= 6.5:
        return "diabetes"
    if p["fpg"] is not None:
        return "disorder" if p["fpg"] >= 110 else "none"
    return "disorder" if p["hba1c_ngsp"] >= 6.0 else "none"


def step(value, *edges):
    return sum(value >= edge for edge in edges)


def hisayama(p):
    sugar = glucose(p)
    if any(p[name] is None for name in ("sbp", "ldl", "hdl", "smoking")) or sugar in {None, "diabetes"}:
        return None
    if not 40 <= p["age"] <= 79:
        return None
    points = 7 * (p["sex"] == "M") + step(p["sbp"], 120, 130, 140, 160) + (sugar == "disorder")
    points += step(p["ldl"], 120, 140, 160) + (2 if p["hdl"] < 40 else 1 if p["hdl"] < 60 else 0)
    points += 2 * (p["smoking"] == 1)
    printed = HISAYAMA[p["age"] // 10].split()[points]
    return 0.01 if printed == "<1" else float(printed) / 100


def pressure_class(p):
    """0 optimal to 5 grade III."""
    return max(step(p["sbp"], 120, 130, 140, 160, 180), step(p["dbp"], 80, 85, 90, 100, 110))


def suita(p):
    sugar = glucose(p)
    if any(p[name] is None for name in ("sbp", "dbp", "ldl", "hdl", "smoking")) or sugar is None:
        return None
    if not 35 <= p["age"] <= 79:
        return None
    points = (30, 38, 45, 51, 53)[step(p["age"], 45, 55, 65, 70)] - 7 * (p["sex"] == "F")
    points += 5 * (p["smoking"] == 1) + (-7, 0, 0, 4, 6, 6)[pressure_class(p)]
    points += (0, -5, -6)[step(p["hdl"], 40, 60)] + (0, 5, 7, 10, 11)[step(p["ldl"], 100, 140, 160, 180)]
    points += 5 * (sugar != "none")
    return next((percent / 100 for limit, percent in SUITA if points <= limit), 0.28)


def jphc_stroke(p):
    sugar = glucose(p)
    if any(p[name] is None for name in ("sbp", "dbp", "bmi", "smoking", "med_bp")) or sugar is None:
        return None
    if not 40 <= p["age"] <= 69:
        return None
    points = (0, 5, 6, 12, 16, 19)[step(p["age"], 45, 50, 55, 60, 65)] + 6 * (p["sex"] == "M")
    points += (4 if p["sex"] == "M" else 8) * (p["smoking"] == 1) + (0, 2, 3)[step(p["bmi"], 25, 30)]
    points += 7 * (sugar == "diabetes")
    table = (10, 10, 10, 11, 11, 15) if p["med_bp"] == 1 else (0, 3, 6, 8, 11, 13)
    points += table[pressure_class(p)]
    for limit, high, low in STROKE:
        if points <= limit:
            return 0.01 if high == 1 else (low + high) / 200
    return 0.20


def findrisc(p):
    sugar = glucose(p)
    needed = ("bmi", "waist_cm", "exercise", "med_bp", "vegetables_daily", "family_diabetes")
    if any(p[name] is None for name in needed) or p["age"] < 18 or sugar == "diabetes":
        return None
    if p["high_glucose_ever"] is None and sugar != "disorder":
        return None
    low, high = (94, 102) if p["sex"] == "M" else (80, 88)
    points = (0, 2, 3, 4)[step(p["age"], 45, 55, 65)]
    points += 0 if p["bmi"] < 25 else 1 if p["bmi"] <= 30 else 3
    points += 0 if p["waist_cm"] < low else 3 if p["waist_cm"] <= high else 4
    points += 2 * (p["exercise"] == 0) + (p["vegetables_daily"] != 1) + 2 * (p["med_bp"] == 1)
    points += 5 * (p["high_glucose_ever"] == 1 or sugar == "disorder") + (0, 3, 5)[p["family_diabetes"]]
    return (0.01, 0.04, 0.17, 0.33, 0.50)[step(points, 7, 12, 15, 21)]


def framingham(p):
    sugar = glucose(p)
    if any(p[name] is None for name in ("tc", "hdl", "sbp", "smoking", "med_bp")) or sugar is None:
        return None
    if not 30 <= p["age"] <= 74:
        return None
    age, tc, hdl, sbp, treated, smoke, dm, mean, base = MEN if p["sex"] == "M" else WOMEN
    total = age * math.log(p["age"]) + tc * math.log(p["tc"]) + hdl * math.log(p["hdl"])
    total += (treated if p["med_bp"] == 1 else sbp) * math.log(p["sbp"])
    total += smoke * (p["smoking"] == 1) + dm * (sugar == "diabetes")
    return 1 - base ** math.exp(total - mean)


SCORES = {
    "hisayama": hisayama,
    "suita": suita,
    "jphc-stroke": jphc_stroke,
    "findrisc": findrisc,
    "framingham": framingham,
}

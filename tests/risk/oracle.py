"""A second, slow reading of the published rules: every completion of what is missing is tried one by one.

Written from the text, scalar and without the package, so that a mistake would have to be made twice.
Columns have the short names; None is a missing value.
"""

from itertools import product

TRY = {
    "sbp": (100, 200),
    "dbp": (60, 120),
    "tg": (50, 900),
    "hdl": (80, 20),
    "sugar": ("fine", "high"),
    "smoking_code": (1, 3),
    "med_bp": (1, 2),
    "med_glucose": (1, 2),
    "med_lipid": (1, 2),
    "bmi": (20.0, 30.0),
}


def sugar(case, high_fasting, high_a1c, high_casual, rule="fpg_priority", casual_counts=True):
    """fine, high, or None when nothing usable was measured."""
    draw = case["draw_code"]
    fasting = case["fpg"] if draw in (2, None) else None
    casual = case["casual_glucose"] if draw in (2, 3) and casual_counts else None
    word = {True: "high", False: "fine"}
    if rule == "any" and fasting is not None and case["hba1c_ngsp"] is not None:
        return word[fasting >= high_fasting or case["hba1c_ngsp"] >= high_a1c]
    if fasting is not None:
        return word[fasting >= high_fasting]
    if case["hba1c_ngsp"] is not None:
        return word[case["hba1c_ngsp"] >= high_a1c]
    return None if casual is None else word[casual >= high_casual]


def triglycerides(case, edition, casual_counts=True):
    """A value on the fasting scale: a casual one from 175 stands for 150 and more, below for less."""
    draw = case["draw_code"]
    if case["tg_fasting"] is not None and draw in (2, None):
        return case["tg_fasting"]
    if case["tg_casual"] is not None and draw in (2, 3) and edition == 4 and casual_counts:
        return 150 if case["tg_casual"] >= 175 else 149
    return None


def big(case):
    """Whether the waist (or the fat area, which replaces it) is beyond its limit; None when nobody knows."""
    if case["vfa_cm2"] is not None:
        return case["vfa_cm2"] >= 100
    if case["waist_cm"] is None or case["sex"] not in ("M", "F"):
        return None
    return case["waist_cm"] >= {"M": 85, "F": 90}[case["sex"]]


def completions(known, names):
    """Every way to fill what is missing."""
    choices = [(known[name],) if known[name] is not None else TRY[name] for name in names]
    for values in product(*choices):
        yield dict(zip(names, values, strict=True))


def complete_level(full, waist_is_big, age):
    """The table of the rule for a person about whom everything is known."""
    if 1 in (full["med_bp"], full["med_glucose"], full["med_lipid"]):
        return 3
    if not waist_is_big and full["bmi"] < 25:
        return 3
    count = 0
    if full["sbp"] >= 130 or full["dbp"] >= 85:
        count += 1
    if full["tg"] >= 150 or full["hdl"] < 40:
        count += 1
    if full["sugar"] == "high":
        count += 1
    if count == 0:
        return 3
    if full["smoking_code"] == 1:
        count += 1
    wanted = {True: 2, False: 3}[waist_is_big]
    if count >= wanted and age <= 64:
        return 1
    return 2


def level(case, edition=4, rule="fpg_priority"):
    age = case["age_fy_end"]
    if age is None:
        return 4
    if age < 40 or age > 74:
        return "NA"
    if 1 in (case["med_bp"], case["med_glucose"], case["med_lipid"]):
        return 3
    if big(case) is None:
        return 4
    known = {**case, "tg": triglycerides(case, edition), "sugar": sugar(case, 100, 5.6, 100, rule)}
    found = {complete_level(full, big(case), age) for full in completions(known, list(TRY))}
    return found.pop() if len(found) == 1 else 4


def complete_metabo(full):
    count = sum(
        (
            full["sbp"] >= 130 or full["dbp"] >= 85 or full["med_bp"] == 1,
            full["tg"] >= 150 or full["hdl"] < 40 or full["med_lipid"] == 1,
            full["sugar"] == "high" or full["med_glucose"] == 1,
        )
    )
    return {0: 3, 1: 2}.get(count, 1)


def metabo(case, edition=4, casual=False):
    age = case["age_fy_end"]
    if age is not None and (age < 40 or age > 74):
        return "NA"
    if age is None or big(case) is None:
        return 4
    if not big(case):
        return 3
    known = {
        **case,
        "tg": triglycerides(case, edition, casual),
        "sugar": sugar(case, 110, 6.0, 110, casual_counts=casual),
    }
    names = [name for name in TRY if name not in ("bmi", "smoking_code")]
    found = {complete_metabo(full) for full in completions(known, names)}
    return found.pop() if len(found) == 1 else 4


def referral(case):
    words = []
    sbp, dbp = case["sbp"] or 0, case["dbp"] or 0
    for word, s, d in (("BP_III", 180, 110), ("BP_II", 160, 100), ("BP", 140, 90)):
        if sbp >= s or dbp >= d:
            words.append(word)
            break
    blood = case["draw_code"] != 4
    tg = max(case["tg_fasting"] or 0, case["tg_casual"] or 0)
    if blood and tg >= 300:
        words.append("TG_PROMPT" if tg >= 500 else "TG")
    if (case["ldl"] or 0) >= 140:
        words.append("LDL_PROMPT" if case["ldl"] >= 180 else "LDL")
    if blood and (case["fpg"] or 0) >= 126:
        words.append("FPG")
    if blood and (case["casual_glucose"] or 0) >= 126:
        words.append("CASUAL_GLUCOSE")
    if (case["hba1c_ngsp"] or 0) >= 6.5:
        words.append("HBA1C")
    return "+".join(words)


def path(case):
    age = case["age_fy_end"]
    if age is not None and (age < 40 or age > 74):
        return "-"
    if big(case) is None:
        return "unknown"
    if big(case):
        return "A"
    if case["bmi"] is None:
        return "unknown"
    return "B" if case["bmi"] >= 25 else "none"

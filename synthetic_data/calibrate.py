"""Derives the committed calibration tables from the raw public files (NDB open data, census, check-up sample)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path
from statistics import NormalDist
from typing import Any, Final

import numpy as np
import pandas as pd

from synthetic_data.errors import BadCalibrationError

CREDIT: Final = "厚生労働省 NDBオープンデータ"
REGIONS: Final = {"kumamoto": "熊本県", "okayama": "岡山県", "national": None}
AGES: Final = ("40-44", "45-49", "50-54", "55-59", "60-64", "65-69", "70-74")
CELL: Final = ["prefecture", "sex", "age"]
COLUMNS_NAGALA: Final = {
    "bmi": "Baseline BMI, kg/m2",
    "waist_cm": "Baseline Waist circumference(WC), cm",
    "sbp_avg": "Baseline Systolic blood pressure, mmHg",
    "dbp_avg": "Baseline Diastolic blood pressure, mmHg",
    "fpg": "Baseline Fasting plasma glucose, mg/dl",
    "hba1c_ngsp": "Baseline HbA1c, %",
    "tg_fasting": "Baseline Triglycerides, mg/dL",
    "hdl": "Baseline HDL-cholesterol, mg/dL",
    "ast": "Baseline AST, IU/L",
    "alt": "Baseline ALT, IU/L",
    "ggt": "Baseline GGT, IU/L",
}
"""Our column -> the column of the NAGALA check-up sample (Okamura 2019, CC0)."""


def calibrate(raw: Path, out: Path) -> list[Path]:
    """Reads the raw files below ``raw`` and writes the tables into ``out``; returns the files written."""
    stats = raw / "japan-stats"
    try:
        bins = _prefectures(stats / "ndb09_fy2021_checkup_distributions.csv.gz")
        means = _prefectures(stats / "ndb09_fy2021_checkup_means.csv.gz")
        answers = _prefectures(stats / "ndb09_fy2021_questionnaire.csv.gz")
        pyramid = pd.read_csv(stats / "jlstat_pyramid_total.csv")
        nagala = pd.read_csv(raw / "nagala" / "nagala_development.csv.gz")
        nhanes = pd.read_csv(raw / "nhanes" / "nhanes_1999_2018_101316.csv.gz")
    except (OSError, ValueError) as problem:
        raise BadCalibrationError(f"a raw file below {raw} cannot be read: {problem}") from problem
    items, questions = _table("items.toml"), _table("questions.toml")
    coded = bins.rename(columns={"item": "question", "bin": "answer"})
    out.mkdir(parents=True, exist_ok=True)
    return [
        _write(out / "marginals.csv", _marginals(items, bins, means)),
        _write(out / "answers.csv", _answers(questions, pd.concat([answers, coded], ignore_index=True))),
        _write(out / "pyramid.csv", _pyramid(pyramid)),
        _write(out / "correlation.csv", _correlation(nagala, nhanes)),
    ]


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(resources.files("synthetic_data.calibration").joinpath(name).read_text("utf-8"))


def _prefectures(path: Path) -> Any:
    """The prefecture rows of one NDB table."""
    frame = pd.read_csv(path, dtype={"area_code": str, "area_name": str, "bin": str, "answer": str})
    return frame[(frame["level"] == "prefecture") & frame["age"].isin(AGES)]


def _write(path: Path, lines: Iterable[str]) -> Path:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _counts(table: Any, column: str, labels: list[str]) -> Any:
    """Counts per prefecture, sex and age, one column per label; the later of two tables of one item.

    The detailed items (creatinine, eGFR, electrocardiogram) have two tables: those examined because a physician
    asked, and everybody measured. The second, far larger one comes later in the file.
    """
    last = table.drop_duplicates([*CELL, column], keep="last")
    wide = last.pivot_table(index=CELL, columns=column, values="count", aggfunc="last", dropna=False)
    missing = set(labels) - set(wide.columns)
    if missing:
        raise BadCalibrationError(f"the raw table of {table[column].iloc[0]!r} lacks {sorted(missing)}")
    return wide[labels]


def _shares(counts: Any, prefecture: str | None, sex: str, age: str) -> tuple[int, Any]:
    """How many were counted and the share of each label; a suppressed cell takes the national share."""
    nation = counts.xs((sex, age), level=("sex", "age")).sum()
    if prefecture is None:
        return int(nation.sum()), nation.to_numpy() / nation.sum()
    local = counts.loc[(prefecture, sex, age)].to_numpy(dtype=float)
    known = ~np.isnan(local)
    expected = nation.to_numpy() / nation.sum()
    total = local[known].sum() / expected[known].sum()
    filled = np.where(known, local, expected * total)
    return round(float(filled.sum())), filled / filled.sum()


def _lower_bound(label: str) -> float:
    """The lower bound in a label such as ``18.5以上20.0未満``; the lowest bin has none."""
    return float(label.split("以上", 1)[0]) if "以上" in label else -np.inf


def _marginals(items: dict[str, Any], bins: Any, means: Any) -> list[str]:
    lines = [
        f"# {CREDIT} 第9回(2021年度) 特定健診; shares below each cut of items.toml",
        "region,sex,age,item,n,mean,below",
    ]
    for item, spec in items.items():
        table = bins[bins["item"] == (spec["bins"] or "eGFR")]
        labels = sorted(table["bin"].unique(), key=_lower_bound)
        if spec["bins"] and [_lower_bound(label) for label in labels[1:]] != spec["cuts"]:
            raise BadCalibrationError(f"the raw bins of {item} differ from items.toml")
        counts = _counts(table, "bin", labels)
        mean = means[means["item"] == spec["mean"]].drop_duplicates(CELL, keep="last").set_index(CELL)["mean"]
        people = counts.sum(axis=1)
        for region, prefecture in REGIONS.items():
            for sex in ("male", "female"):
                for age in AGES:
                    n, shares = _shares(counts, prefecture, sex, age)
                    if prefecture is None:
                        weights = people.xs((sex, age), level=("sex", "age"))
                        here = mean.xs((sex, age), level=("sex", "age")).reindex(weights.index)
                        value = float(np.average(here[here.notna()], weights=weights[here.notna()]))
                    else:
                        value = float(mean.loc[(prefecture, sex, age)])
                    below = (
                        ";".join(f"{share:.5f}" for share in np.cumsum(shares)[:-1]) if spec["bins"] else ""
                    )
                    lines.append(f"{region},{sex},{age},{item},{n},{value:.4f},{below}")
    return lines


def _answers(questions: dict[str, Any], answers: Any) -> list[str]:
    lines = [
        f"# {CREDIT} 第9回(2021年度); share of each answer in the order of questions.toml",
        "region,sex,age,item,n,shares",
    ]
    for item, spec in questions.items():
        counts = _counts(answers[answers["question"] == spec["table"]], "answer", spec["answers"])
        for region, prefecture in REGIONS.items():
            for sex in ("male", "female"):
                for age in AGES:
                    n, shares = _shares(counts, prefecture, sex, age)
                    lines.append(f"{region},{sex},{age},{item},{n},{';'.join(f'{s:.5f}' for s in shares)}")
    return lines


def _pyramid(pyramid: Any) -> list[str]:
    """Adults of the 2020 census by sex and 5-year age."""
    lines = ["# 総務省統計局 国勢調査 2020 (persons)", "sex,age_from,persons"]
    rows = pyramid[pyramid["year"] == 2020]
    for sex, label in (("male", "男性"), ("female", "女性")):
        for _, row in rows[rows["sex"] == label].iterrows():
            first = int(str(row["age"]).split("~", maxsplit=1)[0].split("歳", maxsplit=1)[0])
            if first >= 20:
                lines.append(f"{sex},{first},{int(row['value'])}")
    return lines


def _normal_scores(frame: Any, groups: Any) -> Any:
    """Each column as normal scores of its rank inside a group, so that sex and age do not count twice."""
    rank = (
        frame.groupby(groups).rank(pct=True)
        - 0.5 / frame.groupby(groups).transform("size").to_numpy()[:, None]
    )
    to_normal = np.vectorize(NormalDist().inv_cdf)
    return pd.DataFrame(to_normal(rank.clip(1e-4, 1 - 1e-4)), columns=frame.columns)


def _correlation(nagala: Any, nhanes: Any) -> list[str]:
    """Correlations of normal scores within sex and decade of age.

    Glucose with HbA1c comes from NHANES: the Japanese sample left out everybody above 109 mg/dL.
    """
    frame = pd.DataFrame({ours: nagala[theirs] for ours, theirs in COLUMNS_NAGALA.items()})
    total = nagala["Baseline Total Cholesterol, mg/dL"]
    frame["ldl"] = total - frame["hdl"] - frame["tg_fasting"] / 5  # Friedewald
    frame["sex"] = nagala["Sex, 1:Men, 2:Women"]
    frame["decade"] = nagala["Baseline Age, yrs"] // 10
    frame = frame.dropna().reset_index(drop=True)
    groups = [frame["sex"], frame["decade"]]
    matrix = _normal_scores(frame.drop(columns=["sex", "decade"]), groups).corr()
    adults = nhanes[(nhanes["age"] >= 40) & (nhanes["age"] < 75) & (nhanes["fasting_hr"] >= 8)]
    pair = adults[["glucose", "hba1c", "gender", "age"]].dropna().reset_index(drop=True)
    scores = _normal_scores(pair[["glucose", "hba1c"]], [pair["gender"], pair["age"] // 10])
    matrix.loc["fpg", "hba1c_ngsp"] = matrix.loc["hba1c_ngsp", "fpg"] = scores["glucose"].corr(
        scores["hba1c"]
    )
    names = list(matrix.columns)
    lines = [
        "# normal-score correlations within sex and age: NAGALA (Okamura 2019, CC0); NHANES for fpg-hba1c"
    ]
    lines.append(",".join(["item", *names]))
    lines += [",".join([name, *(f"{matrix.loc[name, other]:.3f}" for other in names)]) for name in names]
    return lines

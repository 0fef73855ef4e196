"""Invented people for the scores: one to change one thing at a time, and a strategy for many."""

from hypothesis import strategies as st


def a_person(**changes):
    """M 55, smoker, 142/85, no glucose problem: the worked case of the Hisayama score."""
    person = {"age": 55, "sex": "M", "sbp": 142, "dbp": 85, "ldl": 150, "hdl": 45, "smoking": 1, "fpg": 90}
    return {**person, **changes}


def maybe(values):
    return st.one_of(st.none(), values, values, values)


people = st.fixed_dictionaries(
    {
        "age": st.integers(25, 90),
        "sex": st.sampled_from("MF"),
        "sbp": maybe(st.sampled_from([90, 119, 120, 129, 130, 139, 140, 159, 160, 179, 180, 220])),
        "dbp": maybe(st.sampled_from([50, 79, 80, 84, 85, 89, 90, 99, 100, 109, 110, 130])),
        "bmi": maybe(st.sampled_from([17.0, 24.9, 25.0, 29.9, 30.0, 30.1, 45.0])),
        "waist_cm": maybe(st.sampled_from([60, 79.9, 80, 88, 88.1, 93.9, 94, 102, 102.1])),
        "ldl": maybe(st.sampled_from([60, 99, 100, 119, 120, 139, 140, 159, 160, 179, 180, 250])),
        "hdl": maybe(st.sampled_from([20, 39, 40, 59, 60, 100])),
        "tc": maybe(st.integers(100, 320)),
        "fpg": maybe(st.sampled_from([70, 109, 110, 125, 126, 200])),
        "hba1c_ngsp": maybe(st.sampled_from([5.0, 5.9, 6.0, 6.4, 6.5, 9.0])),
        "smoking": maybe(st.sampled_from([1, 2, 3])),
        "exercise": maybe(st.sampled_from([0, 1])),
        "med_bp": maybe(st.sampled_from([1, 2])),
        "vegetables_daily": maybe(st.sampled_from([0, 1])),
        "family_diabetes": maybe(st.sampled_from([0, 1, 2])),
        "high_glucose_ever": maybe(st.sampled_from([0, 1])),
    }
)

"""The artifact: known by its hash, plain tables, nothing that can run."""

import json
from importlib import resources
from pathlib import Path

import pytest

from risk.model import artifact
from risk.model.artifact import MANIFEST_FILE, MODEL_FILE, BadArtifact, content, digest, load, parse, shipped
from risk.model.inputs import standard

FOLDER = Path(str(resources.files("risk.model").joinpath("artifact")))
BYTES = (FOLDER / MODEL_FILE).read_bytes()


def test_the_shipped_artifact_is_the_one_its_manifest_names():
    """Hash, version, training data and libraries are beside it."""
    manifest = json.loads((FOLDER / MANIFEST_FILE).read_text())
    assert manifest["sha256"] == digest(BYTES)
    assert manifest["version"] == shipped().version
    assert len(manifest["trained"]["data_sha256"]) == 64
    assert {"numpy", "scipy", "python"} <= set(manifest["libraries"])
    assert load(FOLDER).version == shipped().version


@pytest.mark.parametrize("place", [0, 1000, len(BYTES) - 1])
def test_one_changed_byte_is_refused(tmp_path, place):
    """Wherever it is, and even when the JSON would still be read."""
    changed = bytearray(BYTES)
    changed[place] ^= 1
    (tmp_path / MODEL_FILE).write_bytes(changed)
    (tmp_path / MANIFEST_FILE).write_bytes((FOLDER / MANIFEST_FILE).read_bytes())
    with pytest.raises(BadArtifact, match="is not the file that its manifest names"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"[]", "is not complete"),
        (b"{", "is not complete"),
        (b'{"format":1,"name":"diabetes-onset"}', "is not complete"),
        (b'{"format":2,"name":"diabetes-onset"}', "is a model of another kind"),
        (b'{"format":1,"name":"other"}', "is a model of another kind"),
    ],
)
def test_another_file_is_refused_even_with_its_own_hash(text, problem):
    """One sentence that names the file."""
    with pytest.raises(BadArtifact, match=f"^x.json: {problem}"):
        parse(text, digest(text), "x.json")


@pytest.mark.parametrize("manifest", [None, b"{", b"[]"])
def test_a_folder_without_a_manifest_holds_no_model(tmp_path, manifest):
    """A model without a hash is not used."""
    (tmp_path / MODEL_FILE).write_bytes(BYTES)
    if manifest:
        (tmp_path / MANIFEST_FILE).write_bytes(manifest)
    with pytest.raises(BadArtifact):
        load(tmp_path)


def test_writing_what_was_read_gives_the_same_bytes():
    """Rounded numbers and a fixed order."""
    assert content(shipped()) == BYTES


def test_every_variant_has_a_table_for_each_of_its_inputs():
    """And its levels never leave the direction that medicine demands."""
    for variant in standard().variants:
        shapes = shipped().variants[variant.name].shapes
        assert tuple(shapes) == variant.inputs
        for name, shape in shapes.items():
            steps = shape.levels[1:] - shape.levels[:-1]
            assert standard().input[name].direction != "up" or (steps >= 0).all()
            assert standard().input[name].direction != "down" or (steps <= 0).all()
            assert (shape.knots[1:] > shape.knots[:-1]).all()


def test_nothing_in_the_package_can_load_code():
    """No pickle, joblib, marshal or eval in any module of the model."""
    for file in Path(artifact.__file__).parent.glob("*.py"):
        words = file.read_text(encoding="utf-8")
        for word in ("pickle", "joblib", "marshal", "eval(", "exec("):
            assert word not in words, file.name

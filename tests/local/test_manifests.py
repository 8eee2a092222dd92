import pytest
import yaml

from cnap.local import manifests
from cnap.local.manifests import ManifestError

CONFIG_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {a: b}\n"


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        text = text if isinstance(text, str) else yaml.safe_dump(text)
        (folder / f"{name}.yaml").write_text(text)
    return folder


def problems(*paths):
    with pytest.raises(ManifestError) as raised:
        manifests.load(paths, "cnap")
    return raised.value.problems


def names(resources):
    return [(resource.namespace, resource.name) for resource in resources]


def test_files_directories_and_many_documents(tmp_path):
    write(tmp_path / "d", two=CONFIG_MAP % "b" + "---\n---\n" + CONFIG_MAP % "c")
    write(tmp_path, one=CONFIG_MAP % "a")
    loaded = manifests.load([tmp_path / "one.yaml", tmp_path / "d"], "cnap")
    assert names(loaded) == [("cnap", "a"), ("cnap", "b"), ("cnap", "c")]


def test_a_kustomization_and_those_it_names(tmp_path):
    write(tmp_path / "base", kustomization={"resources": ["own.yaml"]}, own=CONFIG_MAP % "a")
    write(
        tmp_path / "overlay",
        kustomization={
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "namespace": "other",
            "resources": ["../base"],
            "images": [{"name": "cnap", "newTag": "1"}],
        },
    )
    assert names(manifests.load([tmp_path / "overlay"], "cnap")) == [("other", "a")]


def test_generated_config_maps(tmp_path):
    (tmp_path / "cameras.txt").write_text("gate")
    generator = {"name": "g", "literals": ["a=b=c"], "files": ["cameras.txt", "k=cameras.txt"]}
    options = {"disableNameSuffixHash": True}
    body = {"configMapGenerator": [generator], "generatorOptions": options}
    write(tmp_path, kustomization=body)
    (resource,) = manifests.load([tmp_path], "cnap")
    assert resource.body["data"] == {"a": "b=c", "cameras.txt": "gate", "k": "gate"}


def test_hashed_names_are_refused_with_the_reason(tmp_path):
    write(tmp_path, kustomization={"configMapGenerator": [{"name": "g", "literals": ["a=b"]}]})
    (problem,) = problems(tmp_path)
    assert "'g'" in problem
    assert "disableNameSuffixHash: true" in problem


def test_every_problem_is_named_with_its_file(tmp_path):
    write(
        tmp_path,
        kustomization={
            "patches": [],
            "resources": ["none.yaml", "bad.yaml", "kindless.yaml", "https://example.com/x"],
            "components": [],
        },
        bad="a: [",
        kindless="a: 1",
    )
    found = problems(tmp_path, tmp_path / "nowhere")
    for text in (
        "kustomization.yaml: patches: this field",
        "kustomization.yaml: components: this field",
        "none.yaml: no such file",
        "bad.yaml: not YAML",
        "kindless.yaml: a document without a kind",
        "remote resources are not fetched",
        "nowhere: no such file or directory",
    ):
        assert any(text in problem for problem in found), text
    assert len(found) == 7


def test_the_same_object_twice(tmp_path):
    write(tmp_path, a=CONFIG_MAP % "x", b=CONFIG_MAP % "x")
    (problem,) = problems(tmp_path)
    assert "b.yaml" in problem
    assert "a.yaml" in problem

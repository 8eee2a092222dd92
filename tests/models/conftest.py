import zipfile

import pytest


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, no assets folder or store, and an index that has nothing."""
    monkeypatch.setenv("CNAP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CNAP_ASSETS", raising=False)
    monkeypatch.delenv("CNAP_MODELS", raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    (tmp_path / "wheels").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def make_wheel(tmp_path):
    """Puts a wheel where pip looks; `files` are its members."""

    def make(name, version, files):
        info = f"{name}-{version}.dist-info"
        members = {
            **files,
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            f"{info}/RECORD": "",
        }
        wheel = tmp_path / "wheels" / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in members.items():
                archive.writestr(path, content)

    return make

"""Ways in and back: the link on each page, the forms behind it, and what a machine reads."""

import json
import re

import pytest

from club.ladder import ROOT
from project.site import build, copy_of_the_repository

yaml = pytest.importorskip("yaml")
FORMS = ROOT / ".github" / "ISSUE_TEMPLATE"
REPOSITORY = "https://example.org/someone/adventure"


@pytest.mark.parametrize("builder", ["mkdocs", "zensical"])
def test_each_page_can_be_reported_once_the_site_names_its_repository(builder, tmp_path):
    copy_of_the_repository(tmp_path, "in-page")
    settings = tmp_path / "mkdocs.yml"
    for page in sorted((tmp_path / "docs").rglob("*.md")):  # three are enough
        if page.name not in {"index.md", "start.md", "words.md"}:
            page.unlink()
    for page in (tmp_path / "docs").rglob("*.md"):
        page.write_text("# A page\n\nWords.\n", encoding="utf-8")
    settings.write_text(f"repo_url: {REPOSITORY}\n" + settings.read_text(encoding="utf-8"), encoding="utf-8")
    done = build(builder, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for path in ("index.html", "start.html", "toolbox/words.html"):
        html = (tmp_path / "site" / path).read_text(encoding="utf-8")
        [link] = re.findall(r'<a href="([^"]+)">Report this page</a>', html)
        assert link.startswith(f"{REPOSITORY}/issues/new?template=page.yml&amp;page=")
        assert 'data-md-component="source"' not in html  # it would ask the repository's host for stars


def test_the_issue_forms_are_forms():
    forms = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in FORMS.glob("*.yml")}
    assert isinstance(forms.pop("config")["blank_issues_enabled"], bool)
    assert "page" in [part["id"] for part in forms["page"]["body"]]  # the link on each page fills it in
    for form in forms.values():
        assert {"name", "description", "body"} <= form.keys()
        for part in form["body"]:
            assert part["type"] in {"input", "textarea", "dropdown", "checkboxes"}
            assert part["attributes"]["label"]


def test_the_dev_container_opens_the_clubs_port():
    told = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    assert told["forwardPorts"] == [8000]


def test_the_changelog_names_the_version_of_the_project():
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)[1]
    assert f"\n## {version}\n" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")

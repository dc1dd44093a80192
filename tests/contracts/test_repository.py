"""Pages that must agree with the tree."""

import re
from pathlib import Path

from tests.benchmarks.results_page import FIGURES, PAGE, rewritten

ROOT = Path(__file__).parents[2]


def test_continuous_integration_runs_the_test_command_of_the_readme():
    command = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1]
    assert command.endswith("make test")
    assert f"\n{command}\n" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_decision_is_listed_once():
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\(([^)]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.md") if path.name != "README.md")


def test_links_between_pages_lead_somewhere():
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"(?<!!)\[[^\]]*\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_the_tables_of_the_results_are_those_of_the_figures():
    page = PAGE.read_text(encoding="utf-8")
    assert rewritten(page, FIGURES) == page

"""The workflows, and the code blocks of the documentation."""

import pathlib
from dataclasses import dataclass

import yaml
from markdown_it import MarkdownIt

ROOT = pathlib.Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("sandbox/*.md")])
WORKFLOWS = sorted(ROOT.glob(".github/workflows/*"))


@dataclass(frozen=True)
class Block:
    """A code block, or the script of a step."""

    file: str
    place: str
    language: str
    text: str

    def __str__(self):
        return f"{self.file}:{self.place}"


def blocks():
    """All code blocks of the documentation."""
    for path in DOCUMENTS:
        for token in MarkdownIt().parse(path.read_text()):
            if token.type in ("fence", "code_block"):
                yield Block(str(path.relative_to(ROOT)), str(token.map[0] + 1), token.info.strip(), token.content)


def workflows():
    """All workflows, by file name."""
    return {path.name: yaml.safe_load(path.read_text()) for path in WORKFLOWS}


def steps():
    """All steps of all jobs, with the name of their workflow."""
    for name, workflow in workflows().items():
        for job in workflow["jobs"].values():
            for step in job.get("steps", []):
                yield name, step


def scripts():
    """All shell scripts: those of the documentation and those of the workflows."""
    yield from (block for block in blocks() if block.language == "sh")
    for workflow, step in steps():
        if "run" in step:
            yield Block(f".github/workflows/{workflow}", step["name"], "sh", step["run"])

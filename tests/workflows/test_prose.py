"""The documents keep to the style: the words that `textlint.json` allows, in lines that fit."""

import json
import pathlib
import re
import subprocess
import sys

import pytest
from markdown_it import MarkdownIt

from documents import DOCUMENTS, ROOT

TEXTLINT = pathlib.Path(sys.executable).parents[2] / "npm" / "node_modules" / ".bin" / "textlint"
STYLE = pathlib.Path(__file__).with_name("textlint.json")
LINE_MAX = 120
# A sentence whose subject is a clause, such as "What was held stays so". Questions are none.
CLAUSE = re.compile(
    r"(?:^|[.!?] )What(?:ever)? (?:is|was|are|were|people|does|do|could|it|somebody|nobody|we|they|you|the \w+)\b[^.,:;?]{2,80} "
    r"(?:is|are|was|were|has|have|stays?|goes|ends?|waits?|remains?|keeps?|counts?)\b"
)

FORBIDDEN = [
    "The handler shall retry.",
    "The run begins anew.",
    "Mend the setting and restart.",
    "It failed; hence it stops.",
    "The role can be taken on.",
    "What was begun is finished.",
    "The list could not be had.",
    "It is no error.",
    "Nothing new is begun.",
    "Who it is to Amazon",
    "The app synchronizes hourly.",
    "There are three ways.",
    "Azure Api Center",
]


def findings(*paths):
    """What textlint says, as `(file, line, message)`."""
    command = [TEXTLINT, "--config", STYLE, "--format", "json", *paths]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1) and not done.stderr, done
    return [
        (pathlib.Path(file["filePath"]).name, message["line"], message["message"])
        for file in json.loads(done.stdout)
        for message in file["messages"]
    ]


def clauses(text):
    """The clauses that are subjects, outside of headings, tables and code."""
    tokens = MarkdownIt().parse(text)
    for before, token in zip(tokens, tokens[1:]):
        if before.type == "paragraph_open" and not token.content.startswith("|"):
            yield from CLAUSE.findall(token.content.replace("\n", " "))


def long_lines(text):
    """The numbers of the lines that are too long, tables, code and addresses of links aside."""
    is_code = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code and len(line) > LINE_MAX and not line.startswith(("|", "[")):
            yield number


def test_the_documents_keep_to_the_style():
    assert findings(*DOCUMENTS) == []


def test_the_style_finds_what_it_forbids(tmp_path):
    document = tmp_path / "document.md"
    document.write_text("\n\n".join(FORBIDDEN))
    found = {line for _, line, _ in findings(document)}
    assert [sentence for index, sentence in enumerate(FORBIDDEN) if 2 * index + 1 not in found] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_subject_of_a_sentence_is_a_noun(path):
    assert list(clauses(path.read_text())) == []


def test_a_clause_as_the_subject_is_seen():
    text = "# What is done is done\n\nIt ends. What is held\nstays so. What is it?\n\nWhat it does, and why.\n\n- What people write is kept."
    assert list(clauses(text)) == [". What is held stays", "What people write is"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_lines_fit(path):
    assert list(long_lines(path.read_text())) == []


def test_a_long_line_is_seen():
    long = "x" * (LINE_MAX + 1)
    assert list(long_lines(f"{long}\n| {long} |\n```sh\n{long}\n```\n- {long}\n{long[1:]}")) == [1, 6]

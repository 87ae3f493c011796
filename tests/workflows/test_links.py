"""The links between the documents lead somewhere."""

import re

import pytest
from markdown_it import MarkdownIt

from documents import DOCUMENTS, ROOT

ELSEWHERE = re.compile(r"[a-z]+:")


def headings(path):
    """The anchors of a document's headings, as GitHub makes them."""
    tokens = MarkdownIt().parse(path.read_text())
    texts = (after.content for token, after in zip(tokens, tokens[1:]) if token.type == "heading_open")
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


def links(path):
    """The links and pictures of a document that lead to other files, or to places in it."""
    for token in MarkdownIt().enable("table").parse(path.read_text()):
        for child in token.children or []:
            target = child.attrGet("href") or child.attrGet("src")
            if target and not ELSEWHERE.match(target):
                yield str(target)


def broken(path):
    """The links of a document that lead nowhere."""
    for link in links(path):
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if not target.exists() or (anchor and anchor not in headings(target)):
            yield link


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path):
    assert not list(broken(path))


def test_links_are_found():
    assert sum(len(list(links(path))) for path in DOCUMENTS) > 50


def test_a_link_to_nowhere_is_seen(tmp_path):
    document = tmp_path / "document.md"
    document.write_text("# One\n\n[a](#one) [b](#two) [c](missing.md) ![d](e.svg) [f](https://example.com)\n")
    assert list(broken(document)) == ["#two", "missing.md", "e.svg"]

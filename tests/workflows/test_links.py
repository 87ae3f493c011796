"""The links between the documents lead somewhere, and every document is linked."""

import re

import pytest
from markdown_it import MarkdownIt

from documents import DOCUMENTS, ROOT

ELSEWHERE = re.compile(r"[a-z]+:")
MENTION = re.compile(r"\bdocs/[\w-]+\.(?:md|svg|png)\b")
# What names documents, beside the documents.
SOURCES = sorted(
    path
    for pattern in ("src/**/*.rs", "sandbox/**/*.rs", "infra/**/*", "tests/**/*.rs", "*.yaml", ".github/**/*")
    for path in ROOT.glob(pattern)
    if path.is_file()
)


def anchors(path):
    """The anchors of a document's headings, as GitHub makes them."""
    tokens = MarkdownIt().parse(path.read_text())
    found = []
    for token, after in zip(tokens, tokens[1:]):
        if token.type == "heading_open":
            text = "".join(child.content for child in after.children if child.type in ("text", "code_inline"))
            found.append(re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-"))
    # A heading that is there again has a number.
    return {anchor if before == 0 else f"{anchor}-{before}" for anchor, before in zip(found, repeated(found))}


def repeated(found):
    """How often each one was there before."""
    return [found[:index].count(one) for index, one in enumerate(found)]


def targets(path):
    """Where the links and pictures of a document lead."""
    for token in MarkdownIt().enable("table").parse(path.read_text()):
        for child in token.children or []:
            if target := child.attrGet("href") or child.attrGet("src"):
                yield str(target)


def links(path):
    """The links and pictures of a document that lead to other files, or to places in it."""
    return [target for target in targets(path) if not ELSEWHERE.match(target)]


def linked(path):
    """The files that a document links to."""
    return {(path.parent / link.partition("#")[0]).resolve() for link in links(path) if not link.startswith("#")}


def broken(path):
    """The links of a document that lead nowhere, and those that another address than `https` is in."""
    for link in targets(path):
        file, _, anchor = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        if ELSEWHERE.match(link):
            if not link.startswith("https://"):
                yield link
        elif not target.exists() or (anchor and (target.suffix != ".md" or anchor not in anchors(target))):
            yield link


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(path):
    assert not list(broken(path))


def test_every_document_and_picture_is_reached_from_the_readme():
    reached, ahead = set(), {ROOT / "README.md"}
    while ahead:
        path = ahead.pop()
        reached.add(path)
        if path.suffix == ".md":
            ahead |= linked(path) - reached
    pictures = {path for path in ROOT.glob("docs/**/*") if path.suffix in (".png", ".svg")}
    assert {*DOCUMENTS, *pictures} - reached == set()


def test_documents_that_the_code_names_are_there():
    mentions = [(path, mention) for path in SOURCES for mention in MENTION.findall(path.read_text(errors="replace"))]
    assert len(mentions) > 10
    assert [(str(path), mention) for path, mention in mentions if not (ROOT / mention).exists()] == []


def test_links_are_found():
    assert sum(len(links(path)) for path in DOCUMENTS) > 50


def test_a_link_to_nowhere_is_seen(tmp_path):
    document = tmp_path / "document.md"
    document.write_text(
        "# One\n\n## `Two` of *it*\n\n## One\n\n[a](#one) [b](#two) [c](missing.md) ![d](e.svg) [f](https://example.com)\n"
        "[g](#two-of-it) [h](#one-1) [i](#one-2) [j](http://example.com) [k]\n\n[k]: gone.md\n"
    )
    assert list(broken(document)) == ["#two", "missing.md", "e.svg", "#one-2", "http://example.com", "gone.md"]

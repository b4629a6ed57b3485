"""Full-text search with SQLite's FTS5 (https://sqlite.org/fts5.html): any case, any accent, beginnings of words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

SEARCH = """
    CREATE VIRTUAL TABLE IF NOT EXISTS search
    USING fts5(sku UNINDEXED, name, category, description, tokenize = 'unicode61 remove_diacritics 2')
"""
WEIGHTS = "0, 8, 4, 1"
"""What a hit in each column is worth: a product's name says more about it than its description."""

_search = sa.table("search", sa.column("sku", sa.String))


def add_to_search(connection: sa.Connection, products: Iterable[Mapping[str, object]]) -> None:
    """Makes products findable."""
    add = sa.text("INSERT INTO search (sku, name, category, description) VALUES (:sku, :name, :category, :description)")
    connection.execute(add, list(products))


def match(query: sa.Select, sku: sa.Column, words: str) -> tuple[sa.Select, sa.ColumnElement]:
    """Narrows a query to products with all these words, or words that begin like them.

    Returns:
        The query, and what to order it by so that the best match comes first.
    """
    terms = " ".join(f'"{word}"*' for word in re.findall(r"\w+", words))
    found = sa.text("search MATCH :terms").bindparams(terms=terms or '""')
    narrowed = query.join(_search, _search.c.sku == sku).where(found)
    return narrowed, sa.literal_column(f"bm25(search, {WEIGHTS})")

# apps/standalone_service/service/notes.py: notes in a database.
# SPDX-License-Identifier: MIT
import importlib.resources
import sqlite3


class Notes:
    def __init__(self, file: str) -> None:
        self.database = sqlite3.connect(file)
        self.database.executescript(importlib.resources.files(__package__).joinpath("schema.sql").read_text())

    def add(self, text: str, words: int) -> int:
        with self.database:
            return self.database.execute("insert into notes (text, words) values (?, ?)", (text, words)).lastrowid or 0

    def all(self) -> list[dict[str, object]]:
        rows = self.database.execute("select id, text, words from notes order by id")
        return [{"id": id, "text": text, "words": words} for id, text, words in rows]

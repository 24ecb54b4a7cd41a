"""A file as downloaded → named text columns, with every row still in it.

`find` lists what lies in the exports folder, `read` opens one file: encoding, sheet, header row and kind are recognised by
content, never by the file's name or the order of its columns. Values stay text here; `archive` gives them types.
"""

from analysis.exports.headers import Header, kinds
from analysis.exports.reading import Export, Found, date_in_name, digest, find, read
from analysis.exports.text import is_utf8

__all__ = ["Export", "Found", "Header", "date_in_name", "digest", "find", "is_utf8", "kinds", "read"]

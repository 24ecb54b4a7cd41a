-- Every row of every export is kept, superseded, quarantined or a note.
select path, read_rows, kept_rows, superseded_rows, quarantined_rows, note_rows
from marts.files
where read_rows <> kept_rows + superseded_rows + quarantined_rows + note_rows or superseded_rows < 0

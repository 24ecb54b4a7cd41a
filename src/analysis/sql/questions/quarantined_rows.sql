-- Which rows could not be read, and why?
select * from marts.quarantined_rows
order by path, row_no

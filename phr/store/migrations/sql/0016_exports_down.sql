-- Takes it away.
DROP TABLE phr.open_file, phr.open_spend, phr.release_project, phr.release_gone, phr.release_vault;
ALTER TABLE phr.release_member DROP COLUMN class_no;

ALTER TABLE phr.vital_source DROP COLUMN phd;

-- Takes the uploads away.
DROP TABLE phr.upload;

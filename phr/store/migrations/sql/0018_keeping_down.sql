-- Takes it away.
DROP TABLE phr.keeping;

DROP TABLE phr.bulk_member_was, phr.bulk_group_was;
ALTER TABLE phr.bulk_member DROP COLUMN since;

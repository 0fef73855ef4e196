-- Takes back 0025_bulk.
DROP TABLE phr.bulk_member, phr.bulk_group, phr.bulk_given, phr.bulk_file, phr.bulk_job;

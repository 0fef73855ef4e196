-- Takes programmes away.
DROP TABLE phr.programme_report, phr.lent_device, phr.programme_member, phr.programme;

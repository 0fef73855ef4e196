DROP POLICY posting_expiry ON phr.outbox;
DROP POLICY setting_aside ON phr.outbox;
DROP TABLE phr.points_year, phr.points_week, phr.points_member, phr.points_goal, phr.points_wallet, phr.points_move;

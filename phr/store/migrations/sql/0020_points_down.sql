-- Takes it away again.
DROP POLICY rounding ON phr.outbox;
DROP TABLE phr.step_goal;
DROP TABLE phr.points_answer;
DROP TABLE phr.points_review;

-- Takes it away again.
DROP TABLE phr.step_goal;
DROP TABLE phr.points_answer;
DROP TABLE phr.points_review;

-- Ways to reach people, what they asked for, and letters.
SELECT 1;

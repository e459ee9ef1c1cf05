SELECT user_id FROM staff_and_robots;

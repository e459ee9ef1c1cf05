SELECT user_id FROM profiles WHERE num(loyalty_points) BETWEEN 500 AND 1999;

SELECT user_id FROM reachable_by_email;

SELECT DISTINCT user_id
FROM events
WHERE event = 'Appointment Booked' AND instant(prop(properties, '$.appointment_at')) > as_of() + INTERVAL 2 DAYS;

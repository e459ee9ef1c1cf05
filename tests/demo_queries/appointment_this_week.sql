-- The week from Monday, 23 November; the appointment is in the future, the booking is not.
SELECT DISTINCT user_id
FROM events
WHERE event = 'Appointment Booked'
    AND instant(prop(properties, '$.appointment_at')) >= from_london('2026-11-23')
    AND instant(prop(properties, '$.appointment_at')) < from_london('2026-11-30');

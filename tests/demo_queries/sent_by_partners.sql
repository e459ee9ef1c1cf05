-- In the JSON path a name with a dot stands in quotes: one key, not two.
SELECT DISTINCT user_id
FROM events
WHERE event = 'Page Viewed'
    AND lower(prop(properties, '$."utm.source"')) IN (
        SELECT lower("utm.source") FROM read_csv('campaigns/lists/partner_sites.csv', all_varchar = true, header = true)
    );

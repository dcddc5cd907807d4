-- Addresses and points of interest at the opening.

CREATE TABLE province.address AS
SELECT * FROM address_rows(1, getvariable('homes'), 'home')
UNION ALL
SELECT * FROM address_rows(getvariable('homes') + 1, getvariable('homes') + getvariable('premises'), 'business')
ORDER BY id;

CREATE TABLE province.point_of_interest AS
SELECT i AS id, 'JT' || lpad(i::VARCHAR, 8, '0') AS point_id, pick(getvariable('point_kinds'), draw('point kind', i)) AS category,
       a.road || pick(getvariable('communities'), draw('point name', i))
           || pick(getvariable('point_kinds'), draw('point kind', i)) AS name,
       a.text AS address, a.region, round(a.lon, 6) AS lon, round(a.lat, 6) AS lat, phone_number(i + 50000000, 'p') AS phone
FROM range(1, getvariable('points') + 1) r(i)
JOIN province.address a ON a.id = 1 + (i * 7) % getvariable('homes');

INSERT INTO province.outbox SELECT 'addresses', id, getvariable('day'), 'opening' FROM province.address;
INSERT INTO province.outbox SELECT 'points_of_interest', id, getvariable('day'), 'opening' FROM province.point_of_interest;
INSERT INTO province.touched SELECT 'address', id FROM province.address;
INSERT INTO province.touched SELECT 'point_of_interest', id FROM province.point_of_interest;

-- E-certificates of the health and transport offices: the opening stock and every day are made by the same script.

CREATE TABLE province.certificate (
    cid BIGINT, dataset VARCHAR, oid BIGINT, pid BIGINT, holder_name VARCHAR, type_code VARCHAR, title VARCHAR,
    certificate_number VARCHAR, version INTEGER, organ VARCHAR, organ_uscc VARCHAR, issued_on DATE, effective_from DATE,
    effective_until DATE, status VARCHAR, status_since DATE);

-- The kinds; a type's code begins with the number of the ministry that defined it (invented here).
CREATE TABLE province.certificate_kind AS
WITH ministry AS (
    SELECT field, '11100000' || organization_body(n, DATE '1990-01-01')
        || organization_code_check(organization_body(n, DATE '1990-01-01')) AS body
    FROM (VALUES ('health', 60000001::BIGINT), ('transport', 60000002)) m(field, n))
SELECT k.*, m.body || uscc_check(m.body) || lpad(k.kind::VARCHAR, 3, '0') AS type_code
FROM (VALUES
    (1, 'health_certificates', 'health', '医师执业证书', true, NULL, 'YS'),
    (2, 'health_certificates', 'health', '公共场所卫生许可证', false, 4, 'WS'),
    (3, 'transport_certificates', 'transport', '道路运输从业人员从业资格证', true, 6, 'CY'),
    (4, 'transport_certificates', 'transport', '道路运输经营许可证', false, 4, 'YY')
) k(kind, dataset, field, title, for_person, years, letters)
JOIN ministry m USING (field);

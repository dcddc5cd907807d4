-- Organizations at the opening, and what every organization is made of.

-- Adults who may represent an organization, in an order drawn once; a few represent many.
CREATE TABLE province.adult AS
SELECT row_number() OVER (ORDER BY hash(getvariable('seed'), 'adult', pid)) - 1 AS place, pid
FROM province.person
WHERE kind IN ('register', 'permit') AND death_date IS NULL AND on_register = (kind = 'register')
  AND age_on(birth_date, getvariable('day')) BETWEEN 20 AND 70;

CREATE TABLE province.organization (
    oid BIGINT, kind VARCHAR, uscc VARCHAR, organization_code VARCHAR, registration_number VARCHAR, tax_number VARCHAR,
    name VARCHAR, former_name VARCHAR, market_type VARCHAR, industry VARCHAR, capital DECIMAL(18, 6), currency VARCHAR,
    representative BIGINT, established_on DATE, approved_on DATE, term_until DATE, region VARCHAR, city VARCHAR,
    county VARCHAR, domicile BIGINT, business_address BIGINT, status VARCHAR, cancelled_on DATE, revoked_on DATE,
    phone VARCHAR, category VARCHAR, supervisor VARCHAR, funding VARCHAR, quota INTEGER, taxpayer BOOLEAN,
    taxpayer_kind VARCHAR, tax_status VARCHAR, tax_from DATE);

-- The deciding organs: agencies of every county, with their own numbers; in no dataset but as deciders.
CREATE TABLE province.organ AS
WITH named AS (
    SELECT r.code AS region, r.city_name || r.name || o.name AS name, o.field,
           row_number() OVER (ORDER BY r.code, o.field) + 70000000 AS n
    FROM province.region r, (VALUES
        ('市场监督管理局', 'market'), ('行政审批局', 'approval'), ('城市管理局', 'urban'), ('卫生健康委员会', 'health'),
        ('交通运输局', 'transport'), ('民政局', 'civil'), ('人民法院', 'court')) o(name, field)
    WHERE starts_with(r.code, getvariable('region_prefix'))),
coded AS (
    SELECT *, '11' || region || organization_body(n, DATE '1990-01-01')
        || organization_code_check(organization_body(n, DATE '1990-01-01')) AS body FROM named)
SELECT region, field, name, body || uscc_check(body) AS uscc FROM coded;

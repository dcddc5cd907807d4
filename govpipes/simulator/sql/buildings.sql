-- Buildings of the housing department: the opening stock and every day are made by the same script.

CREATE TABLE province.building (
    bid BIGINT, building_id VARCHAR, address BIGINT, name VARCHAR, structure VARCHAR, storeys_above INTEGER, storeys_below INTEGER,
    built_year INTEGER, purpose VARCHAR, area DECIMAL(18, 2), lon DOUBLE, lat DOUBLE, status VARCHAR);

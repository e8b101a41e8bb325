-- Who may do what: the roles that come with the extension, views for single topics, and that nobody can put something of their own in
-- the place of what is called.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_kafka;
RESET client_min_messages;

SET timezone = 'UTC';

-- The roles are for grants only.
SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolinherit, rolreplication, rolbypassrls, shobj_description(oid, 'pg_authid') IS NOT NULL AS has_comment
  FROM pg_roles WHERE rolname LIKE 'kafka\_%' ORDER BY 1;

-- What their members have, and what others have, such as PUBLIC.
CREATE ROLE regress_kafka_reader IN ROLE kafka_read;
CREATE ROLE regress_kafka_admin IN ROLE kafka_admin;
CREATE ROLE regress_kafka_stranger;
SELECT r AS role, has_schema_privilege(r, 'kafka', 'USAGE') AS usage, has_schema_privilege(r, 'kafka', 'CREATE') AS "create"
  FROM unnest('{regress_kafka_reader,regress_kafka_admin,regress_kafka_stranger}'::text[]) AS r;
SELECT c.relkind AS kind, c.relname AS name,
       string_agg(right(r, -14), ', ' ORDER BY r) FILTER (WHERE has_table_privilege(r, c.oid, 'SELECT')) AS may_select,
       string_agg(right(r, -14), ', ' ORDER BY r) FILTER (WHERE has_table_privilege(r, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')) AS may_change
  FROM pg_class c, unnest('{regress_kafka_reader,regress_kafka_admin,regress_kafka_stranger}'::text[]) AS r
 WHERE c.relnamespace = 'kafka'::regnamespace AND c.relkind IN ('r', 'v', 'f', 'S') AND c.relname !~ '^segment_'
 GROUP BY 1, 2 ORDER BY 1 DESC, 2;
SELECT p.oid::regprocedure AS function, p.prosecdef AS as_owner, p.proconfig AS settings,
       string_agg(right(r, -14), ', ' ORDER BY r) FILTER (WHERE has_function_privilege(r, p.oid, 'EXECUTE')) AS may_execute
  FROM pg_proc p, unnest('{regress_kafka_reader,regress_kafka_admin,regress_kafka_stranger}'::text[]) AS r
 WHERE p.pronamespace = 'kafka'::regnamespace GROUP BY 1, 2, 3 ORDER BY 1::text COLLATE "C";

-- Two topics with records.
CREATE FUNCTION fill(topic text, batch bytea) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    segment bigint;
BEGIN
    PERFORM kafka.create_topic(topic);
    INSERT INTO kafka.segment (topic_id, start_offsets, created_ms) SELECT id, '{0}', 0 FROM kafka.topics WHERE name = topic RETURNING id INTO segment;
    EXECUTE format('CREATE TABLE kafka.%1$I (LIKE kafka.batch INCLUDING ALL)', 'segment_' || segment);
    EXECUTE format('INSERT INTO kafka.%1$I VALUES (0, 0, 0, 2, 0, 0, 0, $1)', 'segment_' || segment) USING batch;
END $$;
SELECT fill('orders', '\x000000000000000000000072ffffffff023bc104450000000000020000018bcfe568000000018bcfe6eea00000000000000fa00003000000110000000316000000010a66697273740024000902046b3201020a7472616365066162634200c09a0c0400000802610100000e6772c3b6c39f650ce697a5e69cac02610400ff');
SELECT fill('secrets', '\x00000000000000000000004fffffffff0212580f110000000186a00000018bcfe568000000018bcfe56800ffffffffffffffffffffffffffff000000031000000602610231001200008c010262023200140000c09a0c0263023300');

SET ROLE regress_kafka_reader;
SELECT topic, "offset", value FROM kafka.messages_text;
SELECT count(*) FROM kafka.fetch('orders', 0, 0);
SELECT kafka.offset_at('orders', 0, '2023-11-14 UTC'), (SELECT "offset" FROM kafka.newest('orders', 'k2'));
SELECT topic, high_watermark FROM kafka.partitions;
SELECT kafka.delete_topic('orders');
SELECT kafka.reset_offsets('group', 'orders', 'earliest');
SELECT * FROM kafka.status;
SELECT * FROM kafka.topic;
SET ROLE regress_kafka_admin;
SELECT kafka.create_topic('new') IS NOT NULL AS has_id;
SELECT kafka.alter_topic('new', '{"retention.ms": 1000}');
SELECT running FROM kafka.status;
SELECT kafka.delete_topic('new');
DELETE FROM kafka.topic;
SET ROLE regress_kafka_stranger;
SELECT count(*) FROM kafka.messages;
RESET ROLE;

-- A topic for whoever may not read all: a view. Functions of the one who reads do not see other topics, and conditions still limit the scan.
CREATE SCHEMA regress_shop AUTHORIZATION regress_kafka_reader;
SET ROLE regress_kafka_reader;
CREATE VIEW regress_shop.orders WITH (security_barrier) AS
    SELECT partition, "offset", "timestamp", key, value, json FROM kafka.messages_text WHERE topic = 'orders';
GRANT USAGE ON SCHEMA regress_shop TO regress_kafka_stranger;
GRANT SELECT ON regress_shop.orders TO regress_kafka_stranger;
SET ROLE regress_kafka_stranger;
SELECT partition, "offset", value FROM regress_shop.orders;
CREATE FUNCTION pg_temp.leak(value text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$BEGIN RAISE NOTICE 'seen: %', value; RETURN true; END$$;
SELECT count(*) FROM regress_shop.orders WHERE pg_temp.leak(value);
EXPLAIN (COSTS OFF) SELECT * FROM regress_shop.orders WHERE partition = 0 AND "offset" >= 2 AND "timestamp" >= '2023-11-14 UTC' ORDER BY "offset" DESC LIMIT 1;
SELECT count(*) FROM kafka.messages WHERE topic = 'orders';
DROP FUNCTION pg_temp.leak;
RESET ROLE;
DROP SCHEMA regress_shop CASCADE;
SELECT 'kafka.segment_' || max(id) - 1 AS orders_table, 'kafka.segment_' || max(id) AS secrets_table FROM kafka.segment \gset
SELECT kafka.delete_topic(name) FROM kafka.topics;
DELETE FROM kafka.segment;
DROP TABLE :orders_table, :secrets_table;
DROP FUNCTION fill;

-- Traps: functions and operators that fit better than the server's, found first by whoever creates the extension or calls its functions.
SELECT current_database() AS tests \gset
CREATE DATABASE regress_kafka_traps TEMPLATE template0;
\c regress_kafka_traps
SET client_min_messages = warning;
CREATE SCHEMA trap;
CREATE FUNCTION trap.spring() RETURNS void LANGUAGE plpgsql AS $$BEGIN RAISE 'caught %', current_user; END$$;
CREATE FUNCTION trap.join(text, bigint) RETURNS text LANGUAGE sql AS $$SELECT trap.spring()::text$$;
CREATE FUNCTION trap.compare(text, text) RETURNS boolean LANGUAGE sql AS $$SELECT trap.spring() IS NULL$$;
CREATE FUNCTION trap.compare(bigint, bigint) RETURNS boolean LANGUAGE sql AS $$SELECT trap.spring() IS NULL$$;
CREATE FUNCTION trap.compare(uuid, uuid) RETURNS boolean LANGUAGE sql AS $$SELECT trap.spring() IS NULL$$;
CREATE FUNCTION trap.count() RETURNS bigint LANGUAGE sql AS $$SELECT trap.spring()::text::bigint$$;
CREATE FUNCTION trap.unnest(bigint[]) RETURNS SETOF bigint LANGUAGE sql AS $$SELECT trap.spring()::text::bigint$$;
CREATE FUNCTION trap.translate(text, text, text) RETURNS text LANGUAGE sql AS $$SELECT trap.spring()::text$$;
CREATE OPERATOR trap.|| (FUNCTION = trap.join, LEFTARG = text, RIGHTARG = bigint);
CREATE OPERATOR trap.= (FUNCTION = trap.compare, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR trap.= (FUNCTION = trap.compare, LEFTARG = uuid, RIGHTARG = uuid);
CREATE OPERATOR trap.>= (FUNCTION = trap.compare, LEFTARG = bigint, RIGHTARG = bigint);
GRANT USAGE ON SCHEMA trap TO PUBLIC;
SET search_path = trap, pg_catalog;
CREATE EXTENSION pg_kafka;
SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) AS caught
  FROM pg_depend d
 WHERE d.refobjid IN (SELECT oid FROM pg_operator WHERE oprnamespace OPERATOR(pg_catalog.=) 'trap'::regnamespace
                      UNION ALL SELECT oid FROM pg_proc WHERE pronamespace OPERATOR(pg_catalog.=) 'trap'::regnamespace)
   AND d.classid IN ('pg_rewrite'::regclass, 'pg_constraint'::regclass, 'pg_proc'::regclass)
   AND d.objid NOT IN (SELECT oid FROM pg_proc WHERE pronamespace OPERATOR(pg_catalog.=) 'trap'::regnamespace);
SET ROLE regress_kafka_admin;
CREATE TEMP TABLE topic (id uuid, name text);
CREATE TEMP TABLE partition (topic_id uuid, partition int);
SET search_path = pg_temp, trap, kafka, pg_catalog;
SELECT 'a'::text = 'b'::text;
SELECT pg_typeof(kafka.create_topic('orders', 2));
SELECT kafka.alter_topic('orders', '{"retention.ms": 1000}');
SELECT kafka.add_partitions('orders', 3);
SELECT kafka.delete_records('orders', 0);
SELECT kafka.reset_offsets('group', 'orders', 'earliest');
SELECT kafka.delete_group('group');
SELECT partition, high_watermark FROM kafka.partitions;
SELECT * FROM kafka.segments;
SELECT * FROM kafka.consumer_lag;
SELECT * FROM kafka.fetch('orders', 0, 0);
SELECT * FROM kafka.newest('orders', 'key');
SELECT kafka.offset_at('orders', 0, '-infinity');
SELECT kafka.delete_topic('orders');
\c :tests
DROP DATABASE regress_kafka_traps;
DROP ROLE regress_kafka_reader, regress_kafka_admin, regress_kafka_stranger;

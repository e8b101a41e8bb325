-- Consumer groups by SQL: kafka.consumer_lag, resetting offsets, deleting, and who may do so. No broker runs in this database, so
-- the rows are made by hand.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_kafka;
RESET client_min_messages;

-- What a statement fails with: SQLSTATE, message, detail, hint.
CREATE FUNCTION failure_of(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    message text; detail text; hint text;
BEGIN
    EXECUTE statement;
    RETURN NEXT 'no error';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN NEXT sqlstate || ': ' || message;
    IF detail <> '' THEN RETURN NEXT '    ' || detail; END IF;
    IF hint <> '' THEN RETURN NEXT '    ' || hint; END IF;
END $$;

-- Partitions 0 to 2 of orders hold the offsets 3 to 9, 0 to 99 and none.
SELECT kafka.create_topic('orders', 3) AS orders, kafka.create_topic('events') AS events \gset
UPDATE kafka.partition SET log_start_offset = 3 WHERE topic_id = :'orders' AND partition = 0;
INSERT INTO kafka.segment (topic_id, start_offsets, created_ms) VALUES (:'orders', '{10, 100, 0}', 0) RETURNING 'segment_' || id AS segment \gset
CREATE TABLE kafka.:"segment" (LIKE kafka.batch INCLUDING ALL);
SELECT * FROM kafka.partitions ORDER BY topic, partition;

CREATE FUNCTION make_group(group_id text, type text, protocol_type text) RETURNS void LANGUAGE sql AS $$
    INSERT INTO kafka.consumer_group VALUES (group_id, type, 1, protocol_type, NULL, NULL, 0, 0, 0)
$$;
CREATE FUNCTION make_member(group_id text, member_id text, assignment bytea, topics uuid[] DEFAULT NULL, partitions int[] DEFAULT NULL)
    RETURNS void LANGUAGE sql AS $$
    INSERT INTO kafka.group_member
    SELECT group_id, member_id, NULL, NULL, 'client of ' || member_id, '/127.0.0.1', 0, 0, '{range}', '{0}', '', assignment
     WHERE assignment IS NOT NULL;
    INSERT INTO kafka.group_member
    SELECT group_id, member_id, NULL, NULL, 'client of ' || member_id, '/127.0.0.1', 0, 0, NULL, NULL, NULL, NULL,
           '{}', NULL, NULL, 1, 0, topics, partitions, '{}', '{}', topics, partitions
     WHERE topics IS NOT NULL;
$$;
CREATE FUNCTION make_offset(group_id text, topic text, partition int, at_offset bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO kafka.consumer_offset SELECT group_id, t.id, partition, at_offset, 7, 'metadata', 0, 5 FROM kafka.topic t WHERE t.name = topic
$$;
SELECT make_group('classic', 'classic', 'consumer'), make_group('modern', 'consumer', 'consumer'), make_group('connect', 'classic', 'connect'),
       make_group('simple', 'classic', '') \g (format=unaligned) /dev/null

-- An assignment of the classic protocol: version, topics with their partitions, user data.
SELECT * FROM kafka.assigned_partitions('\x00010000000200066f726465727300000002000000020000000000066576656e747300000000ffffffff');
-- Damaged, or something else: version -1, too many topics, too many partitions, cut short, a name that no topic can have, nothing.
SELECT b, a.* FROM unnest(ARRAY['\xffff00000000', '\x00007fffffff0001610000000100000000', '\x0000000000010001617fffffff00000000', '\x00000000000100016100000001000000',
                                '\x000000000001000120000000010000000000', '\x', 'connect', NULL]::bytea[]) AS b, kafka.assigned_partitions(b) AS a;

-- Classic: what the leader assigned. The partitions that are not there, or whose topic is not, are left out.
SELECT make_member('classic', 'a', '\x00010000000200066f7264657273000000030000000000000001000000090004676f6e65000000010000000000000000'),
       make_member('classic', 'b', '\x00010000000100066f72646572730000000100000002ffffffff'),
       make_member('connect', 'c', '\x00010000000100066f72646572730000000100000002ffffffff'),
       make_member('modern', 'd', NULL, ARRAY[:'orders', :'events']::uuid[], '{1, 0}'),
       make_member('modern', 'e', NULL, '{}', '{}') \g (format=unaligned) /dev/null
SELECT make_offset('classic', 'orders', 0, 4), make_offset('classic', 'orders', 1, 100), make_offset('classic', 'events', 0, 0),
       make_offset('modern', 'orders', 1, 30), make_offset('simple', 'orders', 0, 2), make_offset('simple', 'orders', 1, 101) \g (format=unaligned) /dev/null
SELECT * FROM kafka.consumer_lag ORDER BY group_id, topic, partition;
SELECT topic, partition, lag, member_id FROM kafka.consumer_lag WHERE group_id = 'classic' AND topic = 'orders' ORDER BY partition;
SELECT group_id, sum(lag) FROM kafka.consumer_lag GROUP BY group_id ORDER BY group_id;
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'kafka.consumer_lag'::regclass AND attnum > 0 ORDER BY attnum;

-- One member that the broker could not read would keep it from all groups: the constraint that refuses the change.
CREATE FUNCTION refused_by(member_id text, change text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    name text;
BEGIN
    EXECUTE format('UPDATE kafka.group_member SET %s WHERE member_id = %L', change, member_id);
    RAISE 'to be taken back';
EXCEPTION WHEN check_violation OR raise_exception THEN
    GET STACKED DIAGNOSTICS name = CONSTRAINT_NAME;
    RETURN name;
END $$;
SELECT change, refused_by('a', change) FROM (VALUES ($$protocols = NULL$$), ($$metadata_sizes = NULL$$), ($$metadata = NULL$$), ($$assignment = NULL$$),
    ($$protocols = NULL, metadata_sizes = NULL, metadata = NULL, assignment = NULL$$),
    ($$protocols = '{}', metadata_sizes = '{}'$$), ($$protocols = '{NULL}'$$), ($$metadata_sizes = '{NULL}'$$), ($$metadata_sizes = '{}'$$), ($$metadata_sizes = '{0,0}'$$),
    ($$protocols = '{range,sticky}', metadata_sizes = '{0,0}'$$), ($$topics = '{orders}', epoch = 1$$)) AS v(change);
SELECT change, refused_by('d', change) FROM (VALUES ($$topics = NULL$$), ($$epoch = NULL$$), ($$previous_epoch = NULL$$), ($$topics = '{orders,NULL}'$$),
    ($$assigned_topics = NULL$$), ($$assigned_partitions = NULL$$), ($$assigned_partitions = '{1}'$$), ($$assigned_partitions = '{1,NULL}'$$),
    ($$revoked_topics = NULL, revoked_partitions = NULL$$), ($$revoked_topics = '{NULL}', revoked_partitions = '{0}'$$), ($$revoked_partitions = '{0}'$$),
    ($$target_topics = '{}'$$), ($$target_topics = '{}', target_partitions = '{}'$$), ($$metadata = ''$$),
    ($$protocols = '{range}', metadata_sizes = '{0}', metadata = '', assignment = ''$$)) AS v(change);

-- A group that has members keeps its offsets.
SELECT failure_of($$SELECT kafka.reset_offsets('classic', 'orders', 'latest')$$);
SELECT failure_of($$SELECT kafka.reset_offsets('modern', 'orders', 1)$$);
SELECT failure_of($$SELECT kafka.delete_offsets('classic', 'orders')$$);
SELECT failure_of($$SELECT kafka.delete_group('connect')$$);

-- Without members they go anywhere within the log.
SELECT * FROM kafka.reset_offsets('simple', 'orders', 'earliest');
SELECT * FROM kafka.reset_offsets('simple', 'orders', 'latest');
SELECT * FROM kafka.reset_offsets('simple', 'orders', 5);
SELECT * FROM kafka.reset_offsets('simple', 'orders', to_offset => -1, partition => 0);
SELECT * FROM kafka.reset_offsets('simple', 'orders', 9223372036854775807, 1);
SELECT * FROM kafka.reset_offsets('simple', 'orders', to_timestamp => now());
SELECT * FROM kafka.reset_offsets('simple', 'orders', timestamptz '-infinity');
SELECT * FROM kafka.reset_offsets('simple', 'orders', timestamptz 'infinity', 1);
SELECT topic, partition, committed_offset, leader_epoch, metadata, committed_at > now() - interval '1 hour' AS just_now
  FROM kafka.consumer_offsets WHERE group_id = 'simple' ORDER BY topic, partition;
SELECT DISTINCT expire_ms FROM kafka.consumer_offset WHERE group_id = 'simple';

-- All that the group has committed, and nothing else.
SELECT kafka.reset_offsets('simple', 'events', 'latest');
SELECT kafka.delete_offsets('simple', 'orders', 2);
SELECT * FROM kafka.reset_offsets('simple', NULL, to_position => 'earliest');
SELECT make_group('nothing', 'classic', '');
SELECT * FROM kafka.reset_offsets('nothing', NULL, 'latest');

-- A transaction that is rolled back has changed nothing.
BEGIN;
SELECT * FROM kafka.reset_offsets('simple', 'orders', 'latest', 1);
SELECT kafka.delete_group('nothing');
SELECT committed_offset FROM kafka.consumer_offsets WHERE group_id = 'simple' AND topic = 'orders' AND partition = 1;
ROLLBACK;
SELECT committed_offset FROM kafka.consumer_offsets WHERE group_id = 'simple' AND topic = 'orders' AND partition = 1;
SELECT group_id FROM kafka.consumer_groups WHERE group_id = 'nothing';

-- What is not there.
SELECT failure_of($$SELECT kafka.reset_offsets('none', 'orders', 'latest')$$);
SELECT failure_of($$SELECT kafka.reset_offsets('simple', 'none', 'latest')$$);
SELECT failure_of($$SELECT kafka.reset_offsets('simple', 'orders', 'latest', 3)$$);
SELECT failure_of($$SELECT kafka.reset_offsets('simple', 'orders', 'latest', -1)$$);
SELECT failure_of($$SELECT kafka.reset_offsets('simple', NULL, 'latest', 1)$$);
SELECT failure_of($$SELECT kafka.reset_offsets('simple', 'orders', 'yesterday')$$);
SELECT failure_of($$SELECT kafka.reset_offsets(NULL, 'orders', 'latest')$$);
SELECT failure_of($$SELECT kafka.reset_offsets('simple', 'orders', NULL::text)$$);
SELECT failure_of($$SELECT kafka.reset_offsets('simple', 'orders', NULL::bigint)$$);
SELECT failure_of($$SELECT kafka.reset_offsets('simple', 'orders', NULL::timestamptz)$$);
SELECT failure_of($$SELECT kafka.delete_offsets('none', 'orders')$$);
SELECT failure_of($$SELECT kafka.delete_offsets('simple', 'none')$$);
SELECT failure_of($$SELECT kafka.delete_group('none')$$);
SELECT failure_of($$SELECT kafka.delete_group(NULL)$$);
SELECT failure_of($$SELECT kafka.groups_changed()$$);
BEGIN READ ONLY;
SELECT failure_of($$SELECT kafka.reset_offsets('simple', 'orders', 'latest')$$);
ROLLBACK;

-- A snapshot that is kept could lack what clients have committed since.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT failure_of($$SELECT kafka.reset_offsets('simple', 'orders', 'latest')$$);
SELECT failure_of($$SELECT kafka.delete_offsets('simple', 'orders')$$);
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT failure_of($$SELECT kafka.delete_group('simple')$$);
ROLLBACK;

-- Several times in one statement, and in one transaction.
SELECT kafka.reset_offsets('simple', 'orders', 1), kafka.reset_offsets('simple', 'orders', 2);
BEGIN;
SELECT count(*) FROM kafka.reset_offsets('simple', 'orders', 3);
SELECT kafka.delete_offsets('simple', 'orders');
SELECT count(*) FROM kafka.reset_offsets('simple', 'orders', 4);
SELECT count(*) FROM kafka.reset_offsets('simple', 'orders', 5);
COMMIT;
SELECT topic, partition, committed_offset FROM kafka.consumer_offsets WHERE group_id = 'simple' AND topic = 'orders' ORDER BY partition;

-- A transaction that changes groups cannot be prepared: nobody would tell the broker of its commit.
BEGIN;
SELECT * FROM kafka.reset_offsets('simple', 'orders', 'latest', 1);
PREPARE TRANSACTION 'kafka';

-- Deleting.
SELECT kafka.delete_offsets('simple', 'orders', 0);
SELECT kafka.delete_offsets('simple', 'orders', 0);
SELECT topic, partition FROM kafka.consumer_offsets WHERE group_id = 'simple' ORDER BY topic, partition;
INSERT INTO kafka.consumer_offset VALUES ('simple', gen_random_uuid(), 0, 5, -1, 'of a topic that is gone', 0, -1);
SELECT kafka.delete_offsets('simple', NULL);
SELECT count(*) FROM kafka.consumer_offset WHERE group_id = 'simple';
DELETE FROM kafka.group_member WHERE group_id = 'classic';
SELECT kafka.delete_group('classic');
SELECT group_id FROM kafka.consumer_groups ORDER BY group_id;
SELECT count(*) FROM kafka.consumer_offset WHERE group_id = 'classic';

-- A grant on a view or a function is enough.
CREATE ROLE regress_kafka_groups;
GRANT USAGE ON SCHEMA kafka TO regress_kafka_groups;
SET ROLE regress_kafka_groups;
SELECT failure_of($$SELECT * FROM kafka.consumer_lag$$);
SELECT failure_of($$SELECT kafka.reset_offsets('simple', 'orders', 'latest')$$);
SELECT failure_of($$SELECT kafka.delete_group('simple')$$);
RESET ROLE;
GRANT SELECT ON kafka.consumer_lag TO regress_kafka_groups;
GRANT EXECUTE ON FUNCTION kafka.reset_offsets(text, text, text, integer), kafka.delete_group TO regress_kafka_groups;
SELECT make_group('classic', 'classic', 'consumer'), make_member('classic', 'b', '\x00010000000100066f72646572730000000100000002ffffffff') \g (format=unaligned) /dev/null
SET ROLE regress_kafka_groups;
SELECT partition, member_id FROM kafka.consumer_lag WHERE group_id = 'classic';
SELECT * FROM kafka.reset_offsets('simple', 'orders', 'latest', 1);
SELECT kafka.delete_group('simple');
RESET ROLE;
REVOKE ALL ON ALL TABLES IN SCHEMA kafka FROM regress_kafka_groups;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kafka FROM regress_kafka_groups;
REVOKE ALL ON SCHEMA kafka FROM regress_kafka_groups;
DROP ROLE regress_kafka_groups;

TRUNCATE kafka.consumer_group, kafka.group_member, kafka.consumer_offset;
SELECT kafka.delete_topic('orders'), kafka.delete_topic('events');
DELETE FROM kafka.segment;
DROP TABLE kafka.:"segment";
DROP FUNCTION failure_of, make_group, make_member, make_offset, refused_by;

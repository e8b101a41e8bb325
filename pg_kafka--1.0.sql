-- pg_kafka 1.0: the tables that hold the log, and what people and applications use of it.
--
-- Singular names are the stored rows, which the broker owns; plural names are the views to read.

\echo Use "CREATE EXTENSION pg_kafka" to load this file. \quit

-- Else functions and operators that somebody has put into the schema where extensions are created could take the place of the
-- server's own in what follows, and would then be run by whoever uses it.
SET LOCAL search_path = pg_catalog, pg_temp;

CREATE SCHEMA kafka;
COMMENT ON SCHEMA kafka IS 'Topics and records of pg_kafka, the Kafka broker inside this database';

-- ---------------------------------------------------------------------------------------------------------------
-- Stored rows
-- ---------------------------------------------------------------------------------------------------------------

CREATE TABLE kafka.cluster (
    id text NOT NULL,
    leader_epoch integer NOT NULL,
    timeline integer NOT NULL,
    system_identifier text NOT NULL,
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row)
);
COMMENT ON TABLE kafka.cluster IS 'Identity of this Kafka cluster: one row, made at the first start';
COMMENT ON COLUMN kafka.cluster.id IS 'Cluster id that clients see';
COMMENT ON COLUMN kafka.cluster.leader_epoch IS 'Leader epoch of all partitions; rises by one with each new timeline of the server';
COMMENT ON COLUMN kafka.cluster.timeline IS 'Timeline of the server on which leader_epoch was set';
COMMENT ON COLUMN kafka.cluster.system_identifier IS 'System identifier of the server on which leader_epoch was set; empty after a restore, until the broker has begun the next epoch';

CREATE TABLE kafka.topic (
    id uuid PRIMARY KEY,
    name text COLLATE "C" NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE kafka.topic IS 'One row per topic; deleting it deletes the topic';

CREATE TABLE kafka.partition (
    topic_id uuid NOT NULL REFERENCES kafka.topic ON DELETE CASCADE,
    partition integer NOT NULL CHECK (partition >= 0),
    log_start_offset bigint NOT NULL DEFAULT 0 CHECK (log_start_offset >= 0),
    PRIMARY KEY (topic_id, partition)
);
COMMENT ON TABLE kafka.partition IS 'Partitions of the topics, numbered from 0 without a gap';
COMMENT ON COLUMN kafka.partition.log_start_offset IS 'First offset that consumers may read';

CREATE TABLE kafka.topic_config (
    topic_id uuid NOT NULL REFERENCES kafka.topic ON DELETE CASCADE,
    name text COLLATE "C" NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (topic_id, name)
);
COMMENT ON TABLE kafka.topic_config IS 'Topic configs that were set; all others have their defaults';

CREATE TABLE kafka.group_config (
    group_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (group_id, name)
);
COMMENT ON TABLE kafka.group_config IS 'Configs that were set for consumer groups, whether there is such a group or not';

-- Consumer groups. The broker keeps them in memory and writes what changes. Whoever changes them by SQL uses the functions for
-- it: they keep the broker from what they change. After any other change it reads all groups again.
CREATE TABLE kafka.consumer_group (
    group_id text COLLATE "C" PRIMARY KEY,
    type text NOT NULL CHECK (type IN ('classic', 'consumer')),
    epoch integer NOT NULL,
    protocol_type text NOT NULL,
    protocol text,
    leader text,
    state_ms bigint NOT NULL,
    assignment_epoch integer NOT NULL,
    metadata_hash bigint NOT NULL
);
COMMENT ON TABLE kafka.consumer_group IS 'Consumer groups as last stored: with the first offset, at each new generation or epoch, and when a group becomes empty';
COMMENT ON COLUMN kafka.consumer_group.type IS 'Protocol: classic, or consumer (KIP-848)';
COMMENT ON COLUMN kafka.consumer_group.epoch IS 'Generation of a classic group, epoch of a consumer group';
COMMENT ON COLUMN kafka.consumer_group.protocol_type IS 'What the members of a classic group are, such as consumer or connect; empty if there never were any';
COMMENT ON COLUMN kafka.consumer_group.protocol IS 'The protocol, such as an assignor, that the members of a classic group agreed on';
COMMENT ON COLUMN kafka.consumer_group.leader IS 'Member id of the leader of a classic group';
COMMENT ON COLUMN kafka.consumer_group.state_ms IS 'When a classic group got its generation, a consumer group its first member, or either became empty, milliseconds since 1970';
COMMENT ON COLUMN kafka.consumer_group.assignment_epoch IS 'Epoch of the target assignment of a consumer group';
COMMENT ON COLUMN kafka.consumer_group.metadata_hash IS 'Hash of the topics that a consumer group subscribes to';

CREATE TABLE kafka.group_member (
    group_id text COLLATE "C" NOT NULL,
    member_id text COLLATE "C" NOT NULL,
    instance_id text,
    rack_id text,
    client_id text NOT NULL,
    client_host text NOT NULL,
    session_timeout_ms integer NOT NULL,
    rebalance_timeout_ms integer NOT NULL,
    protocols text[],
    metadata_sizes integer[],
    metadata bytea,
    assignment bytea,
    topics text[],
    topic_regex text,
    assignor text,
    epoch integer,
    previous_epoch integer,
    assigned_topics uuid[], assigned_partitions integer[],
    revoked_topics uuid[], revoked_partitions integer[],
    target_topics uuid[], target_partitions integer[],
    PRIMARY KEY (group_id, member_id),
    -- One row that it cannot read keeps the broker from all groups. Of two arrays that belong together each has as many elements
    -- that are not null as the other has elements.
    CONSTRAINT group_member_kind CHECK (protocols IS NOT NULL OR topics IS NOT NULL),
    CONSTRAINT group_member_classic CHECK (pg_catalog.num_nulls(protocols, metadata_sizes, metadata, assignment) IN (0, 4)),
    CONSTRAINT group_member_consumer CHECK (pg_catalog.num_nulls(topics, epoch, previous_epoch, assigned_topics, assigned_partitions,
        revoked_topics, revoked_partitions, target_topics, target_partitions) IN (0, 9)),
    CONSTRAINT group_member_protocols CHECK (protocols <> '{}'
        AND pg_catalog.num_nonnulls(VARIADIC protocols) = pg_catalog.cardinality(metadata_sizes)
        AND pg_catalog.num_nonnulls(VARIADIC metadata_sizes) = pg_catalog.cardinality(protocols)),
    CONSTRAINT group_member_topics CHECK (pg_catalog.num_nulls(VARIADIC topics) = 0),
    CONSTRAINT group_member_partitions CHECK (
            pg_catalog.num_nonnulls(VARIADIC assigned_topics) = pg_catalog.cardinality(assigned_partitions)
        AND pg_catalog.num_nonnulls(VARIADIC assigned_partitions) = pg_catalog.cardinality(assigned_topics)
        AND pg_catalog.num_nonnulls(VARIADIC revoked_topics) = pg_catalog.cardinality(revoked_partitions)
        AND pg_catalog.num_nonnulls(VARIADIC revoked_partitions) = pg_catalog.cardinality(revoked_topics)
        AND pg_catalog.num_nonnulls(VARIADIC target_topics) = pg_catalog.cardinality(target_partitions)
        AND pg_catalog.num_nonnulls(VARIADIC target_partitions) = pg_catalog.cardinality(target_topics))
);
COMMENT ON TABLE kafka.group_member IS 'Members of consumer groups; what only one of the protocols has is null in members of the other. Those that speak the classic protocol in a group of the other have both';
COMMENT ON COLUMN kafka.group_member.instance_id IS 'Of a static member (KIP-345)';
COMMENT ON COLUMN kafka.group_member.protocols IS 'Classic: protocols that the member can take part in, the preferred one first';
COMMENT ON COLUMN kafka.group_member.metadata_sizes IS 'Classic: bytes of metadata of each of the protocols';
COMMENT ON COLUMN kafka.group_member.metadata IS 'Classic: metadata of the protocols, one behind the other';
COMMENT ON COLUMN kafka.group_member.assignment IS 'Classic: what the leader assigned to the member; empty in a consumer group, which has no leader';
COMMENT ON COLUMN kafka.group_member.topics IS 'Consumer: topics subscribed to by name';
COMMENT ON COLUMN kafka.group_member.assigned_topics IS 'Consumer: topic of each partition in assigned_partitions, which the member may have at its epoch';
COMMENT ON COLUMN kafka.group_member.revoked_topics IS 'Consumer: the same for revoked_partitions, which it has to give up first';
COMMENT ON COLUMN kafka.group_member.target_topics IS 'Consumer: the same for target_partitions, which it gets in the end';

-- No foreign key: a commit must not wait for a transaction that deletes the topic. The broker removes what is left, at the latest
-- ten minutes after it has started.
CREATE TABLE kafka.consumer_offset (
    group_id text COLLATE "C" NOT NULL,
    topic_id uuid NOT NULL,
    partition integer NOT NULL,
    committed_offset bigint NOT NULL,
    leader_epoch integer NOT NULL,
    metadata text NOT NULL,
    commit_ms bigint NOT NULL,
    expire_ms bigint NOT NULL,
    PRIMARY KEY (group_id, topic_id, partition)
) WITH (fillfactor = 50);
CREATE INDEX ON kafka.consumer_offset (topic_id, partition, group_id);
COMMENT ON TABLE kafka.consumer_offset IS 'Offsets that groups have committed';
COMMENT ON COLUMN kafka.consumer_offset.committed_offset IS 'Offset of the next record to be read';
COMMENT ON COLUMN kafka.consumer_offset.leader_epoch IS 'Leader epoch of the last record that was read; -1: not known';
COMMENT ON COLUMN kafka.consumer_offset.metadata IS 'Whatever the consumer stored beside the offset';
COMMENT ON COLUMN kafka.consumer_offset.commit_ms IS 'When it was committed, milliseconds since 1970';
COMMENT ON COLUMN kafka.consumer_offset.expire_ms IS 'When it expires, if the request said so; -1: pg_kafka.offsets_retention_minutes after the commit, or after the last member of a classic group has left. Not while members subscribe to the topic';

-- No foreign key: a segment outlives its topic until the janitor has dropped its table.
CREATE TABLE kafka.segment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic_id uuid NOT NULL,
    start_offsets bigint[] NOT NULL,
    max_timestamps bigint[],
    created_ms bigint NOT NULL,
    bytes bigint[],
    compacted_ms bigint
);
CREATE INDEX ON kafka.segment (topic_id, id);
COMMENT ON TABLE kafka.segment IS 'Segments of the log: the batches of one topic for a span of time or size, in the table kafka.segment_<id>';
COMMENT ON COLUMN kafka.segment.start_offsets IS 'By partition: the next offset when the segment was made';
COMMENT ON COLUMN kafka.segment.max_timestamps IS 'By partition: the largest timestamp in the segment, -1 if it has no record; null while batches are still added';
COMMENT ON COLUMN kafka.segment.created_ms IS 'When the segment was made, milliseconds since 1970';
COMMENT ON COLUMN kafka.segment.bytes IS 'By partition: size of its batches; null while batches are still added';
COMMENT ON COLUMN kafka.segment.compacted_ms IS 'When compaction last went over the segment, milliseconds since 1970; null if it has not';

-- Never holds a row: each segment's table is made like it.
CREATE TABLE kafka.batch (
    partition integer NOT NULL,
    leader_epoch integer NOT NULL,
    base_offset bigint NOT NULL,
    last_offset bigint NOT NULL,
    max_timestamp bigint NOT NULL,
    bytes bigint NOT NULL,
    piece integer NOT NULL,
    data bytea NOT NULL,
    PRIMARY KEY (partition, last_offset, piece)
);
ALTER TABLE kafka.batch ALTER COLUMN data SET STORAGE PLAIN; -- no TOAST table: batches come compressed, and in pieces
COMMENT ON TABLE kafka.batch IS 'The shape of a segment''s table: record batches as the producer sent them, in one row or, over several pages, in several';
COMMENT ON COLUMN kafka.batch.leader_epoch IS 'Leader epoch in which the batch was appended';
COMMENT ON COLUMN kafka.batch.last_offset IS 'The batch that holds offset X is the first with last_offset >= X';
COMMENT ON COLUMN kafka.batch.max_timestamp IS 'Largest timestamp of the partition in this segment up to this batch, so that it never falls and can be searched by halves';
COMMENT ON COLUMN kafka.batch.bytes IS 'Size of the partition''s batches in this segment, this one included, so that the last one tells that of all';
COMMENT ON COLUMN kafka.batch.piece IS 'Number of the row among those of its batch, from 0; the other columns but data are the same in all of them';
COMMENT ON COLUMN kafka.batch.data IS 'Kafka record batch, format 2, as it is sent to consumers; or a piece of it';

-- No foreign keys: what is left of a topic goes with its segments.
CREATE TABLE kafka.producer (
    topic_id uuid NOT NULL,
    partition integer NOT NULL CHECK (partition >= 0),
    producer_id bigint NOT NULL CHECK (producer_id >= 0),
    epoch integer NOT NULL CHECK (epoch BETWEEN -32768 AND 32767),
    coordinator_epoch integer NOT NULL,
    first_sequences integer[] NOT NULL,
    last_sequences integer[] NOT NULL,
    base_offsets bigint[] NOT NULL,
    timestamps bigint[] NOT NULL,
    last_timestamp bigint NOT NULL,
    appended_ms bigint NOT NULL,
    PRIMARY KEY (topic_id, partition, producer_id),
    -- Each as many elements that are not null as the next has elements.
    CONSTRAINT producer_batches CHECK (
            pg_catalog.num_nonnulls(VARIADIC first_sequences) = pg_catalog.cardinality(last_sequences)
        AND pg_catalog.num_nonnulls(VARIADIC last_sequences) = pg_catalog.cardinality(base_offsets)
        AND pg_catalog.num_nonnulls(VARIADIC base_offsets) = pg_catalog.cardinality(timestamps)
        AND pg_catalog.num_nonnulls(VARIADIC timestamps) = pg_catalog.cardinality(first_sequences)
        AND pg_catalog.cardinality(first_sequences) <= 5)
) WITH (fillfactor = 70);
COMMENT ON TABLE kafka.producer IS 'Idempotent producers of a partition as they were at the offset that kafka.producer_snapshot says; the batches after it tell the rest';
COMMENT ON COLUMN kafka.producer.coordinator_epoch IS 'Of the marker that ended its last transaction in the partition; -1: there was none';
COMMENT ON COLUMN kafka.producer.first_sequences IS 'Of its last batches, at most five, the oldest first: sequence of the first record';
COMMENT ON COLUMN kafka.producer.last_sequences IS 'Of the same batches: sequence of the last record';
COMMENT ON COLUMN kafka.producer.base_offsets IS 'Of the same batches: offset of the first record';
COMMENT ON COLUMN kafka.producer.timestamps IS 'Of the same batches: largest timestamp, milliseconds since 1970';
COMMENT ON COLUMN kafka.producer.last_timestamp IS 'Of its last batch or marker, milliseconds since 1970';
COMMENT ON COLUMN kafka.producer.appended_ms IS 'When it last appended, milliseconds since 1970; pg_kafka.producer_id_expiration_ms later it is forgotten';

CREATE TABLE kafka.producer_snapshot (
    topic_id uuid PRIMARY KEY,
    offsets bigint[] NOT NULL
        CONSTRAINT producer_snapshot_offsets CHECK (pg_catalog.num_nulls(VARIADIC offsets) = 0 AND 0 <= ALL (offsets))
) WITH (fillfactor = 50);
COMMENT ON TABLE kafka.producer_snapshot IS 'Up to where kafka.producer is complete';
COMMENT ON COLUMN kafka.producer_snapshot.offsets IS 'By partition: the offset after the last batch that is taken into account; 0 for those that are not named';

-- The broker keeps all of them in memory, reads all again after a change by SQL, and mends what it cannot have written.
CREATE TABLE kafka.transaction (
    transactional_id text COLLATE "C" PRIMARY KEY,
    producer_id bigint NOT NULL,
    epoch integer NOT NULL,
    last_epoch integer NOT NULL,
    previous_producer_id bigint NOT NULL,
    timeout_ms integer NOT NULL,
    state text NOT NULL CHECK (state IN ('Empty', 'Ongoing', 'CompleteCommit', 'CompleteAbort')),
    topics uuid[] NOT NULL,
    partitions integer[] NOT NULL,
    first_offsets bigint[] NOT NULL,
    groups text[] NOT NULL,
    start_ms bigint NOT NULL,
    update_ms bigint NOT NULL,
    -- Few and cheap: they are looked at whenever a transaction begins to write somewhere, or ends.
    CONSTRAINT transaction_producer CHECK (producer_id >= 0 AND epoch BETWEEN 0 AND 32766 AND timeout_ms > 0),
    CONSTRAINT transaction_partitions CHECK (
            pg_catalog.num_nonnulls(VARIADIC topics) = pg_catalog.cardinality(partitions)
        AND pg_catalog.num_nonnulls(VARIADIC partitions) = pg_catalog.cardinality(first_offsets)
        AND pg_catalog.num_nonnulls(VARIADIC first_offsets) = pg_catalog.cardinality(topics)),
    CONSTRAINT transaction_groups CHECK (pg_catalog.num_nulls(VARIADIC groups) = 0),
    -- As far as kafka.transactions can show them: to_timestamp() ends in the year 294276.
    CONSTRAINT transaction_times CHECK (start_ms BETWEEN -1 AND 9000000000000000 AND update_ms BETWEEN 0 AND 9000000000000000)
) WITH (fillfactor = 50);
COMMENT ON TABLE kafka.transaction IS 'Transactional ids, with the transaction that each has open or had last';
COMMENT ON COLUMN kafka.transaction.epoch IS 'Of the producer; whoever comes with a lower one is fenced';
COMMENT ON COLUMN kafka.transaction.last_epoch IS 'What the producer may still come with, as it has not heard of its epoch (KIP-360); -1: nothing';
COMMENT ON COLUMN kafka.transaction.previous_producer_id IS 'The same where the producer id was new, too';
COMMENT ON COLUMN kafka.transaction.timeout_ms IS 'After which an open transaction is aborted';
COMMENT ON COLUMN kafka.transaction.topics IS 'Of the open transaction: topic of each partition in partitions';
COMMENT ON COLUMN kafka.transaction.first_offsets IS 'Of the same partitions: the first offset that it has written; -1: none yet';
COMMENT ON COLUMN kafka.transaction.groups IS 'Consumer groups that the open transaction may commit offsets of';
COMMENT ON COLUMN kafka.transaction.start_ms IS 'When the transaction began, milliseconds since 1970; -1: there was none';
COMMENT ON COLUMN kafka.transaction.update_ms IS 'When the row last changed, milliseconds since 1970';

CREATE TABLE kafka.pending_offset (
    transactional_id text COLLATE "C" NOT NULL,
    group_id text COLLATE "C" NOT NULL,
    topic_id uuid NOT NULL,
    partition integer NOT NULL CHECK (partition >= 0),
    committed_offset bigint NOT NULL,
    leader_epoch integer NOT NULL,
    metadata text NOT NULL,
    commit_ms bigint NOT NULL,
    number bigint NOT NULL CHECK (number >= 0),
    PRIMARY KEY (transactional_id, group_id, topic_id, partition)
);
COMMENT ON TABLE kafka.pending_offset IS 'Offsets that open transactions will have committed for groups';
COMMENT ON COLUMN kafka.pending_offset.number IS 'In the order in which they came, over all transactions: a later one holds';

CREATE TABLE kafka.aborted_transaction (
    topic_id uuid NOT NULL,
    partition integer NOT NULL CHECK (partition >= 0),
    last_offset bigint NOT NULL CHECK (last_offset >= 0),
    producer_id bigint NOT NULL CHECK (producer_id >= 0),
    first_offset bigint NOT NULL CHECK (first_offset >= 0),
    last_stable_offset bigint NOT NULL CHECK (last_stable_offset >= 0),
    PRIMARY KEY (topic_id, partition, last_offset)
);
COMMENT ON TABLE kafka.aborted_transaction IS 'What producers have written to partitions in transactions that were aborted';
COMMENT ON COLUMN kafka.aborted_transaction.last_offset IS 'Offset of the marker that says so';
COMMENT ON COLUMN kafka.aborted_transaction.first_offset IS 'Offset of the first record';
COMMENT ON COLUMN kafka.aborted_transaction.last_stable_offset IS 'Whatever was aborted later begins there or above';

CREATE SEQUENCE kafka.producer_id_seq MINVALUE 0 INCREMENT BY 1000 NO CYCLE;
COMMENT ON SEQUENCE kafka.producer_id_seq IS 'Ids for producers, which the broker takes in blocks; should it be set back, the broker sets it to after all that it knows of';

-- Dumped with their rows.
SELECT pg_catalog.pg_extension_config_dump('kafka.cluster', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.topic', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.partition', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.topic_config', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.group_config', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.consumer_group', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.group_member', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.consumer_offset', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.segment', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.segment_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.producer', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.producer_snapshot', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.producer_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.transaction', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.pending_offset', '');
SELECT pg_catalog.pg_extension_config_dump('kafka.aborted_transaction', '');

-- The broker keeps all of the catalog, and transactions, in memory: whatever changes these by SQL makes the broker read them again,
-- also what is applied with session_replication_role = replica.
CREATE FUNCTION kafka.catalog_changed() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'pg_kafka_catalog_changed';
COMMENT ON FUNCTION kafka.catalog_changed() IS 'Tells the broker, when the transaction commits, that its catalog, or what it knows of transactions, has changed';

CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.cluster
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.catalog_changed();
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.topic
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.catalog_changed();
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.partition
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.catalog_changed();
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.topic_config
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.catalog_changed();
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.group_config
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.catalog_changed();
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.segment
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.catalog_changed();
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.producer
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.catalog_changed();
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.producer_snapshot
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.catalog_changed();
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.transaction
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.catalog_changed();
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.pending_offset
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.catalog_changed();
CREATE TRIGGER catalog_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.aborted_transaction
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.catalog_changed();
ALTER TABLE kafka.cluster ENABLE ALWAYS TRIGGER catalog_changed;
ALTER TABLE kafka.topic ENABLE ALWAYS TRIGGER catalog_changed;
ALTER TABLE kafka.partition ENABLE ALWAYS TRIGGER catalog_changed;
ALTER TABLE kafka.topic_config ENABLE ALWAYS TRIGGER catalog_changed;
ALTER TABLE kafka.group_config ENABLE ALWAYS TRIGGER catalog_changed;
ALTER TABLE kafka.segment ENABLE ALWAYS TRIGGER catalog_changed;
ALTER TABLE kafka.producer ENABLE ALWAYS TRIGGER catalog_changed;
ALTER TABLE kafka.producer_snapshot ENABLE ALWAYS TRIGGER catalog_changed;
ALTER TABLE kafka.transaction ENABLE ALWAYS TRIGGER catalog_changed;
ALTER TABLE kafka.pending_offset ENABLE ALWAYS TRIGGER catalog_changed;
ALTER TABLE kafka.aborted_transaction ENABLE ALWAYS TRIGGER catalog_changed;

-- Groups, for example when a dump is restored while the broker runs.
CREATE FUNCTION kafka.groups_changed() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'pg_kafka_groups_changed';
COMMENT ON FUNCTION kafka.groups_changed() IS 'Tells the broker, when the transaction commits, that groups have changed';

CREATE TRIGGER groups_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.consumer_group
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.groups_changed();
CREATE TRIGGER groups_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.group_member
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.groups_changed();
CREATE TRIGGER groups_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON kafka.consumer_offset
    FOR EACH STATEMENT EXECUTE FUNCTION kafka.groups_changed();
ALTER TABLE kafka.consumer_group ENABLE ALWAYS TRIGGER groups_changed;
ALTER TABLE kafka.group_member ENABLE ALWAYS TRIGGER groups_changed;
ALTER TABLE kafka.consumer_offset ENABLE ALWAYS TRIGGER groups_changed;

-- The broker writes its row as soon as there is an extension, a restore brings another: that takes its place.
CREATE FUNCTION kafka.cluster_restored() RETURNS trigger
    LANGUAGE c AS 'MODULE_PATHNAME', 'pg_kafka_cluster_restored';
COMMENT ON FUNCTION kafka.cluster_restored() IS 'Lets the row of a dump take the place of the one that the broker has written';

CREATE TRIGGER cluster_restored BEFORE INSERT ON kafka.cluster
    FOR EACH ROW EXECUTE FUNCTION kafka.cluster_restored();
ALTER TABLE kafka.cluster ENABLE ALWAYS TRIGGER cluster_restored;

-- ---------------------------------------------------------------------------------------------------------------
-- For people and applications: functions, and views that decode the log. To be granted as wanted; a grant on a
-- function or view is enough, the stored rows behind it stay closed.
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION kafka.create_topic(name text, partitions integer DEFAULT NULL, config jsonb DEFAULT '{}') RETURNS uuid
    LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pg_kafka_create_topic';
COMMENT ON FUNCTION kafka.create_topic(text, integer, jsonb) IS
    'Creates a topic and returns its id; partitions: default pg_kafka.default_partitions, config: topic configs by name';

CREATE FUNCTION kafka.alter_topic(name text, config jsonb) RETURNS void
    LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pg_kafka_alter_topic';
COMMENT ON FUNCTION kafka.alter_topic(text, jsonb) IS
    'Sets the topic configs that are given, by name; those that are null get their defaults, all others stay';

CREATE FUNCTION kafka.add_partitions(name text, total integer) RETURNS void
    LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pg_kafka_add_partitions';
COMMENT ON FUNCTION kafka.add_partitions(text, integer) IS 'Adds partitions to a topic, so that it has so many in all';

CREATE FUNCTION kafka.delete_records(topic text, partition integer, before_offset bigint DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pg_kafka_delete_records';
COMMENT ON FUNCTION kafka.delete_records(text, integer, bigint) IS
    'Deletes the records of a partition before an offset, by default all of them, and returns the offset where it now begins';

CREATE FUNCTION kafka.delete_topic(name text) RETURNS void
    LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pg_kafka_delete_topic';
COMMENT ON FUNCTION kafka.delete_topic(text) IS 'Deletes a topic with all of its records';

CREATE VIEW kafka.topics AS
SELECT t.name,
       t.id,
       (SELECT pg_catalog.count(*)::integer FROM kafka.partition p WHERE p.topic_id = t.id) AS partitions,
       COALESCE((SELECT pg_catalog.jsonb_object_agg(c.name, c.value) FROM kafka.topic_config c WHERE c.topic_id = t.id),
                '{}') AS config,
       t.created_at
  FROM kafka.topic t;
COMMENT ON VIEW kafka.topics IS 'Topics, one row each';
COMMENT ON COLUMN kafka.topics.name IS 'Name of the topic';
COMMENT ON COLUMN kafka.topics.id IS 'Topic id, as clients see it';
COMMENT ON COLUMN kafka.topics.partitions IS 'Number of partitions';
COMMENT ON COLUMN kafka.topics.config IS 'Topic configs that were set; all others have their defaults';
COMMENT ON COLUMN kafka.topics.created_at IS 'When the topic was created';

CREATE FUNCTION kafka.topic_config_keys(
    OUT name text, OUT type text, OUT "default" text, OUT source text, OUT has_effect boolean, OUT documentation text
) RETURNS SETOF record
    LANGUAGE c STABLE ROWS 33 AS 'MODULE_PATHNAME', 'pg_kafka_topic_config_keys';
COMMENT ON FUNCTION kafka.topic_config_keys() IS 'Behind kafka.topic_configs';

CREATE VIEW kafka.topic_configs AS
SELECT t.name AS topic, k.name, COALESCE(c.value, k."default") AS value,
       CASE WHEN c.value IS NULL THEN k.source ELSE 'topic' END AS source, k."default", k.type, k.has_effect, k.documentation
  FROM kafka.topic t
 CROSS JOIN kafka.topic_config_keys() k
  LEFT JOIN kafka.topic_config c ON c.topic_id = t.id AND c.name = k.name;
COMMENT ON VIEW kafka.topic_configs IS 'Every config of every topic; kafka.alter_topic() changes them';
COMMENT ON COLUMN kafka.topic_configs.topic IS 'Name of the topic';
COMMENT ON COLUMN kafka.topic_configs.name IS 'Name of the config, which is that of Kafka';
COMMENT ON COLUMN kafka.topic_configs.value IS 'What holds for the topic';
COMMENT ON COLUMN kafka.topic_configs.source IS 'Who says so: topic, where it was set for this one; setting, for all topics; default';
COMMENT ON COLUMN kafka.topic_configs."default" IS 'What holds for topics where it was not set';
COMMENT ON COLUMN kafka.topic_configs.type IS 'Type of the value, as Kafka calls it';
COMMENT ON COLUMN kafka.topic_configs.has_effect IS 'Whether it does anything here; otherwise it is kept, and shown to whoever asks';
COMMENT ON COLUMN kafka.topic_configs.documentation IS 'What it means';

CREATE TYPE kafka.header AS (key text, value bytea);
COMMENT ON TYPE kafka.header IS 'One header of a record';

CREATE FUNCTION kafka.log_handler() RETURNS fdw_handler
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'pg_kafka_fdw_handler';
COMMENT ON FUNCTION kafka.log_handler() IS 'Foreign data wrapper that reads the log';

CREATE FUNCTION kafka.log_validator(options text[], catalog oid) RETURNS void
    LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'pg_kafka_fdw_validator';
COMMENT ON FUNCTION kafka.log_validator(text[], oid) IS 'Checks the options of tables of the foreign data wrapper pg_kafka';

CREATE FOREIGN DATA WRAPPER pg_kafka HANDLER kafka.log_handler VALIDATOR kafka.log_validator;
COMMENT ON FOREIGN DATA WRAPPER pg_kafka IS 'Reads the log of pg_kafka in this database';

CREATE SERVER pg_kafka FOREIGN DATA WRAPPER pg_kafka;
COMMENT ON SERVER pg_kafka IS 'The log of pg_kafka in this database';

CREATE FOREIGN TABLE kafka.partition_end (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    log_start_offset bigint NOT NULL,
    last_stable_offset bigint NOT NULL,
    high_watermark bigint NOT NULL
) SERVER pg_kafka OPTIONS (rows 'partitions');
COMMENT ON FOREIGN TABLE kafka.partition_end IS 'Behind kafka.partitions: where each partition ends, found by one index probe';

CREATE VIEW kafka.partitions AS
SELECT e.topic, e.partition, e.log_start_offset, e.last_stable_offset, e.high_watermark,
       (SELECT c.leader_epoch FROM kafka.cluster c) AS leader_epoch
  FROM kafka.partition_end e;
COMMENT ON VIEW kafka.partitions IS 'Partitions of all topics, one row each';
COMMENT ON COLUMN kafka.partitions.topic IS 'Name of the topic';
COMMENT ON COLUMN kafka.partitions.partition IS 'Number of the partition, from 0';
COMMENT ON COLUMN kafka.partitions.log_start_offset IS 'First offset that consumers may read';
COMMENT ON COLUMN kafka.partitions.last_stable_offset IS 'Where the first open transaction has begun to write, or else the high watermark: consumers with isolation.level=read_committed, and kafka.messages, read up to there';
COMMENT ON COLUMN kafka.partitions.high_watermark IS 'Next offset after the last record';
COMMENT ON COLUMN kafka.partitions.leader_epoch IS 'Leader epoch; null before the broker has started for the first time';

CREATE VIEW kafka.segments AS
SELECT t.name AS topic, s.id AS segment, r.relation AS "table", s.start_offsets,
       s.max_timestamps IS NOT NULL AS closed,
       COALESCE((SELECT pg_catalog.sum(p.bytes)::bigint FROM pg_catalog.unnest(s.bytes) AS p(bytes)), pg_catalog.pg_table_size(r.relation)) AS bytes,
       pg_catalog.pg_total_relation_size(r.relation) AS disk_bytes,
       pg_catalog.to_timestamp(s.created_ms / 1000.0) AS created_at,
       (SELECT CASE WHEN pg_catalog.max(m.ms) > 9e15 THEN 'infinity' ELSE pg_catalog.to_timestamp(NULLIF(pg_catalog.max(m.ms), -1) / 1000.0) END
          FROM pg_catalog.unnest(s.max_timestamps) AS m(ms)) AS newest_at,
       pg_catalog.to_timestamp(s.compacted_ms / 1000.0) AS compacted_at
  FROM kafka.segment s
  LEFT JOIN kafka.topic t ON t.id = s.topic_id,
       LATERAL pg_catalog.to_regclass('kafka.segment_' || s.id) AS r(relation);
COMMENT ON VIEW kafka.segments IS 'Segments of the log, one row each: the batches of a topic, of all its partitions, for a span of time or size. Retention deletes, and compaction rewrites, a segment as a whole';
COMMENT ON COLUMN kafka.segments.topic IS 'Name of the topic; null if it is deleted and the table not dropped yet';
COMMENT ON COLUMN kafka.segments.segment IS 'Number of the segment; those of a topic follow each other in this order';
COMMENT ON COLUMN kafka.segments."table" IS 'Table that holds its batches; null if somebody has dropped it';
COMMENT ON COLUMN kafka.segments.start_offsets IS 'By partition, from 0: the first offset that the segment may hold; 0 for partitions that are not named';
COMMENT ON COLUMN kafka.segments.closed IS 'Whether no batch is added any more';
COMMENT ON COLUMN kafka.segments.bytes IS 'Size of its batches; while batches are added, that of the table';
COMMENT ON COLUMN kafka.segments.disk_bytes IS 'What the table and its index take on disk';
COMMENT ON COLUMN kafka.segments.created_at IS 'When the segment was made';
COMMENT ON COLUMN kafka.segments.newest_at IS 'Largest timestamp of its records, from which retention.ms counts, infinity for one that PostgreSQL has no name for; null if it has none, or batches are added';
COMMENT ON COLUMN kafka.segments.compacted_at IS 'When compaction last went over it; null if it has not';

CREATE VIEW kafka.consumer_groups AS
SELECT g.group_id, g.type, g.protocol_type, g.protocol, g.epoch,
       (SELECT pg_catalog.count(*)::integer FROM kafka.group_member m WHERE m.group_id = g.group_id) AS members,
       pg_catalog.to_timestamp(g.state_ms / 1000.0) AS since
  FROM kafka.consumer_group g;
COMMENT ON VIEW kafka.consumer_groups IS
    'Consumer groups, one row each, as last stored: a rebalance that is under way is not shown';
COMMENT ON COLUMN kafka.consumer_groups.group_id IS 'Name of the group';
COMMENT ON COLUMN kafka.consumer_groups.type IS 'Protocol: classic, or consumer (KIP-848)';
COMMENT ON COLUMN kafka.consumer_groups.protocol_type IS 'What the members of a classic group are, such as consumer or connect; empty if there never were any';
COMMENT ON COLUMN kafka.consumer_groups.protocol IS 'The assignor or other protocol that the members of a classic group agreed on; null without members';
COMMENT ON COLUMN kafka.consumer_groups.epoch IS 'Generation of a classic group, epoch of a consumer group';
COMMENT ON COLUMN kafka.consumer_groups.members IS 'Number of members';
COMMENT ON COLUMN kafka.consumer_groups.since IS 'When the members of a classic group got their present partitions, when the first member of a consumer group came, or when the last member left';

CREATE VIEW kafka.consumer_offsets AS
SELECT o.group_id, t.name AS topic, o.partition, o.committed_offset, o.leader_epoch, o.metadata,
       pg_catalog.to_timestamp(o.commit_ms / 1000.0) AS committed_at
  FROM kafka.consumer_offset o JOIN kafka.topic t ON t.id = o.topic_id;
COMMENT ON VIEW kafka.consumer_offsets IS 'How far groups have read, one row for each group and partition';
COMMENT ON COLUMN kafka.consumer_offsets.group_id IS 'Name of the group';
COMMENT ON COLUMN kafka.consumer_offsets.topic IS 'Name of the topic';
COMMENT ON COLUMN kafka.consumer_offsets.partition IS 'Number of the partition, from 0';
COMMENT ON COLUMN kafka.consumer_offsets.committed_offset IS 'Offset of the next record to be read';
COMMENT ON COLUMN kafka.consumer_offsets.leader_epoch IS 'Leader epoch of the last record that was read; -1: not known';
COMMENT ON COLUMN kafka.consumer_offsets.metadata IS 'Whatever the consumer stored beside the offset';
COMMENT ON COLUMN kafka.consumer_offsets.committed_at IS 'When it was committed';

CREATE FUNCTION kafka.assigned_partitions(assignment bytea, OUT topic text, OUT partition integer) RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 10 AS 'MODULE_PATHNAME', 'pg_kafka_assigned_partitions';
COMMENT ON FUNCTION kafka.assigned_partitions(bytea) IS
    'The partitions in an assignment of the classic protocol, as the leader of a group of consumers sent it; no rows for other bytes';

-- Each partition is looked up in partition_end, so that the log is not read, however long it is.
CREATE VIEW kafka.consumer_lag AS
SELECT p.group_id, t.name AS topic, p.partition, p.committed_offset, e.high_watermark AS end_offset,
       e.high_watermark - p.committed_offset AS lag, p.member_id, p.client_id, p.client_host
  FROM ((SELECT m.group_id, t.id AS topic_id, a.partition, m.member_id, m.client_id, m.client_host
           FROM kafka.consumer_group g
           JOIN kafka.group_member m ON m.group_id = g.group_id
          CROSS JOIN LATERAL kafka.assigned_partitions(m.assignment) a
           JOIN kafka.topic t ON t.name = a.topic
          WHERE g.type = 'classic' AND g.protocol_type = 'consumer'
          UNION ALL
         SELECT m.group_id, a.topic_id, a.partition, m.member_id, m.client_id, m.client_host
           FROM kafka.group_member m
          CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(m.assigned_topics), pg_catalog.unnest(m.assigned_partitions))
                AS a(topic_id, partition)) AS owned
        FULL JOIN kafka.consumer_offset USING (group_id, topic_id, partition)) AS p
  JOIN kafka.topic t ON t.id = p.topic_id
  JOIN kafka.partition_end e ON e.topic = t.name AND e.partition = p.partition;
COMMENT ON VIEW kafka.consumer_lag IS
    'How far groups are behind the log, one row for each partition that a group has committed an offset for or assigned to a member';
COMMENT ON COLUMN kafka.consumer_lag.group_id IS 'Name of the group';
COMMENT ON COLUMN kafka.consumer_lag.topic IS 'Name of the topic';
COMMENT ON COLUMN kafka.consumer_lag.partition IS 'Number of the partition, from 0';
COMMENT ON COLUMN kafka.consumer_lag.committed_offset IS 'Offset of the next record to be read; null if the group has committed none';
COMMENT ON COLUMN kafka.consumer_lag.end_offset IS 'Next offset after the last record';
COMMENT ON COLUMN kafka.consumer_lag.lag IS 'Records that are still to be read: the difference of both offsets; null without a committed one';
COMMENT ON COLUMN kafka.consumer_lag.member_id IS
    'Member that the partition is assigned to, as last stored; null if there is none, or none of a group of consumers';
COMMENT ON COLUMN kafka.consumer_lag.client_id IS 'client.id of that member';
COMMENT ON COLUMN kafka.consumer_lag.client_host IS 'Address of that member, as Kafka shows it, with a slash before it';

-- One name for four ways to say where to. All of them return the new offsets.
CREATE FUNCTION kafka.reset_offsets(group_id text, INOUT topic text, to_position text, INOUT partition integer DEFAULT NULL,
                                    OUT committed_offset bigint) RETURNS SETOF record
    LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pg_kafka_reset_offsets_to_position';
COMMENT ON FUNCTION kafka.reset_offsets(text, text, text, integer) IS
    'Sets what a group without members has committed to where a topic, or one of its partitions, begins (''earliest'') or ends (''latest''); topic null: all partitions that the group has committed';

CREATE FUNCTION kafka.reset_offsets(group_id text, INOUT topic text, to_offset bigint, INOUT partition integer DEFAULT NULL,
                                    OUT committed_offset bigint) RETURNS SETOF record
    LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pg_kafka_reset_offsets_to_offset';
COMMENT ON FUNCTION kafka.reset_offsets(text, text, bigint, integer) IS
    'The same, to an offset, or to the nearest that is within the log';

CREATE FUNCTION kafka.reset_offsets(group_id text, INOUT topic text, to_timestamp timestamptz, INOUT partition integer DEFAULT NULL,
                                    OUT committed_offset bigint) RETURNS SETOF record
    LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pg_kafka_reset_offsets_to_timestamp';
COMMENT ON FUNCTION kafka.reset_offsets(text, text, timestamptz, integer) IS
    'The same, to the first record of that time or later, or to the end if there is none';

CREATE FUNCTION kafka.delete_offsets(group_id text, topic text, partition integer DEFAULT NULL) RETURNS bigint
    LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pg_kafka_delete_offsets';
COMMENT ON FUNCTION kafka.delete_offsets(text, text, integer) IS
    'Removes what a group without members has committed for a topic or one of its partitions (topic null: everything) and returns how many offsets that were';

CREATE FUNCTION kafka.delete_group(group_id text) RETURNS void
    LANGUAGE c VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'pg_kafka_delete_group';
COMMENT ON FUNCTION kafka.delete_group(text) IS 'Removes a group without members, with what it has committed';

CREATE FOREIGN TABLE kafka.message (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    "timestamp" timestamptz,
    key bytea,
    value bytea,
    headers kafka.header[] NOT NULL
) SERVER pg_kafka OPTIONS (rows 'messages');
COMMENT ON FOREIGN TABLE kafka.message IS 'Behind kafka.messages: decodes the record batches in the segments';

CREATE VIEW kafka.messages AS
SELECT topic, partition, "offset", "timestamp", key, value, headers FROM kafka.message;
COMMENT ON VIEW kafka.messages IS
    'Records of all topics, one row each, as consumers with isolation.level=read_committed see them: without records of aborted transactions, control records, and, in each partition, whatever comes at or after the first record of a transaction that is still open. kafka.log shows these, too. Conditions on topic, partition, offset and a lower bound of timestamp limit what is read';
COMMENT ON COLUMN kafka.messages.topic IS 'Name of the topic';
COMMENT ON COLUMN kafka.messages.partition IS 'Number of the partition, from 0';
COMMENT ON COLUMN kafka.messages."offset" IS 'Offset of the record in its partition';
COMMENT ON COLUMN kafka.messages."timestamp" IS
    'When the producer made the record, or the broker appended it, as message.timestamp.type says; null if it has no timestamp';
COMMENT ON COLUMN kafka.messages.key IS 'Key, as the bytes that the producer sent; null is not the same as empty';
COMMENT ON COLUMN kafka.messages.value IS 'Value, as the bytes that the producer sent; null is not the same as empty';
COMMENT ON COLUMN kafka.messages.headers IS 'Headers in their order; keys may repeat';

CREATE FUNCTION kafka.fetch(topic text, partition integer, from_offset bigint, max_records bigint DEFAULT 500) RETURNS SETOF kafka.messages
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT m.* FROM kafka.messages m
         WHERE m.topic = $1 AND m.partition = $2 AND m."offset" >= $3
         ORDER BY m."offset"
         LIMIT $4;
    END;
COMMENT ON FUNCTION kafka.fetch(text, integer, bigint, bigint) IS
    'The next records of a partition from an offset on, in their order, at most so many; reads no more than it must. Whoever may SELECT from kafka.messages may use it';

CREATE FUNCTION kafka.offset_at(topic text, partition integer, at timestamptz) RETURNS bigint
    LANGUAGE sql STABLE
    BEGIN ATOMIC
        SELECT m."offset" FROM kafka.messages m
         WHERE m.topic = $1 AND m.partition = $2 AND m."timestamp" >= $3
         ORDER BY m."offset"
         LIMIT 1;
    END;
COMMENT ON FUNCTION kafka.offset_at(text, integer, timestamptz) IS
    'The offset of the first record of a partition at or after a time, as ListOffsets finds it: segments and batches are searched by their largest timestamps, and one batch is read. Null if there is none. Whoever may SELECT from kafka.messages may use it';

-- A key may have been written to several partitions, by producers that choose them in other ways, or before there were as many.
CREATE FUNCTION kafka.newest(topic text, key bytea, partition integer DEFAULT NULL) RETURNS SETOF kafka.messages
    LANGUAGE sql STABLE ROWS 1
    BEGIN ATOMIC
        SELECT n.*
          FROM kafka.partitions p
         CROSS JOIN LATERAL (SELECT m.* FROM kafka.messages m
                              WHERE m.topic = p.topic AND m.partition = p.partition AND m.key = $2
                              ORDER BY m."offset" DESC
                              LIMIT 1) n
         WHERE p.topic = $1 AND ($3 IS NULL OR p.partition = $3)
         ORDER BY n."timestamp" DESC NULLS LAST, n."offset" DESC
         LIMIT 1;
    END;
COMMENT ON FUNCTION kafka.newest(text, bytea, integer) IS
    'The newest record of a key, or no row if there is none; its value is null where the key was deleted. Each partition is read from its end backwards until the key is found: all of it where it is not, so give the partition where it is known. Whoever may SELECT from kafka.messages and kafka.partitions may use it';

CREATE FUNCTION kafka.as_text(bytes bytea) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'pg_kafka_as_text';
COMMENT ON FUNCTION kafka.as_text(bytea) IS
    'Bytes as text, if they are UTF-8 without NUL; otherwise their digits, as psql shows them: \x00ff. Never an error';

CREATE FUNCTION kafka.as_json(bytes bytea) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'pg_kafka_as_json';
COMMENT ON FUNCTION kafka.as_json(bytea) IS
    'Bytes as JSON; null if they are none, or such as jsonb cannot hold: with \u0000, more than 16 MB, nested more than 1000 deep or with numbers of more than 16,000 digits. Never an error';

CREATE VIEW kafka.messages_text AS
SELECT m.topic, m.partition, m."offset", m."timestamp",
       kafka.as_text(m.key) AS key, kafka.as_text(m.value) AS value, kafka.as_json(m.value) AS json,
       COALESCE((SELECT pg_catalog.jsonb_object_agg(h.key, kafka.as_text(h.value)) FROM pg_catalog.unnest(m.headers) h), '{}') AS headers
  FROM kafka.message m;
COMMENT ON VIEW kafka.messages_text IS
    'kafka.messages with keys, values and headers in a form that people read. What is not selected costs nothing, and the same conditions limit what is read';
COMMENT ON COLUMN kafka.messages_text.topic IS 'Name of the topic';
COMMENT ON COLUMN kafka.messages_text.partition IS 'Number of the partition, from 0';
COMMENT ON COLUMN kafka.messages_text."offset" IS 'Offset of the record in its partition';
COMMENT ON COLUMN kafka.messages_text."timestamp" IS
    'When the producer made the record, or the broker appended it, as message.timestamp.type says; null if it has no timestamp';
COMMENT ON COLUMN kafka.messages_text.key IS 'Key as text; where it is not UTF-8 its bytes as hexadecimal digits: \x00ff';
COMMENT ON COLUMN kafka.messages_text.value IS 'Value as text; where it is not UTF-8 its bytes as hexadecimal digits: \x00ff';
COMMENT ON COLUMN kafka.messages_text.json IS 'Value as JSON; null if it is none';
COMMENT ON COLUMN kafka.messages_text.headers IS
    'Headers as an object, their values as text; of keys that repeat the last one';

CREATE FOREIGN TABLE kafka.log_record (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    "timestamp" timestamptz,
    key bytea,
    value bytea,
    headers kafka.header[] NOT NULL,
    producer_id bigint,
    producer_epoch integer,
    sequence integer,
    transaction_state text,
    control boolean NOT NULL
) SERVER pg_kafka OPTIONS (rows 'log');
COMMENT ON FOREIGN TABLE kafka.log_record IS 'Behind kafka.log: decodes the record batches in the segments, whatever has become of their transactions';

CREATE VIEW kafka.log AS
SELECT topic, partition, "offset", "timestamp", key, value, headers, producer_id, producer_epoch, sequence, transaction_state, control
  FROM kafka.log_record;
COMMENT ON VIEW kafka.log IS
    'All that is in the log, one row for each record: also what kafka.messages hides, with what became of its transaction. WHERE NOT control it is what consumers with isolation.level=read_uncommitted see. Conditions limit what is read, as in kafka.messages';
COMMENT ON COLUMN kafka.log.topic IS 'Name of the topic';
COMMENT ON COLUMN kafka.log.partition IS 'Number of the partition, from 0';
COMMENT ON COLUMN kafka.log."offset" IS 'Offset of the record in its partition';
COMMENT ON COLUMN kafka.log."timestamp" IS
    'When the producer made the record, or the broker appended it, as message.timestamp.type says; null if it has no timestamp';
COMMENT ON COLUMN kafka.log.key IS 'Key, as the bytes that the producer sent; null is not the same as empty. Null for control records';
COMMENT ON COLUMN kafka.log.value IS 'Value, as the bytes that the producer sent; null is not the same as empty. Null for control records';
COMMENT ON COLUMN kafka.log.headers IS 'Headers in their order; keys may repeat';
COMMENT ON COLUMN kafka.log.producer_id IS 'Id of the producer; null if that is not idempotent';
COMMENT ON COLUMN kafka.log.producer_epoch IS 'Epoch of the producer; null if that is not idempotent';
COMMENT ON COLUMN kafka.log.sequence IS
    'Number of the record among all that the producer has sent to the partition in this epoch; null if the producer is not idempotent, and for control records';
COMMENT ON COLUMN kafka.log.transaction_state IS
    'What became of the transaction of the record: committed, aborted, or ongoing if it is still open; null outside of transactions. A record that kafka.messages does not show, though it is not part of an ongoing or aborted transaction, comes after the first of an ongoing one';
COMMENT ON COLUMN kafka.log.control IS
    'Whether it is a control record, written by the broker where a transaction has ended: transaction_state says how. Consumers never see these';

-- ---------------------------------------------------------------------------------------------------------------
-- Transactions and producers
-- ---------------------------------------------------------------------------------------------------------------

CREATE VIEW kafka.transactions AS
SELECT x.transactional_id, x.state, x.producer_id, x.epoch AS producer_epoch,
       COALESCE((SELECT pg_catalog.jsonb_object_agg(t.name, p.numbers)
                   FROM (SELECT u.topic_id, pg_catalog.jsonb_agg(u.partition ORDER BY u.partition) AS numbers
                           FROM ROWS FROM (pg_catalog.unnest(x.topics), pg_catalog.unnest(x.partitions)) AS u(topic_id, partition)
                          GROUP BY u.topic_id) AS p
                   JOIN kafka.topic t ON t.id = p.topic_id),
                '{}') AS partitions,
       x.groups,
       (SELECT pg_catalog.count(*)::integer FROM kafka.pending_offset o WHERE o.transactional_id = x.transactional_id)
           AS pending_offsets,
       CASE WHEN x.start_ms >= 0 THEN pg_catalog.to_timestamp(x.start_ms / 1000.0) END AS started_at,
       pg_catalog.make_interval(secs => x.timeout_ms / 1000.0) AS timeout,
       pg_catalog.to_timestamp(x.update_ms / 1000.0) AS updated_at
  FROM kafka.transaction x;
COMMENT ON VIEW kafka.transactions IS
    'Transactional ids, one row each, with the transaction that each has open or had last; always as it stands';
COMMENT ON COLUMN kafka.transactions.transactional_id IS 'transactional.id of the producer';
COMMENT ON COLUMN kafka.transactions.state IS
    'Ongoing: a transaction is open; CompleteCommit, CompleteAbort: how the last one has ended; Empty: the producer has begun none yet';
COMMENT ON COLUMN kafka.transactions.producer_id IS 'Id of the producer, as in kafka.log and kafka.producers';
COMMENT ON COLUMN kafka.transactions.producer_epoch IS 'Epoch of the producer; one that comes with a lower epoch is fenced';
COMMENT ON COLUMN kafka.transactions.partitions IS
    'Partitions that the open transaction may write to: their numbers, by the name of the topic; kafka.producers says where it has begun to';
COMMENT ON COLUMN kafka.transactions.groups IS 'Consumer groups that the open transaction may commit offsets of';
COMMENT ON COLUMN kafka.transactions.pending_offsets IS 'Number of offsets that become those of the groups once the transaction commits';
COMMENT ON COLUMN kafka.transactions.started_at IS 'When the transaction began; null if there was none since the producer came';
COMMENT ON COLUMN kafka.transactions.timeout IS 'How long a transaction may be open: then it is aborted';
COMMENT ON COLUMN kafka.transactions.updated_at IS
    'When anything of this last changed; pg_kafka.transactional_id_expiration_ms later the transactional id is forgotten, unless a transaction is open';

CREATE FOREIGN TABLE kafka.producer_state (
    topic text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    producer_id bigint NOT NULL,
    producer_epoch integer NOT NULL,
    last_sequence integer,
    last_timestamp timestamptz,
    transaction_start_offset bigint
) SERVER pg_kafka OPTIONS (rows 'producers');
COMMENT ON FOREIGN TABLE kafka.producer_state IS
    'Behind kafka.producers: what kafka.producer tells of a partition, and the batches in the segments after that';

CREATE VIEW kafka.producers AS
SELECT topic, partition, producer_id, producer_epoch, last_sequence, last_timestamp, transaction_start_offset
  FROM kafka.producer_state;
COMMENT ON VIEW kafka.producers IS
    'Idempotent producers of each partition, as they stand. The table kafka.producer is stored only now and then: what has come since is read from the newest batches of the topic. Producers that were forgotten because of pg_kafka.producer_id_expiration_ms may be shown until the table is stored again';
COMMENT ON COLUMN kafka.producers.topic IS 'Name of the topic';
COMMENT ON COLUMN kafka.producers.partition IS 'Number of the partition, from 0';
COMMENT ON COLUMN kafka.producers.producer_id IS 'Id of the producer; of a transactional one kafka.transactions has it, too';
COMMENT ON COLUMN kafka.producers.producer_epoch IS 'Highest epoch of the producer in this partition';
COMMENT ON COLUMN kafka.producers.last_sequence IS 'Sequence of the last record in that epoch; null if there is none but a marker';
COMMENT ON COLUMN kafka.producers.last_timestamp IS 'Largest timestamp of its last batch, or that of its last marker; null if that has no timestamp';
COMMENT ON COLUMN kafka.producers.transaction_start_offset IS
    'First offset of what the open transaction of the producer has written here; null if there is nothing';

-- ---------------------------------------------------------------------------------------------------------------
-- What the broker shows of itself, in shared memory: reading it does not wake the broker. For members of pg_monitor.
-- ---------------------------------------------------------------------------------------------------------------

CREATE FUNCTION kafka.broker_status(
    OUT running boolean, OUT pid integer, OUT started_at timestamptz,
    OUT listening bigint, OUT connections bigint, OUT connections_accepted bigint, OUT connections_refused bigint,
    OUT requests bigint, OUT errors bigint, OUT malformed_requests bigint, OUT bytes_received bigint, OUT bytes_sent bigint,
    OUT turns bigint, OUT turn_requests_max bigint,
    OUT commits bigint, OUT failed_commits bigint, OUT batches bigint, OUT batch_bytes bigint, OUT commit_bytes_max bigint,
    OUT commit_time double precision, OUT commit_time_p50 double precision, OUT commit_time_p95 double precision,
    OUT commit_time_p99 double precision, OUT commit_time_max double precision, OUT transaction_ids bigint,
    OUT cache_bytes bigint, OUT cache_read_bytes bigint, OUT table_read_bytes bigint,
    OUT parked_requests bigint, OUT request_memory bigint, OUT response_memory bigint
) RETURNS SETOF record
    LANGUAGE c VOLATILE ROWS 1 AS 'MODULE_PATHNAME', 'pg_kafka_broker_status';
COMMENT ON FUNCTION kafka.broker_status() IS 'Behind kafka.status';

CREATE FUNCTION kafka.broker_api_status(
    OUT api text, OUT requests bigint, OUT errors bigint, OUT latency_p50 double precision, OUT latency_p95 double precision,
    OUT latency_p99 double precision, OUT latency_max double precision
) RETURNS SETOF record
    LANGUAGE c VOLATILE ROWS 20 AS 'MODULE_PATHNAME', 'pg_kafka_broker_api_status';
COMMENT ON FUNCTION kafka.broker_api_status() IS 'Behind kafka.api_status';

CREATE FUNCTION kafka.broker_connections(
    OUT id bigint, OUT client_id text, OUT software_name text, OUT software_version text, OUT address inet, OUT port integer,
    OUT since timestamptz, OUT requests bigint, OUT in_flight bigint, OUT bytes_received bigint, OUT bytes_sent bigint
) RETURNS SETOF record
    LANGUAGE c VOLATILE ROWS 100 AS 'MODULE_PATHNAME', 'pg_kafka_broker_connections';
COMMENT ON FUNCTION kafka.broker_connections() IS 'Behind kafka.connections';

CREATE VIEW kafka.status AS
SELECT s.running, s.pid, s.started_at, pg_catalog.clock_timestamp() - s.started_at AS uptime,
       s.listening, s.connections, s.connections_accepted, s.connections_refused,
       s.requests, s.errors, s.malformed_requests, s.bytes_received, s.bytes_sent,
       s.turns, s.turn_requests_max, s.commits, s.failed_commits, s.batches, s.batch_bytes, s.commit_bytes_max,
       s.commit_time, s.commit_time_p50, s.commit_time_p95, s.commit_time_p99, s.commit_time_max, s.transaction_ids,
       s.cache_bytes, s.cache_read_bytes, s.table_read_bytes, s.parked_requests, s.request_memory, s.response_memory
  FROM kafka.broker_status() s;
COMMENT ON VIEW kafka.status IS
    'The broker of this server, always one row; counts are since it began to serve, times in milliseconds, and all but running is null while it does not serve';
COMMENT ON COLUMN kafka.status.running IS 'Whether the broker is at work; clients reach it if listening is above 0';
COMMENT ON COLUMN kafka.status.pid IS 'Its process, as in pg_stat_activity';
COMMENT ON COLUMN kafka.status.started_at IS 'When it began to serve';
COMMENT ON COLUMN kafka.status.uptime IS 'How long it has been serving';
COMMENT ON COLUMN kafka.status.listening IS
    'Addresses on which it listens for clients; while it is 0, the log says why, such as a port that another process has';
COMMENT ON COLUMN kafka.status.connections IS 'Connections that are open now; kafka.connections lists them';
COMMENT ON COLUMN kafka.status.connections_accepted IS 'Connections that were accepted';
COMMENT ON COLUMN kafka.status.connections_refused IS 'Connections that were refused because of pg_kafka.max_connections';
COMMENT ON COLUMN kafka.status.requests IS 'Requests of all APIs';
COMMENT ON COLUMN kafka.status.errors IS 'Responses of all APIs with an error, as kafka.api_status counts them';
COMMENT ON COLUMN kafka.status.malformed_requests IS
    'Requests that could not be decoded, or are of an API or version that is not served; the connection was closed';
COMMENT ON COLUMN kafka.status.bytes_received IS 'Bytes from clients';
COMMENT ON COLUMN kafka.status.bytes_sent IS 'Bytes to clients, as far as the operating system has taken them';
COMMENT ON COLUMN kafka.status.turns IS 'Turns in which the broker handled requests; what arrives meanwhile is handled together in the next';
COMMENT ON COLUMN kafka.status.turn_requests_max IS 'Most requests that were handled in one turn; the average is requests / turns';
COMMENT ON COLUMN kafka.status.commits IS 'Transactions that stored records, consumer groups or their offsets; one in most turns, more where a turn reads or changes the catalog in between';
COMMENT ON COLUMN kafka.status.failed_commits IS 'Transactions of turns that failed; clients were told to try again, and the log says why';
COMMENT ON COLUMN kafka.status.batches IS 'Record batches that were stored';
COMMENT ON COLUMN kafka.status.batch_bytes IS 'Bytes of these batches, as they are stored';
COMMENT ON COLUMN kafka.status.commit_bytes_max IS 'Most bytes of batches that were stored in one transaction';
COMMENT ON COLUMN kafka.status.commit_time IS
    'Time spent in these commits: the flush of the WAL, and the wait for synchronous standbys';
COMMENT ON COLUMN kafka.status.commit_time_p50 IS 'Half of the commits took at most this long; to within an eighth, as all percentiles here';
COMMENT ON COLUMN kafka.status.commit_time_p95 IS '95 of 100 commits took at most this long';
COMMENT ON COLUMN kafka.status.commit_time_p99 IS '99 of 100 commits took at most this long';
COMMENT ON COLUMN kafka.status.commit_time_max IS 'The longest commit';
COMMENT ON COLUMN kafka.status.transaction_ids IS 'Transaction ids that the broker has used';
COMMENT ON COLUMN kafka.status.cache_bytes IS 'What recent batches in memory take now; pg_kafka.tail_cache is the limit';
COMMENT ON COLUMN kafka.status.cache_read_bytes IS 'Bytes of batches that Fetch requests found in memory';
COMMENT ON COLUMN kafka.status.table_read_bytes IS 'Bytes of batches that Fetch requests read from tables';
COMMENT ON COLUMN kafka.status.parked_requests IS 'Requests that wait now: Fetch for records, JoinGroup and SyncGroup for other members of the group';
COMMENT ON COLUMN kafka.status.request_memory IS
    'Bytes of requests that are held now; pg_kafka.request_memory is the limit. Parked requests do not count';
COMMENT ON COLUMN kafka.status.response_memory IS
    'Bytes of batches in responses that clients have not taken yet; pg_kafka.response_memory is the limit';

CREATE VIEW kafka.api_status AS
SELECT a.api, a.requests, a.errors, a.latency_p50, a.latency_p95, a.latency_p99, a.latency_max
  FROM kafka.broker_api_status() a;
COMMENT ON VIEW kafka.api_status IS
    'The APIs of the Kafka protocol that are served, one row each; counts are since the broker began to serve, and null while it does not. Latencies are in milliseconds, from the arrival of a whole request until its response is handed to the socket; null without requests. Those of Fetch include the time that consumers choose to wait for records, those of JoinGroup and SyncGroup the wait for other members';
COMMENT ON COLUMN kafka.api_status.api IS 'Name of the API';
COMMENT ON COLUMN kafka.api_status.requests IS 'Requests that came';
COMMENT ON COLUMN kafka.api_status.errors IS
    'Responses with an error code in them, be it of the whole request or of one of its topics or partitions, and requests that ended their connection instead of getting a response';
COMMENT ON COLUMN kafka.api_status.latency_p50 IS 'Half of the requests took at most this long; to within an eighth, as all percentiles here';
COMMENT ON COLUMN kafka.api_status.latency_p95 IS '95 of 100 requests took at most this long';
COMMENT ON COLUMN kafka.api_status.latency_p99 IS '99 of 100 requests took at most this long';
COMMENT ON COLUMN kafka.api_status.latency_max IS 'The slowest request';

CREATE VIEW kafka.connections AS
SELECT c.id, c.client_id, c.software_name, c.software_version, c.address, c.port, c.since, c.requests, c.in_flight,
       c.bytes_received, c.bytes_sent
  FROM kafka.broker_connections() c;
COMMENT ON VIEW kafka.connections IS
    'Open connections of Kafka clients, one row each; as many as pg_kafka.max_connections was at the server''s start, and 10,000 at most: further ones are served and counted, but not listed';
COMMENT ON COLUMN kafka.connections.id IS 'Number of the connection, in the order in which they were accepted';
COMMENT ON COLUMN kafka.connections.client_id IS 'client.id of its latest request, the first 127 bytes; null if it gave none';
COMMENT ON COLUMN kafka.connections.software_name IS 'Name of the client library, the first 63 bytes; null if it has not told';
COMMENT ON COLUMN kafka.connections.software_version IS 'Version of the client library, the first 63 bytes; null if it has not told';
COMMENT ON COLUMN kafka.connections.address IS 'Address of the client';
COMMENT ON COLUMN kafka.connections.port IS 'Port of the client';
COMMENT ON COLUMN kafka.connections.since IS 'When it was accepted';
COMMENT ON COLUMN kafka.connections.requests IS 'Requests that came';
COMMENT ON COLUMN kafka.connections.in_flight IS 'Requests that are being handled, a Fetch that waits for records among them';
COMMENT ON COLUMN kafka.connections.bytes_received IS 'Bytes from the client';
COMMENT ON COLUMN kafka.connections.bytes_sent IS 'Bytes to the client, as far as the operating system has taken them';

-- ---------------------------------------------------------------------------------------------------------------
-- Who may do what: nothing is for PUBLIC. A grant on a single function or view is enough to use it, too, once there is one of
-- USAGE on the schema.
-- ---------------------------------------------------------------------------------------------------------------

-- Roles belong to all databases of a server: another one may have them from there. They stay when the extension is dropped.
DO $$
DECLARE
    role record;
BEGIN
    FOR role IN SELECT * FROM (VALUES ('kafka_read', 'Members may read the records of all topics, and all that there is to know of topics and groups'),
                                      ('kafka_admin', 'Members may read like those of kafka_read, change topics and groups, and watch the broker')) AS r(name, comment)
    LOOP
        IF EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = role.name) THEN
            RAISE NOTICE 'role "%" exists already: its members get rights in schema kafka', role.name;
        ELSE
            EXECUTE pg_catalog.format('CREATE ROLE %I', role.name);
            EXECUTE pg_catalog.format('COMMENT ON ROLE %I IS %L', role.name, role.comment);
        END IF;
    END LOOP;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kafka FROM PUBLIC;
REVOKE ALL ON TYPE kafka.header FROM PUBLIC;
-- What a view calls is called by whoever reads it. These tell no more than what they are given, the views that they read, and which
-- configs there are.
GRANT EXECUTE ON FUNCTION kafka.assigned_partitions(bytea), kafka.topic_config_keys(), kafka.fetch(text, integer, bigint, bigint),
    kafka.offset_at(text, integer, timestamptz), kafka.newest(text, bytea, integer),
    kafka.as_text(bytea), kafka.as_json(bytea) TO PUBLIC;

GRANT USAGE ON SCHEMA kafka TO pg_monitor, kafka_read, kafka_admin;
GRANT USAGE ON TYPE kafka.header TO kafka_read, kafka_admin;
GRANT SELECT ON kafka.messages, kafka.messages_text, kafka.log, kafka.topics, kafka.topic_configs, kafka.partitions, kafka.segments,
    kafka.consumer_groups, kafka.consumer_offsets, kafka.consumer_lag, kafka.transactions, kafka.producers TO kafka_read, kafka_admin;
GRANT EXECUTE ON FUNCTION kafka.create_topic(text, integer, jsonb), kafka.alter_topic(text, jsonb), kafka.add_partitions(text, integer),
    kafka.delete_records(text, integer, bigint), kafka.delete_topic(text), kafka.reset_offsets(text, text, text, integer),
    kafka.reset_offsets(text, text, bigint, integer), kafka.reset_offsets(text, text, timestamptz, integer),
    kafka.delete_offsets(text, text, integer), kafka.delete_group(text) TO kafka_admin;
GRANT SELECT ON kafka.status, kafka.api_status, kafka.connections TO pg_monitor, kafka_admin;
GRANT EXECUTE ON FUNCTION kafka.broker_status(), kafka.broker_api_status(), kafka.broker_connections() TO pg_monitor, kafka_admin;
